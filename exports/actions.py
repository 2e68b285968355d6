"""Exports (CC-38): small ones at once, large ones as a file that a worker makes.

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
from datetime import timedelta
from functools import partial
from io import BytesIO
from typing import IO, Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, Person
from connections.actors import actor_now
from exports import files
from exports.catalogue import list_of
from exports.events import ExportEvent
from exports.models import Export
from exports.policies import authorize_list
from notifications.actions import record
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import TooMany, Unavailable
from partnerportal.lib.exports import csv_copy
from partnerportal.lib.exports.lists import List, Query
from partnerportal.lib.leases import Lost, claim_next
from partnerportal.lib.locks import Lock, take_turn
from partnerportal.lib.nudges import nudge
from partnerportal.lib.private_files import StoredFile, sweep_files
from partnerportal.lib.states import move
from partnerportal.lib.sweeping import delete_in_batches

log = logging.getLogger(__name__)

NUDGE = partial(nudge, "exports.tasks.make_exports")
SMALL = 2000  # rows: up to so many are sent at once
AT_ONCE = 3  # exports of one person that are not finished
KEPT = timedelta(hours=24)
PAUSE = timedelta(seconds=20)  # before it is tried again
CHUNK = 1 << 18
TOO_MANY = _("Three of your exports are still being made. Wait for one of them.")


@transaction.atomic
def export(
    *, actor: Actor, chosen: List, query: Query, customer: Organization | None = None
) -> tuple[Export, bytes | None]:
    """Ask for a list as CSV: the whole file when it is small, else an export that is now queued.

    `query` are the page's filters; `customer` is one that the actor has found, or the actor's own organisation. Raises
    TooMany beyond AT_ONCE.
    """
    authorize_list(actor, chosen, customer.pk if customer else None)
    rows = chosen.rows(actor, query, customer.pk if customer else None)
    asked = Export(list=chosen.key, query=dict(query), customer=customer, rows=rows.order_by().count())
    asked.organization_id, asked.person_id = actor.organization_id, actor.person_id  # type: ignore[assignment]
    data = {"list": chosen.key, "rows": asked.rows}
    if asked.rows <= SMALL:
        record(ExportEvent.EXPORTED, actor=actor, subject=asked, label=chosen.key, data=data)
        return asked, _small(chosen, rows)
    Person.objects.select_for_update(no_key=True).get(pk=asked.person_id)
    unfinished = Export.objects.visible_to(actor).filter(state__in=[Export.State.QUEUED, Export.State.RUNNING])
    if unfinished.count() >= AT_ONCE:
        raise TooMany("too_many_exports", TOO_MANY)
    asked.save(force_insert=True)
    record(ExportEvent.EXPORTED, actor=actor, subject=asked, label=chosen.key, data=data)
    transaction.on_commit(NUDGE)
    return asked, None


def _small(chosen: List, rows: Any) -> bytes:
    """Whole in memory: at most SMALL rows, and an error is still an error page."""
    file = BytesIO()
    file.write(csv_copy.head(chosen.columns))
    csv_copy.write(rows[: SMALL + 1], chosen.columns, file)
    return file.getvalue()


def make_next_export() -> bool:
    """Make the file that has waited longest. Returns whether there was one."""
    claimed = claim_next(Export.objects.order_by("asked_at", "pk"), rows_written=0)
    if claimed is None:
        return False
    try:
        with files.write_export(claimed) as file:
            _wait_for_ends(claimed)
            written = _copy(claimed, file)
            size = file.tell()
        # Nobody is given the file before. A connection that ends now takes the export away, or finds it gone.
        claimed.finish(Export.State.READY, rows=written, rows_written=written, size=size)
    except Lost:
        log.info("Export %s is somebody else's now, or gone", claimed.public_id)
        with suppress(Unavailable):  # then the sweep deletes it
            files.delete_export(claimed)
    except Exception:
        log.exception("Export %s failed at attempt %s", claimed.public_id, claimed.attempts)
        claimed.give_back("failed", after=PAUSE, rows_written=0)
    return True


@transaction.atomic
def _wait_for_ends(claimed: Export) -> None:
    """Whoever is just ending a connection holds this lock shared, and may not have seen the export: the snapshot comes
    after them. Those who come later find it running, and take it away."""
    take_turn(Lock.EXPORTS, claimed.organization_id)


class _Source(threading.Thread):
    """Writes the rows into a pipe, on a connection of its own: one snapshot, read only, as the person."""

    def __init__(self, claimed: Export, pipe: IO[bytes]) -> None:
        super().__init__(name=f"export {claimed.pk}")
        self.claimed, self.pipe = claimed, pipe
        self.total: int | None = None  # rows there are, more or less; known before the first is written
        self.written = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            with self.pipe:
                self._write()
        except BaseException as error:  # told to the worker, which waits for the end of the pipe
            self.error = error
        finally:
            connection.close()

    def _write(self) -> None:
        claimed = self.claimed
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            tenancy.enter(organization_id=claimed.organization_id, person_id=claimed.person_id)
            actor = actor_now(claimed.person_id, claimed.organization_id)
            if actor is None:
                raise PermissionError("The person no longer acts for the organisation")
            chosen = list_of(claimed.list)
            authorize_list(actor, chosen, claimed.customer_id)
            rows = chosen.rows(actor, claimed.query, claimed.customer_id)
            self.pipe.write(csv_copy.head(chosen.columns))
            self.pipe.flush()
            self.total = claimed.rows or rows.order_by().count()  # counted when it was asked for: as good for a bar
            person = Person.objects.get(pk=claimed.person_id)
            with translation.override(person.language), timezone.override(person.time_zone):
                self.written = csv_copy.write(rows, chosen.columns, self.pipe)


def _copy(claimed: Export, file: IO[bytes]) -> int:
    """Copy the pipe into the file, and report the progress once a second. Returns how many rows were written."""
    reading, writing = os.pipe()
    source = _Source(claimed, os.fdopen(writing, "wb", CHUNK))
    source.start()
    lines, reported_at = 0, 0.0
    try:
        for chunk in _chunks(reading):
            file.write(chunk)
            lines += chunk.count(b"\n")
            if time.monotonic() - reported_at > 1 and source.total is not None:
                reported_at = time.monotonic()
                claimed.report_progress(rows=source.total, rows_written=min(max(lines - 1, 0), source.total))
    finally:
        os.close(reading)  # a source that still writes ends by it
        source.join()
    if source.error:
        raise source.error
    return source.written


def _chunks(reading: int) -> Iterator[bytes]:
    """An empty one each second in which nothing comes."""
    while True:
        if not select.select([reading], [], [], 1)[0]:
            yield b""
        elif chunk := os.read(reading, CHUNK):
            yield chunk
        else:
            return


def sweep_exports() -> int:
    """Delete files older than a day, and those that no export needs any more. Returns how many were deleted."""
    now = timezone.now()
    with transaction.atomic():
        for old in Export.objects.filter(state=Export.State.READY, finished_at__lt=now - KEPT):
            move(old, Export.State.GONE, error="expired")
    ended = Export.objects.filter(state__in=[Export.State.GONE, Export.State.FAILED])
    delete_in_batches(ended.filter(asked_at__lt=now - settings.PORTAL_EXPORTS_KEPT))
    stored_files = ((public_id, file) for public_id, _attempt, file in files.list_exports())
    return sweep_files(stored_files, Export.objects.only("public_id", "state", "attempts"), _needs_file)


def _needs_file(export: Export, file: StoredFile) -> bool:
    """Return whether it is the file of the attempt that runs or has made the export."""
    is_alive = export.state in (Export.State.READY, Export.State.RUNNING)
    return is_alive and files.file_name(export) == f"{files.FOLDER}/{file.name}"
