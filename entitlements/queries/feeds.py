"""Queries of the vendor's feeds: the systems that send files, and what they sent. For the vendor's staff alone."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import OrganizationKind
from entitlements.models import IngestToken, IngestUpload
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound
from partnerportal.lib.json_lines.facts import LineOutcome

STALE_AFTER = dt.timedelta(hours=36)  # without a file for so long, a source that sends each night has missed one
State = IngestUpload.State


def _sees_feeds(actor: Actor) -> bool:
    return actor.is_system or actor.organization_kind == OrganizationKind.VENDOR


@dataclass(frozen=True)
class FeedSource:
    """A system of the vendor that sends files by a token, with the last file that it sent."""

    token: IngestToken
    received_at: dt.datetime | None  # when its last file came; None: it has sent none
    state: str  # of that file; "" for none
    kind: str
    problems: int  # lines of that file that were not stored

    @property
    def is_failing(self) -> bool:
        """Whether its last file could not be read to the end, or had lines that were not stored."""
        return self.state == State.FAILED or self.problems > 0

    @property
    def is_stale(self) -> bool:
        """Whether it has sent nothing for so long that something may be wrong with it."""
        return self.received_at is None or timezone.now() - self.received_at > STALE_AFTER


def list_feed_sources(actor: Actor, *, with_revoked: bool = False) -> list[FeedSource]:
    """Return the vendor's systems that send files, by name, each with its last file; none for other organisations.

    One query reads them all. Those whose token is revoked come last, and only if they are asked for.
    """
    if not _sees_feeds(actor):
        return []
    last = IngestUpload.objects.filter(token=OuterRef("pk")).order_by("-pk")
    facts = JSONObject(received_at="received_at", state="state", kind="kind", counts="counts")
    tokens: QuerySet[Any] = IngestToken.objects.annotate(last=Subquery(last.values(json=facts)[:1]))
    if not with_revoked:
        tokens = tokens.filter(revoked_at=None)
    rows = sorted(tokens, key=lambda token: (token.revoked_at is not None, token.name.casefold()))
    return [_make_source(token, token.last or {}) for token in rows]


def _make_source(token: IngestToken, last: dict[str, Any]) -> FeedSource:
    received_at = parse_datetime(last["received_at"]) if last else None
    counts = last.get("counts") or {}
    return FeedSource(token, received_at, last.get("state", ""), last.get("kind", ""), count_bad_lines(counts))


def count_bad_lines(counts: dict[str, int]) -> int:
    """Return how many lines of an upload were not stored, from its `counts` by outcome."""
    return counts.get(LineOutcome.ERROR, 0)


def get_feed_token(actor: Actor, public_id: UUID) -> IngestToken:
    """Return a token of the vendor's feeds. Raises NotFound for an unknown one, and for other organisations."""
    token = IngestToken.objects.filter(public_id=public_id).first() if _sees_feeds(actor) else None
    if token is None:
        raise NotFound("not_found", "")
    return token


def list_uploads(actor: Actor) -> QuerySet[IngestUpload]:
    """Return what the vendor's systems have sent, with their tokens, unordered; nothing for other organisations."""
    rows = IngestUpload.objects.select_related("token")
    return rows if _sees_feeds(actor) else rows.none()


def get_upload(actor: Actor, public_id: UUID) -> IngestUpload:
    """Return a file that one of the vendor's systems sent. Raises NotFound like `get_feed_token`."""
    row = list_uploads(actor).filter(public_id=public_id).first()
    if row is None:
        raise NotFound("not_found", "")
    return row
