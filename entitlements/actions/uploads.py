"""Uploads of the vendor's systems: the web process stores the file and a row, a worker brings it in under a lease.

Should the worker die, its lease runs out and another goes on after the last batch that was stored. Uploads of one kind
are brought in one after another, in the order in which they came: a correction never loses against what it corrects.
"""

import logging
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import IO, Any, cast
from uuid import uuid4

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from entitlements import uploads
from entitlements.actions.facts import Outcome
from entitlements.actions.feed import Result, import_feed
from entitlements.models import IngestToken, IngestUpload
from entitlements.uploads import Damaged, Peekable, TooSlow, Unpacked
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.api_tokens import holding
from partnerportal.lib.errors import Invalid, Refused, TooMany, Unavailable, Unprocessable
from partnerportal.lib.nudges import nudge
from partnerportal.lib.sweeping import delete_in_batches
from partnerportal.lib.text import printable

log = logging.getLogger(__name__)

NUDGE = partial(nudge, "entitlements.tasks.ingest_uploads")
State, Kind = IngestUpload.State, IngestUpload.Kind
UNFINISHED = Q(state__in=[State.RECEIVED, State.RUNNING])
TYPES = {Kind.USAGE: ("usage",), Kind.ASSIGNMENTS: ("assignment",), Kind.ENTITLEMENTS: ("sku", "entitlement", "order")}
WAITING = 200  # uploads of one token that are not finished
SECONDS_TO_SEND = 600
LEASE = timedelta(seconds=120)  # renewed with each batch; a batch may wait a minute for its turn
ATTEMPTS = 5
SHOWN = 100  # problems that are kept
ORPHANED = timedelta(days=1)  # a file that no row knows: the web process died while it came in


class Lost(Exception):
    """The upload is no longer this worker's."""


def receive(*, token: IngestToken, kind: str, key: str, stream: IO[bytes], length: int, packed: bool) -> IngestUpload:
    """Store a file of `length` bytes and its row; the same key with the same bytes gives the first row again.

    No transaction is open while the file is stored. Until the row is there no worker sees the file, and without it the
    file is an orphan. Raises Refused, Invalid, TooMany, Unprocessable("key_reused"), Unavailable("no_space").
    """
    with holding(token):
        _may_send(token, kind)
    row = IngestUpload(token=token, kind=kind, idempotency_key=key, public_id=uuid4())
    try:
        row.fingerprint, row.size, head = _save(stream, row)
        if row.size != length:
            raise Invalid("incomplete", _("The upload broke off before its end."))
        if packed and head != uploads.GZIP:
            raise Invalid("not_gzip", _("The content is not gzip, although the header says so."))
        with holding(token):
            return _first_with_key(row)
    except BaseException:
        uploads.delete_upload(row.public_id)
        raise


def _may_send(token: IngestToken, kind: str) -> None:
    if token.revoked_at:
        raise Invalid("revoked", _("This token has been revoked."))
    if kind not in token.kinds:
        message = _("This token may not send %(kind)s. It may send: %(kinds)s.")
        raise Refused("kind_not_allowed", message % {"kind": kind, "kinds": formats.listed(token.kinds)})
    if IngestUpload.objects.filter(UNFINISHED, token=token).count() >= WAITING:
        raise TooMany("too_many_uploads", _("Too many uploads are waiting. Try again when some of them are done."))


def _save(stream: IO[bytes], row: IngestUpload) -> tuple[str, int, bytes]:
    try:
        return uploads.save(stream, row.public_id, deadline=time.monotonic() + SECONDS_TO_SEND)
    except TooSlow:
        raise Invalid("too_slow", _("The upload took longer than ten minutes. Send it in pieces.")) from None


def _first_with_key(row: IngestUpload) -> IngestUpload:
    IngestUpload.objects.bulk_create([row], ignore_conflicts=True)  # waits for one that is just being written
    first = IngestUpload.objects.get(token=row.token, idempotency_key=row.idempotency_key)
    if first.public_id == row.public_id:
        transaction.on_commit(NUDGE)
        return first
    if (first.kind, first.fingerprint) != (row.kind, row.fingerprint):
        raise Unprocessable("key_reused", _("Something else was sent with this Idempotency-Key before."))
    uploads.delete_upload(row.public_id)
    return first


