"""What a person does with an import: upload a file, confirm it after the dry run, or cancel it."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from shutil import copyfileobj
from typing import IO
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Person
from imports import files
from imports.catalogue import find_import_kind
from imports.events import ImportEventKind
from imports.models import Import
from imports.policies import AT_ONCE, PER_DAY, ROLE_TABLE, ImportPermission
from imports.queries import find_authorized_target, list_imports
from notifications.actions.recording import record_event
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict, InvalidInput, TooManyAttempts
from partnerportal.lib.imports.csv_reading import CsvReader
from partnerportal.lib.imports.kinds import ImportKind
from partnerportal.lib.imports.results import RowOutcome
from partnerportal.lib.policies import authorize
from partnerportal.lib.states import change_row_state, make_state_changed_error
from partnerportal.lib.waking import wake_worker

State = Import.State
UNFINISHED = (State.UPLOADED, State.CHECKING, State.CONFIRMED, State.APPLYING)
_wake_worker = partial(wake_worker, "imports.tasks.run_imports")
TOO_MANY = gettext_lazy("Three of your imports or bulk actions are still running. Wait until one is finished.")
TOO_MANY_TODAY = gettext_lazy("You have started a hundred imports and bulk actions within a day. Try again tomorrow.")


@transaction.atomic
def upload_import(*, actor: Actor, kind: ImportKind, target_id: UUID | None, file: IO[bytes], size: int) -> Import:
    """Store a file of `size` bytes to be imported into the target with this public id; return its Import.

    A worker then checks its rows. Nothing is changed until the import is confirmed.

    Raises NotFound and ActionRefused as `find_authorized_target`, InvalidInput for a file that is too large or whose
    head is not that of the kind, TooManyAttempts while the person has AT_ONCE unfinished imports or has uploaded
    PER_DAY within a day, and TemporarilyUnavailable if there is no room for the file.
    """
    find_authorized_target(actor, kind, target_id)
    if size > kind.max_bytes:
        megabytes = {"size": formats.format_number(kind.max_bytes // 1_000_000)}
        raise InvalidInput("too_large", _("The file is larger than %(size)s MB. Split it.") % megabytes, field="file")
    try:
        CsvReader(file, kind)
    except InvalidInput as error:
        error.field = "file"
        raise
    file.seek(0)
    return store_import(actor, kind, target_id, lambda stored: copyfileobj(file, stored))


def store_import(
    actor: Actor, kind: ImportKind, target_id: UUID | None, write: Callable[[IO[bytes]], object]
) -> Import:
    """Store a file to be imported, which `write` writes, and have a worker check it; return its Import.

    The caller has authorised the actor and runs in a transaction.
    Raises TooManyAttempts and TemporarilyUnavailable as `upload_import`.
    """
    row = Import(kind=kind.code, target_id=target_id)
    row.organization_id, row.person_id = actor.organization_id, actor.person_id  # type: ignore[assignment]
    _ensure_not_too_many(actor, row.person_id)
    with files.open_file_for_writing(files.build_upload_name(row)) as stored:
        write(stored)
        row.size = stored.tell()
    row.save(force_insert=True)
    data = {"kind": kind.code, "size": row.size}
    record_event(ImportEventKind.UPLOADED, actor=actor, subject=row, label=kind.code, data=data)
    transaction.on_commit(_wake_worker)
    return row


def _ensure_not_too_many(actor: Actor, person_id: int) -> None:
    Person.objects.select_for_update(no_key=True).get(pk=person_id)
    own = Import.objects.visible_to(actor)
    if own.filter(state__in=UNFINISHED).count() >= AT_ONCE:
        raise TooManyAttempts("too_many_imports", TOO_MANY)
    if own.filter(asked_at__gt=timezone.now() - timedelta(days=1)).count() >= PER_DAY:
        raise TooManyAttempts("too_many_imports", TOO_MANY_TODAY)


@transaction.atomic
def confirm_import(*, actor: Actor, source: Import, mode: str) -> Import:
    """Have a worker apply an import whose dry run is done, in one of the modes of its kind; return the Import.

    Raises NotFound and ActionRefused as `find_authorized_target`, InvalidInput for an unknown mode, Conflict unless the
    dry run is done and nobody has confirmed or cancelled the import, or if no row would be imported.
    """
    kind = find_import_kind(source.kind)
    find_authorized_target(actor, kind, source.target_id)
    if not kind.has_mode(mode):
        raise InvalidInput("unknown_mode", _("Choose how to import the file."), field="mode")
    locked = list_imports(actor).select_for_update().get(pk=source.pk)
    if locked.state != State.CHECKED:  # a worker that gives its work back moves it to CONFIRMED too
        raise make_state_changed_error()
    row = change_row_state(locked, State.CONFIRMED, mode=mode, attempts=0, rows_done=0)
    if not has_something_to_apply(row):
        raise Conflict(
            "nothing_to_import",
            _("None of the rows in this file can be imported. Correct the file and upload it again."),
        )
    counts = {"kind": kind.code, "mode": mode, "rows": row.rows_total}
    record_event(ImportEventKind.CONFIRMED, actor=actor, subject=row, label=kind.code, data=counts)
    transaction.on_commit(_wake_worker)
    return row


def has_something_to_apply(source: Import) -> bool:
    """Return whether the dry run found a row that did not fail.

    One that would change nothing counts: a mode may do something with what the file leaves out.
    """
    return any(count for outcome, count in source.checked.items() if not RowOutcome(outcome).is_failure)


@transaction.atomic
def cancel_import(*, actor: Actor, source: Import) -> Import:
    """Cancel an import, and return it. One that is being applied is ended by its worker, between two batches.

    Before it is confirmed nothing has changed, and its files are deleted by the next sweep; later what was done stays,
    with its results. Nothing happens if it is being cancelled already. Raises ActionRefused if the actor may not
    import, and Conflict if the import has ended.
    """
    authorize(actor, ROLE_TABLE, ImportPermission.IMPORT)
    row = list_imports(actor).select_for_update().get(pk=source.pk)
    if row.is_stop_asked and row.state in (State.CONFIRMED, State.APPLYING, State.CANCELLED):
        return row
    if row.state in (State.CONFIRMED, State.APPLYING):
        row.is_stop_asked = True
        row.save(update_fields=["is_stop_asked"])
        transaction.on_commit(_wake_worker)
    else:
        row = change_row_state(row, State.CANCELLED, finished_at=timezone.now())
    data = {"kind": row.kind, "rows_done": row.rows_done if row.mode else 0}
    record_event(ImportEventKind.CANCELLED, actor=actor, subject=row, label=row.kind, data=data)
    return row
