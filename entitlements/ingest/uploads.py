"""Actions on uploads of the vendor's systems: the web process stores the file and a row, a worker brings the file in.

The worker holds a lease (partnerportal/lib/leases.py). If it dies, another goes on after the last batch that is stored.
Uploads of one kind are brought in one after another, in the order in which they came, so that a correction never loses
against what it corrects.
"""

import logging
import time
from collections import Counter
from contextlib import suppress
from functools import partial
from typing import IO, cast
from uuid import uuid4

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from entitlements.ingest import upload_files
from entitlements.ingest.importing import import_feed
from entitlements.ingest.upload_files import UploadTooSlow
from entitlements.models import IngestToken, IngestUpload
from entitlements.models.ingest import INGEST
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.api_tokens import open_token_transaction
from partnerportal.lib.errors import (
    ActionRefused,
    InvalidInput,
    TemporarilyUnavailable,
    TooManyAttempts,
)
from partnerportal.lib.idempotency import make_reused_key_error
from partnerportal.lib.json_lines.facts import LineOutcome, LineResult
from partnerportal.lib.json_lines.files import GZIP, DamagedFile, DecompressingReader, PeekableFile
from partnerportal.lib.leases import LeaseLost, lease_next_due_row
from partnerportal.lib.private_files import delete_unneeded_files
from partnerportal.lib.sweeping import delete_in_batches
from partnerportal.lib.text import escape_unprintable
from partnerportal.lib.waking import wake_worker

log = logging.getLogger(__name__)

_wake_worker = partial(wake_worker, "entitlements.tasks.ingest_uploads")
_wake_merge = partial(wake_worker, "entitlements.tasks.merge_portfolio_figure_changes")  # lists sort by what it adds up
State, Kind = IngestUpload.State, IngestUpload.Kind
UNFINISHED = Q(state__in=[State.RECEIVED, State.RUNNING])
TYPES = {Kind.USAGE: ("usage",), Kind.ASSIGNMENTS: ("assignment",), Kind.ENTITLEMENTS: ("sku", "entitlement", "order")}
WAITING = 200  # unfinished uploads that one token may have
SECONDS_TO_SEND = 600  # time that the sending of a file may take
SHOWN = 100  # problems that are kept of one upload


def receive_upload(
    *, token: IngestToken, kind: str, idempotency_key: str, stream: IO[bytes], length: int, is_gzip: bool
) -> IngestUpload:
    """Store an uploaded file of `length` bytes for a worker to import, and return its IngestUpload.

    The client that holds `token` sends it. `idempotency_key` is chosen by the client: the same key with the same bytes
    returns the first upload again. `is_gzip` says that the bytes are compressed with gzip.

    No transaction is open while the file is stored. A worker sees the file only when its row exists, and a file without
    a row is deleted later. Raises ActionRefused, InvalidInput, TooManyAttempts, ContradictoryInput("key_reused"),
    TemporarilyUnavailable("no_space").
    """
    with open_token_transaction(token):
        _ensure_may_send(token, kind)
    row = IngestUpload(token=token, kind=kind, idempotency_key=idempotency_key, public_id=uuid4())
    try:
        row.fingerprint, row.size, head = _save(stream, row)
        if row.size != length:
            raise InvalidInput("incomplete", _("The upload was cut off."))
        if is_gzip and head != GZIP:
            raise InvalidInput(
                "not_gzip", _("The header says that the content is compressed with gzip, but it is not.")
            )
        with open_token_transaction(token):
            return _first_with_key(row)
    except BaseException:
        upload_files.delete_upload_file(row.public_id)
        raise


def _ensure_may_send(token: IngestToken, kind: str) -> None:
    """Raise InvalidInput, ActionRefused or TooManyAttempts if the token may not send a file of this kind now."""
    if token.revoked_at:
        raise InvalidInput("revoked", _("This token has been revoked."))
    if f"{INGEST}{kind}" not in token.as_actor().permissions:
        message = _("This token may not send %(kind)s. It may send: %(kinds)s.")
        raise ActionRefused("kind_not_allowed", message % {"kind": kind, "kinds": formats.join_names(token.kinds)})
    if IngestUpload.objects.filter(UNFINISHED, token=token).count() >= WAITING:
        raise TooManyAttempts("too_many_uploads", _("Too many uploads are waiting. Try again when some have finished."))


def _save(stream: IO[bytes], row: IngestUpload) -> tuple[str, int, bytes]:
    """Store the upload's file and return its SHA-256, its size and its first two bytes.

    Raises InvalidInput("too_slow").
    """
    try:
        return upload_files.save_upload_file(stream, row.public_id, deadline=time.monotonic() + SECONDS_TO_SEND)
    except UploadTooSlow:
        raise InvalidInput(
            "too_slow", _("The upload took longer than ten minutes. Split it into smaller ones.")
        ) from None


