"""Actions on exports (CC-38): small ones are answered at once, large ones become a file that a worker makes.

Of a small one only is kept what was asked for: whoever wants it again gets what they see then.

The file holds what the person may see when it is made: it is written from one snapshot, under row-level security, as
that person. Should the worker die, its lease runs out and the export is begun again (partnerportal/lib/leases.py).
"""

import logging
import os
import select
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from typing import IO, Any

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, Person
from connections.actors import build_actor_with_current_roles
from exports import files
from exports.catalogue import find_exported_list
from exports.events import ExportEventKind
from exports.models import Export
from exports.policies import authorize_list_export
from notifications.actions.recording import record_event
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict, NoLongerExists, TemporarilyUnavailable, TooManyAttempts
from partnerportal.lib.exports import csv_copy
from partnerportal.lib.exports.lists import ExportableList, Query
from partnerportal.lib.leases import LeaseLost, lease_next_due_row
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.private_files import StoredFile, delete_unneeded_files
from partnerportal.lib.states import change_row_state
from partnerportal.lib.sweeping import delete_in_batches
from partnerportal.lib.waking import wake_worker

log = logging.getLogger(__name__)

_wake_worker = partial(wake_worker, "exports.tasks.make_exports")
SMALL = 2000  # rows up to which an export is answered at once
AT_ONCE = 3  # unfinished exports that one person may have
KEPT = timedelta(hours=24)  # how long a file can be fetched after it was made
PAUSE = timedelta(seconds=20)  # how long a failed export waits before it is begun again
CHUNK = 1 << 18  # bytes that are copied into the file at a time
GONE = _("This file has been deleted. Exports are kept for a day, or until a connection ends. Export the list again.")
NARROWED = {
    "sharing_narrowed": _(
        "This file has been deleted because a customer now shares less data with you. Export the list again: the new "
        "file will contain what is shared now."
    ),
    "role_narrowed": _(
        "This file has been deleted because you can no longer see orders and prices. Export the list again: the new "
        "file will contain what you can see now."
    ),
}
TOO_MANY = _("Three of your exports are still being prepared. Wait until one is ready.")


@transaction.atomic
def request_export(
    *, actor: Actor, exported_list: ExportableList, query: Query, customer: Organization | None = None
) -> tuple[Export, bytes | None]:
    """Export a list as CSV; return the Export, and the file's content if it has at most SMALL rows, else None.

    Every export is stored, so that the person's page of exports lists it; the content of a small one is not. The file
    of a larger one is made by a worker later. If the person already waits for the same export, that one is returned.
    `query` are the filters of the page. `customer` limits the list to one organisation, which the caller must know to
    be visible to the actor, or to be its own; None means all customers.

    Raises ActionRefused if the actor may not export this list, and TooManyAttempts while the person has AT_ONCE
    unfinished exports.
    """
    authorize_list_export(actor, exported_list, customer.pk if customer else None)
    rows = exported_list.rows(actor, query, customer.pk if customer else None)
    number = rows.order_by().count()
    state = Export.State.SENT if number <= SMALL else Export.State.QUEUED
    row = Export(list=exported_list.key, query=dict(query), customer=customer, rows=number, state=state)
    row.organization_id, row.person_id = actor.organization_id, actor.person_id  # type: ignore[assignment]
    if state == Export.State.SENT:
        _record(actor, row)  # before the file is made: that of the log tells of its own export too
        content = _small_file(exported_list, rows)
        row.rows_written, row.size = number, len(content)
        row.save(force_insert=True)
        return row, content
    Person.objects.select_for_update(no_key=True).get(pk=row.person_id)
    unfinished = Export.objects.visible_to(actor).filter(state__in=[Export.State.QUEUED, Export.State.RUNNING])
    if same := unfinished.filter(list=row.list, query=row.query, customer=customer).first():
        return same, None
    if unfinished.count() >= AT_ONCE:
        raise TooManyAttempts("too_many_exports", TOO_MANY)
    row.save(force_insert=True)
    _record(actor, row)
    transaction.on_commit(_wake_worker)
    return row, None


def _record(actor: Actor, row: Export) -> None:
    """Record an export. The customer whose rows they are, if it is one, reads that they were exported."""
    theirs = row.customer if row.customer_id != actor.organization_id else None
    data = {"list": row.list, "rows": row.rows}
    record_event(ExportEventKind.EXPORTED, actor=actor, subject=row, label=row.list, counterpart=theirs, data=data)


def _small_file(exported_list: ExportableList, rows: Any) -> bytes:
    """Return the CSV file of at most SMALL rows, made in memory, so that an error can still become an error page."""
    file = BytesIO()
    file.write(csv_copy.build_header_line(exported_list.columns))
    csv_copy.write_csv(rows[: SMALL + 1], exported_list.columns, file)
    return file.getvalue()


def get_download_deadline(export: Export) -> datetime | None:
    """Return until when an export's file can be downloaded, or None if it cannot be downloaded now."""
    if export.state != Export.State.READY or export.finished_at is None:
        return None
    until = export.finished_at + KEPT
    return until if until > timezone.now() else None


def download_export_file(*, actor: Actor, export: Export) -> HttpResponse:
    """Return a response with an export's CSV file, after checking again that the actor may export the list.

    Raises ActionRefused if the actor may not, Conflict if there is no file yet, and NoLongerExists if it was deleted:
    after a day, because a connection ended, or because the person may now see less than the file contains.
    """
    authorize_list_export(actor, find_exported_list(export.list), export.customer_id)
    if export.state in (Export.State.QUEUED, Export.State.RUNNING, Export.State.FAILED):
        raise Conflict("export_not_ready", _("The file isn’t ready yet. The “Exports” page shows its progress."))
    if export.error in NARROWED:
        raise NoLongerExists(export.error, NARROWED[export.error])
    if get_download_deadline(export) is None:
        raise NoLongerExists("export_gone", GONE)
    try:
        return files.add_download_headers(files.stream_export_file(export), export)
    except FileNotFoundError:
        raise NoLongerExists("export_gone", GONE) from None


