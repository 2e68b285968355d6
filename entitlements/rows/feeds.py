"""The rows of the vendor's page of feeds, in the reader's words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from entitlements.models import IngestUpload
from entitlements.models.ingest import UploadFileKind
from entitlements.queries.feeds import FeedSource, count_bad_lines
from partnerportal.lib import formats
from partnerportal.lib.rows import AttentionItem

State = IngestUpload.State
TONES = {State.DONE: "ok", State.FAILED: "bad", State.RUNNING: "info", State.RECEIVED: "info"}


def _get_state_label(state: str) -> str:
    labels = {
        State.RECEIVED: _("Waiting"),
        State.RUNNING: _("Processing"),
        State.DONE: _("Processed"),
        State.FAILED: _("Failed"),
    }
    return labels[State(state)]


@dataclass(frozen=True)
class UploadRow:
    """A file that one of the vendor's systems sent, with what became of its lines."""

    url: str
    received: str
    source: str
    kind: str
    lines: str
    errors: str  # "" for none
    tone: str
    state: str


def make_upload_rows(uploads: Iterable[IngestUpload]) -> list[UploadRow]:
    """Return an UploadRow for each upload, in this order. Each must come with its token."""
    return [make_upload_row(row) for row in uploads]


def make_upload_row(row: IngestUpload) -> UploadRow:
    """Return the UploadRow of an upload, which must come with its token."""
    bad = count_bad_lines(row.counts)
    return UploadRow(
        url=reverse("feed_upload", args=[row.public_id]),
        received=formats.format_date_and_time(row.received_at),
        source=row.token.name,
        kind=str(row.get_kind_display()),
        lines=formats.format_number(sum(row.counts.values())),
        errors=formats.format_number(bad) if bad else "",
        tone="warn" if bad and row.state == State.DONE else TONES[State(row.state)],
        state=_("With errors") if bad and row.state == State.DONE else _get_state_label(row.state),
    )


@dataclass(frozen=True)
class FeedSourceRow:
    """A system of the vendor that sends files: its token, and how fresh what it sent is."""

    name: str
    prefix: str
    kinds: str
    last_used: str
    freshness: str
    tone: str
    state: str
    uploads_url: str
    revoke_url: str  # "" once it is revoked


def make_feed_source_rows(sources: Iterable[FeedSource]) -> list[FeedSourceRow]:
    """Return a FeedSourceRow for each source, in this order."""
    return [_source_row(source) for source in sources]


def _source_row(source: FeedSource) -> FeedSourceRow:
    token, is_revoked = source.token, source.token.revoked_at is not None
    tone, state = _judge_source(source)
    return FeedSourceRow(
        name=token.name,
        prefix=token.prefix,
        kinds=formats.join_names(UploadFileKind(kind).label for kind in token.kinds),
        last_used=formats.format_relative_time(token.last_used_at) if token.last_used_at else "–",
        freshness=formats.format_relative_time(source.received_at) if source.received_at else "–",
        tone=tone,
        state=state,
        uploads_url=f"{reverse('feeds')}?source={token.public_id}",
        revoke_url="" if is_revoked else reverse("feed_token_revoke", args=[token.public_id]),
    )


def _judge_source(source: FeedSource) -> tuple[str, str]:
    """Return the tone and the words for how a source does."""
    if source.token.revoked_at is not None:
        return "", _("Revoked")
    if source.is_failing:
        return "bad", _("Errors in the last file")
    if source.received_at is None:
        return "warn", _("No file yet")
    if source.is_stale:
        return "warn", _("No file for a day and a half")
    return "ok", _("Up to date")


def list_feed_attention_items(sources: Iterable[FeedSource]) -> list[AttentionItem]:
    """Return what to look after of each source whose last file had errors, or that has sent nothing for long."""
    items = []
    for source in sources:
        if source.is_failing or source.is_stale:
            tone, state = _judge_source(source)
            title, url = f"{source.token.name}: {state}", f"{reverse('feeds')}?source={source.token.public_id}"
            items.append(AttentionItem(tone=tone, icon="file-up", title=title, text=_describe_last(source), url=url))
    return items


def _describe_last(source: FeedSource) -> str:
    if source.received_at is None:
        return ""
    return _("Last file: %(when)s") % {"when": formats.format_relative_time(source.received_at)}


@dataclass(frozen=True)
class UploadProblemRow:
    """A line of a file that was not stored, and why."""

    line: str
    code: str
    message: str
    field: str


def make_upload_problem_rows(problems: Iterable[Mapping[str, object]]) -> list[UploadProblemRow]:
    """Return an UploadProblemRow for each problem that is kept of an upload."""
    return [
        UploadProblemRow(
            line=formats.format_number(int(str(problem.get("line") or 0))),
            code=str(problem.get("code", "")),
            message=str(problem.get("message", "")),
            field=str(problem.get("field") or ""),
        )
        for problem in problems
    ]