def _first_with_key(row: IngestUpload) -> IngestUpload:
    """Store the row, unless its token has sent this key before, and return the first row of the key.

    Raises ContradictoryInput("key_reused") if other bytes were sent with the key.
    """
    IngestUpload.objects.bulk_create([row], ignore_conflicts=True)  # it waits for a row that is just being written
    first = IngestUpload.objects.get(token=row.token, idempotency_key=row.idempotency_key)
    if first.public_id == row.public_id:
        transaction.on_commit(_wake_worker)
        return first
    if (first.kind, first.fingerprint) != (row.kind, row.fingerprint):
        raise make_reused_key_error()
    upload_files.delete_upload_file(row.public_id)
    return first


def ingest_next_upload() -> bool:
    """Import the upload that has waited longest. Returns False if no upload waited."""
    upload = _lease_oldest()
    if upload is None:
        return False
    try:
        error = _read_file(upload)
        if error:
            upload.finish(State.FAILED, error=error)
        else:
            upload.finish(State.DONE, read=upload.size)
        _wake_merge()
        with suppress(TemporarilyUnavailable):  # the sweep deletes the file if it cannot be deleted now
            upload_files.delete_upload_file(upload.public_id)
    except LeaseLost:
        log.warning("Upload %s is somebody else's now", upload.public_id)
    except (OperationalError, InterfaceError):
        # The upload waits until its lease runs out.
        log.warning("Upload %s waits for the database", upload.public_id, exc_info=True)
    except TemporarilyUnavailable:
        log.warning("Upload %s waits for the storage of its file", upload.public_id, exc_info=True)
    return True


def _lease_oldest() -> IngestUpload | None:
    """Lease and return the oldest unfinished upload of the first kind whose oldest nobody is at work on, or None."""
    for kind in Kind.values:
        oldest = IngestUpload.objects.filter(UNFINISHED, kind=kind).order_by("pk").values_list("pk", flat=True)[:1]
        if upload := lease_next_due_row(IngestUpload.objects.filter(pk__in=list(oldest))):
            return upload
    return None


def _read_file(upload: IngestUpload) -> str:
    """Store the lines of the upload's file. Return the code of why it could not be read to its end, or "".

    Raises what is no fault of the file: Lost, TemporarilyUnavailable, OperationalError, InterfaceError.
    """
    try:
        with upload_files.open_upload_file(upload.public_id) as file:
            _ingest(upload, DecompressingReader(cast(PeekableFile, file), upload.size))
    except DamagedFile as damage:
        return damage.code
    except FileNotFoundError:
        return "file_lost"
    except (LeaseLost, TemporarilyUnavailable, OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("Upload %s failed", upload.public_id)
        return "internal_error"
    return ""


def _ingest(row: IngestUpload, stream: DecompressingReader) -> None:
    """Store the lines of an upload, and report its progress after each batch.

    Lines that an earlier attempt has stored are passed over. A file of entitlements is read from its start again,
    because a second line about the same thing is an error there.
    """
    start = 0 if row.kind == Kind.ENTITLEMENTS else row.lines
    before = Counter(row.counts) if start else Counter[str]()
    row.problems = row.problems if start else []
    last = start

    def note(result: LineResult) -> None:
        nonlocal last
        last = result.line
        for problem in result.problems[: SHOWN - len(row.problems)]:
            row.problems.append(
                {
                    "line": result.line,
                    "code": problem.code,
                    "message": problem.reason,
                    "field": escape_unprintable(problem.field),
                }
            )

    def progress(counts: Counter[LineOutcome]) -> None:
        row.counts = {str(outcome): before[outcome] + counts[outcome] for outcome in LineOutcome}
        row.report_progress(read=stream.sent, lines=last, counts=row.counts, problems=row.problems)

    system = Actor.system("ingest", on_behalf_of=row.token.as_actor())
    import_feed(
        actor=system, stream=stream, report_result=note, line_types=TYPES[Kind(row.kind)], report_progress=progress,
        skipped_lines=start,
    )  # fmt: skip


def delete_old_uploads() -> int:
    """Delete the files of finished uploads, and rows that are no longer kept. Return how many files were deleted."""
    now = timezone.now()
    delete_in_batches(IngestUpload.objects.filter(~UNFINISHED, finished_at__lt=now - settings.PORTAL_UPLOADS_KEPT))
    rows = IngestUpload.objects.only("public_id", "state")
    return delete_unneeded_files(
        upload_files.list_upload_files(), rows, lambda row, _file: row.state in (State.RECEIVED, State.RUNNING)
    )