def ingest_next_upload() -> bool:
    """Bring in the upload that has waited longest. Returns whether there was one."""
    row = _claim()
    if row is None:
        return False
    try:
        with uploads.open_upload(row.public_id) as file:
            _ingest(row, Unpacked(cast(Peekable, file), row.size))
        _finish(row, State.DONE)
    except Lost:
        log.warning("Upload %s is somebody else's now", row.public_id)
    except (OperationalError, InterfaceError):
        log.warning("Upload %s waits for the database", row.public_id, exc_info=True)  # until its lease runs out
    except Damaged as damage:
        _finish(row, State.FAILED, damage.code)
    except Unavailable:
        log.warning("Upload %s waits for the storage of its file", row.public_id, exc_info=True)
    except FileNotFoundError:
        _finish(row, State.FAILED, "file_lost")
    except Exception:
        log.exception("Upload %s failed", row.public_id)
        _finish(row, State.FAILED, "internal_error")
    return True


@transaction.atomic
def _claim() -> IngestUpload | None:
    """The oldest unfinished upload of a kind, unless somebody is at work on it."""
    now = timezone.now()
    for kind in Kind.values:
        oldest = IngestUpload.objects.filter(UNFINISHED, kind=kind).order_by("pk").values_list("pk", flat=True)[:1]
        row = IngestUpload.objects.select_for_update(skip_locked=True).filter(pk__in=list(oldest)).first()
        if row is None or (row.leased_until and row.leased_until > now):
            continue
        row.attempts += 1
        row.state, row.leased_until = State.RUNNING, now + LEASE
        if row.attempts > ATTEMPTS:
            row.state, row.error, row.finished_at, row.leased_until = State.FAILED, "interrupted", now, None
        row.save(update_fields=["attempts", "state", "error", "leased_until", "finished_at"])
        if row.state == State.RUNNING:
            return row
    return None


def _ingest(row: IngestUpload, stream: Unpacked) -> None:
    """Lines that were stored are passed over, but a file of entitlements is read from its start again: a second line
    about the same thing is an error there."""
    start = 0 if row.kind == Kind.ENTITLEMENTS else row.lines
    before = Counter(row.counts) if start else Counter[str]()
    row.problems = row.problems if start else []
    last = start

    def note(result: Result) -> None:
        nonlocal last
        last = result.line
        for problem in result.problems[: SHOWN - len(row.problems)]:
            row.problems.append(
                {
                    "line": result.line,
                    "code": problem.code,
                    "message": problem.reason,
                    "field": printable(problem.field),
                }
            )

    def progress(counts: Counter[Outcome]) -> None:
        row.counts = {str(outcome): before[outcome] + counts[outcome] for outcome in Outcome}
        _tell(row, read=stream.sent, lines=last, counts=row.counts, problems=row.problems)

    import_feed(
        actor=Actor.system("ingest"), stream=stream, report=note, types=TYPES[Kind(row.kind)], progress=progress,
        start=start,
    )  # fmt: skip


def _tell(row: IngestUpload, **changes: Any) -> None:
    """Write progress and renew the lease, which tells this worker from another that took over."""
    until = timezone.now() + LEASE
    mine = IngestUpload.objects.filter(pk=row.pk, state=State.RUNNING, leased_until=row.leased_until)
    if not mine.update(leased_until=until, **changes):
        raise Lost
    row.leased_until = until


def _finish(row: IngestUpload, state: IngestUpload.State, error: str = "") -> None:
    changes: dict[str, Any] = {"state": state, "error": error, "finished_at": timezone.now(), "leased_until": None}
    if state == State.DONE:
        changes["read"] = row.size
    mine = IngestUpload.objects.filter(pk=row.pk, state=State.RUNNING, leased_until=row.leased_until)
    if mine.update(**changes):
        with suppress(Unavailable):  # then the sweep deletes it
            uploads.delete_upload(row.public_id)


def sweep_uploads() -> int:
    """Files of finished uploads go at once, those that no row knows after a day. Returns how many were deleted."""
    now = timezone.now()
    delete_in_batches(IngestUpload.objects.filter(~UNFINISHED, finished_at__lt=now - settings.PORTAL_UPLOADS_KEPT))
    lying = list(uploads.list_uploads())  # before the rows: a file that appears after them is not looked at
    rows = IngestUpload.objects.filter(public_id__in={name for name, _file in lying}).values_list("public_id", "state")
    states = {str(public_id): state for public_id, state in rows}
    dead = [
        file
        for name, file in lying
        if states.get(name) in (State.DONE, State.FAILED) or (name not in states and now - file.changed_at > ORPHANED)
    ]
    for file in dead:
        file.delete()
    return len(dead)