def make_next_queued_export() -> bool:
    """Make the CSV file of the export that has waited longest; return False if no export was waiting.

    An export that fails is tried again after PAUSE, until it has had all its attempts (`Export.ATTEMPTS`).
    """
    export = lease_next_due_row(Export.objects.order_by("asked_at", "pk"), rows_written=0)
    if export is None:
        return False
    try:
        with files.open_export_for_writing(export) as file:
            _wait_for_ends(export)
            written = _copy(export, file)
            size = file.tell()
        # Until this line nobody can fetch the file. If a connection ends meanwhile, the export is gone and this raises
        # LeaseLost; if one ends afterwards, it takes the finished export away.
        export.finish(Export.State.READY, rows=written, rows_written=written, size=size)
    except LeaseLost:
        log.info("Export %s is somebody else's now, or gone", export.public_id)
        with suppress(TemporarilyUnavailable):  # the sweep deletes the file later
            files.delete_export_file(export)
    except Exception:
        log.exception("Export %s failed at attempt %s", export.public_id, export.attempts)
        export.retry_later("failed", delay=PAUSE, rows_written=0)
    return True


@transaction.atomic
def _wait_for_ends(export: Export) -> None:
    """Wait for transactions that are ending a connection of the organisation, so that the snapshot comes after them.

    They hold this lock shared, and may not have seen that the export is running. Transactions that begin later do see
    it, and take the export away.
    """
    acquire_lock(AdvisoryLock.EXPORTS, export.organization_id)


class _Source(threading.Thread):
    """A thread that writes the rows of an export into a pipe.

    It has a database connection of its own, and reads one snapshot, read-only, as the person.
    """

    def __init__(self, export: Export, pipe: IO[bytes]) -> None:
        super().__init__(name=f"export {export.pk}")
        self.export, self.pipe = export, pipe
        self.total: int | None = None  # about how many rows there are; None until that is known, before the first row
        self.written = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            with self.pipe:
                self._write()
        except BaseException as error:  # kept for the worker, which waits for the end of the pipe and raises it
            self.error = error
        finally:
            connection.close()

    def _write(self) -> None:
        export = self.export
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            tenancy.enter_tenant(organization_id=export.organization_id, person_id=export.person_id)
            actor = build_actor_with_current_roles(export.person_id, export.organization_id)
            if actor is None:
                raise PermissionError("The person no longer acts for the organisation")
            exported_list = find_exported_list(export.list)
            authorize_list_export(actor, exported_list, export.customer_id)
            person = Person.objects.get(pk=export.person_id)
            # Filters by day mean days of the person's time zone, so the rows are chosen in it too.
            with translation.override(person.language), timezone.override(person.time_zone):
                rows = exported_list.rows(actor, export.query, export.customer_id)
                self.pipe.write(csv_copy.build_header_line(exported_list.columns))
                self.pipe.flush()
                self.total = export.rows or rows.order_by().count()  # a count from the request will do for a bar
                self.written = csv_copy.write_csv(rows, exported_list.columns, self.pipe)


def _copy(export: Export, file: IO[bytes]) -> int:
    """Copy the rows of an export into the file; return how many were written.

    The progress is reported once a second. Raises LeaseLost when the export is no longer this worker's, and
    whatever error stopped the source.
    """
    reading, writing = os.pipe()
    source = _Source(export, os.fdopen(writing, "wb", CHUNK))
    source.start()
    lines, reported_at = 0, 0.0
    try:
        for chunk in _chunks(reading):
            file.write(chunk)
            lines += chunk.count(b"\n")
            if time.monotonic() - reported_at > 1 and source.total is not None:
                reported_at = time.monotonic()
                export.report_progress(rows=source.total, rows_written=min(max(lines - 1, 0), source.total))
    finally:
        os.close(reading)  # a source that is still writing fails then, and ends
        source.join()
    if source.error:
        raise source.error
    return source.written


def _chunks(reading: int) -> Iterator[bytes]:
    """Yield the bytes that come through a pipe until its end, and b"" for each second in which none come."""
    while True:
        if not select.select([reading], [], [], 1)[0]:
            yield b""
        elif chunk := os.read(reading, CHUNK):
            yield chunk
        else:
            return


def delete_old_exports() -> int:
    """Delete the files of exports that are older than KEPT or no longer needed; return how many files were deleted.

    Also deletes the records of exports that were sent, ended or failed long ago, by the setting PORTAL_EXPORTS_KEPT.
    """
    now = timezone.now()
    with transaction.atomic():
        for old in Export.objects.filter(state=Export.State.READY, finished_at__lt=now - KEPT):
            change_row_state(old, Export.State.GONE, error="expired")
    ended = Export.objects.filter(state__in=[Export.State.GONE, Export.State.FAILED, Export.State.SENT])
    delete_in_batches(ended.filter(asked_at__lt=now - settings.PORTAL_EXPORTS_KEPT))
    stored_files = ((public_id, file) for public_id, _attempt, file in files.list_export_files())
    return delete_unneeded_files(stored_files, Export.objects.only("public_id", "state", "attempts"), _needs_file)


def _needs_file(export: Export, file: StoredFile) -> bool:
    """Return whether a file is that of the attempt which makes the export now, or has made it."""
    is_alive = export.state in (Export.State.READY, Export.State.RUNNING)
    return is_alive and files.build_export_file_name(export) == f"{files.FOLDER}/{file.name}"
