"""The worker's side of imports: the dry run of a file, and, when somebody has confirmed it, the import itself.

Both runs read the file from its start and give its rows to the kind in batches. A batch, its results and the progress
are one transaction, so a worker that takes over after a killed one (partnerportal/lib/leases.py) reads on to the first
batch that is not done, and no batch is done twice.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Person
from connections.actors import build_actor_with_current_roles
from imports import files
from imports.actions.results import (
    read_rows_as_checked,
    write_filled_cells,
    write_result_files,
    write_results_of_failure,
)
from imports.catalogue import find_import_kind, is_bulk_action
from imports.models import Import, ImportBatch
from imports.queries import find_authorized_target
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused, DomainError, NotFound, TemporarilyUnavailable
from partnerportal.lib.formats import format_number
from partnerportal.lib.imports.csv_reading import CsvReader, count_rows, read_batches
from partnerportal.lib.imports.judging import KeysSeen, judge_batch
from partnerportal.lib.imports.kinds import ImportKind, ImportRow
from partnerportal.lib.imports.results import RowResult
from partnerportal.lib.leases import LeaseLost, lease_next_due_row

log = logging.getLogger(__name__)

State = Import.State
BATCH = 500  # rows of one transaction, unless their kind says otherwise
PAUSE = timedelta(seconds=20)  # how long an import waits after an error before it goes on
PROBLEM = 500  # characters of the sentence that is kept of why an import failed
REMARKS = 20  # sentences of a kind that are kept
STOPPED_CHECK = gettext_lazy(
    "The check stopped %(times)s times before it finished, so it was cancelled. Nothing was changed. Upload the file "
    "again. If it stops again, split it into smaller files."
)
STOPPED_IMPORT = gettext_lazy(
    "The import stopped %(times)s times before it finished, so it was cancelled. Rows done: %(done)s of %(rows)s; "
    "their changes have been kept. Upload the same file again: nothing will be imported twice."
)
LOST_FILE = gettext_lazy("The file is no longer there. Upload it again.")
STOPPED_BULK_CHECK = gettext_lazy(
    "The check stopped %(times)s times before it finished, so it was cancelled. Nothing was changed. Select the rows "
    "again. If it stops again, select fewer rows."
)
STOPPED_BULK_ACTION = gettext_lazy(
    "The bulk action stopped %(times)s times before it finished, so it was cancelled. Rows done: %(done)s of %(rows)s; "
    "their changes have been kept. Select the rows again: those already done won’t be changed twice."
)
LOST_ROWS = gettext_lazy("The selected rows are no longer stored. Select them again.")


def run_next_import() -> bool:
    """Check or apply the import that has waited longest; return False if none was waiting.

    A run that fails by an error of ours goes on after PAUSE, until it has had all its attempts (`Import.ATTEMPTS`).
    Then, and after that many workers were killed, it is ended with the results of the rows that are done.
    """
    source = lease_next_due_row(Import.objects.order_by("asked_at", "pk"))
    if source is None:
        return False
    try:
        with _speak_as_person(source):
            _close(source) if source.is_to_be_closed else _run(source)
    except LeaseLost:
        log.info("Import %s is somebody else's now, or cancelled", source.public_id)
    except TemporarilyUnavailable as error:
        log.warning("Import %s waits for the storage of its file", source.public_id, exc_info=True)
        source.retry_later(error.code, delay=PAUSE)
    except Exception:
        log.exception("Import %s failed at attempt %s", source.public_id, source.attempts)
        source.retry_later("failed", delay=PAUSE)
    return True


@contextmanager
def _speak_as_person(source: Import) -> Iterator[None]:
    """Run the block in the language and the time zone of the person who imports."""
    person = Person.objects.filter(pk=source.person_id).only("language", "time_zone").first()
    if person is None:
        yield
        return
    with translation.override(person.language), timezone.override(person.time_zone):
        yield


class _StopAsked(Exception):
    """Raised between two batches when the person has cancelled the import."""


def _run(source: Import) -> None:
    """Do all that is left of the run. What is wrong with the file, or no longer allowed, ends it as failed."""
    try:
        kind = _find_kind(source)
        with files.open_file_for_reading(files.build_upload_name(source)) as file:
            if not source.rows_total:
                source.rows_total = count_rows(file, kind)
                source.report_progress(rows_total=source.rows_total)
        _do_batches(source, kind)
        _finish(source, kind)
    except TemporarilyUnavailable:
        raise
    except _StopAsked:
        source.finish(State.CANCELLED, applied=_write_results(source))
    except FileNotFoundError:
        _fail(source, "file_lost", str(LOST_ROWS if is_bulk_action(source.kind) else LOST_FILE))
    except NotFound:
        _fail(source, "target_gone", _("The item that this import was meant to change no longer exists."))
    except DomainError as error:
        _fail(source, error.code, str(error.message))


def _find_kind(source: Import) -> ImportKind:
    try:
        return find_import_kind(source.kind)
    except NotFound:
        raise ActionRefused("unknown_kind", _("Files of this type can no longer be imported.")) from None


def _fail(source: Import, code: str, sentence: str) -> None:
    run = "checked" if source.state == State.CHECKING else "applied"
    counts = _write_results(source)
    changes = {run: counts} if counts else {}
    source.finish(State.FAILED, error=code, problem=sentence[:PROBLEM], **changes)
    log.info("Import %s failed: %s", source.public_id, code)


def _close(source: Import) -> None:
    """End a run that has had all its attempts, and say what stands and how to go on."""
    numbers = {
        "times": format_number(Import.ATTEMPTS),
        "done": format_number(source.rows_done),
        "rows": format_number(source.rows_total),
    }
    check, action = STOPPED_CHECK, STOPPED_IMPORT
    if is_bulk_action(source.kind):
        check, action = STOPPED_BULK_CHECK, STOPPED_BULK_ACTION
    _fail(source, source.error, (check if source.state == State.CHECKING else action) % numbers)


def _write_results(source: Import) -> dict[str, int]:
    """Write the results of a run that failed, with the rows that it has not reached, and return how many had which.

    They are none where the file is lost or the storage away: the failure is told without them.
    """
    try:
        return write_results_of_failure(source, find_import_kind(source.kind))
    except (DomainError, FileNotFoundError):
        log.warning("Import %s has no results", source.public_id, exc_info=True)
        return {}


def _do_batches(source: Import, kind: ImportKind) -> None:
    """Give each batch that is not done yet to the kind. Rows that were done before are read, for their keys."""
    counts = Counter(_get_counts(source))
    keys = KeysSeen(kind)
    with files.open_file_for_reading(files.build_upload_name(source)) as file:
        rows = iter(CsvReader(file, kind))
        if source.state == State.APPLYING and kind.filled_columns:
            rows = read_rows_as_checked(source, rows)
        rows_before = source.rows_done
        for row in islice(rows, rows_before):
            keys.has_seen(row)
        size = kind.check_rows if source.state == State.CHECKING else None
        for batch in read_batches(rows, size or kind.batch_rows or BATCH):
            _do_batch(source, kind, rows_before, batch, keys, counts)
            rows_before += len(batch)


def _get_counts(source: Import) -> dict[str, int]:
    counts: dict[str, int] = source.checked if source.state == State.CHECKING else source.applied
    return counts


def _do_batch(
    source: Import,
    kind: ImportKind,
    rows_before: int,
    batch: list[ImportRow],
    keys: KeysSeen,
    counts: Counter[str],
) -> None:
    """Check or apply one batch and store its results. Nothing of it stays if the lease is lost meanwhile.

    Raises _StopAsked, with nothing done, when the person has cancelled the import.
    """
    with transaction.atomic():
        source.report_progress()  # locks the row, so that nobody takes it over or cancels it before this is committed
        source.refresh_from_db(fields=["is_stop_asked"])  # under the lock: no batch begins once it is cancelled
        if source.is_stop_asked:
            raise _StopAsked
        results = judge_batch(batch, keys, lambda good: _ask_kind(source, kind, good))
        counts.update(str(result.outcome) for result in results)
        ImportBatch.objects.create(
            source=source,
            rows_before=rows_before,
            results=[
                [str(result.outcome), str(result.message), _list_filled(kind, row, result)]
                for row, result in zip(batch, results, strict=True)
            ],
        )
        run = "checked" if source.state == State.CHECKING else "applied"
        source.report_progress(rows_done=rows_before + len(batch), **{run: dict(counts)})


def _list_filled(kind: ImportKind, row: ImportRow, result: RowResult) -> dict[str, str]:
    """Return the cells of a row that were filled in, now or by the dry run."""
    if row.problem:
        return {}
    return {key: result.filled.get(key, row.values[key]) for key in kind.filled_columns}


def _ask_kind(source: Import, kind: ImportKind, rows: list[ImportRow]) -> Sequence[RowResult]:
    with _act_as_person(source, kind) as (actor, target):
        if source.state == State.CHECKING:
            return kind.check(actor, target, rows)
        return kind.apply(actor, target, rows, source.mode)


@contextmanager
def _act_as_person(source: Import, kind: ImportKind) -> Iterator[tuple[Actor, Any]]:
    """Enter the tenant of the person who imports; give the person as actor, and the target.

    For a kind that runs as the system the tenant is left again, and the actor is the system on behalf of the person.
    Raises NotFound or ActionRefused if the person may no longer import into it.
    """
    with tenancy.as_tenant(organization_id=source.organization_id, person_id=source.person_id):
        actor = build_actor_with_current_roles(source.person_id, source.organization_id)
        if actor is None:
            raise ActionRefused(
                "no_longer_member", _("The person who started this action no longer acts for the organisation.")
            )
        target = find_authorized_target(actor, kind, source.target_id)
        if not kind.runs_as_system:
            yield actor, target
            return
    yield Actor.system("import", on_behalf_of=actor), target


def _finish(source: Import, kind: ImportKind) -> None:
    """End the run: write its results into files, let the kind look at the whole file, and move the row on."""
    write_result_files(source, kind)
    is_check = source.state == State.CHECKING
    if is_check and kind.filled_columns:
        write_filled_cells(source)
    with transaction.atomic():
        source.report_progress()
        remarks = _collect_remarks(source, kind, is_check=is_check)
        ImportBatch.objects.filter(source=source).delete()
        source.finish(State.CHECKED if is_check else State.DONE, remarks=remarks)


def _collect_remarks(source: Import, kind: ImportKind, *, is_check: bool) -> dict[str, list[str]]:
    """Call the kind's `preview` for each mode, or its `finish` for the one that was chosen; return what they say."""
    ask, modes = (kind.preview, [mode.key for mode in kind.modes]) if is_check else (kind.finish, [source.mode])
    if ask is None:
        return {}
    with _act_as_person(source, kind) as (actor, target):
        said = {mode: ask(actor, target, mode, _read_rows(source, kind)) for mode in modes}
        return {mode: [str(sentence) for sentence in sentences][:REMARKS] for mode, sentences in said.items()}


def _read_rows(source: Import, kind: ImportKind) -> Iterable[ImportRow]:
    """Yield the rows of the file."""
    with files.open_file_for_reading(files.build_upload_name(source)) as file:
        yield from CsvReader(file, kind)
