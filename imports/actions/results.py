"""The results of an import's runs, as files: one with every row, one with the first rows of each outcome."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import IO, Any

from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from imports import files
from imports.models import Import, ImportBatch
from imports.policies import ROLE_TABLE, ImportPermission
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict, NoLongerExists
from partnerportal.lib.imports.csv_reading import CsvReader, UnreadableFile, describe_too_many_rows
from partnerportal.lib.imports.kinds import RESULT_COLUMNS, ImportKind, ImportRow, write_csv_row
from partnerportal.lib.imports.results import RowOutcome, RowResult
from partnerportal.lib.policies import authorize
from partnerportal.lib.private_files import CSV, add_csv_download_headers
from partnerportal.lib.spreadsheet_safety import unescape_spreadsheet_cell

State = Import.State
WITH_RESULTS = (State.CHECKED, State.DONE, State.FAILED, State.CANCELLED)
KEPT = timedelta(days=7)  # how long files can be fetched, and a checked import confirmed
SAMPLES = 5  # rows of each outcome that the page shows
BOM = "\ufeff"


def read_row_results(source: Import, kind: ImportKind) -> Iterator[tuple[ImportRow, RowResult]]:
    """Yield each row of the uploaded file with its result in the present run, whose batches are all done."""
    batches = ImportBatch.objects.filter(source=source).order_by("rows_before").values_list("results", flat=True)
    results = chain.from_iterable(batches.iterator(chunk_size=10))
    with files.open_file_for_reading(files.build_upload_name(source)) as file:
        for row, result in zip(CsvReader(file, kind), results, strict=True):
            yield _read_result(row, result)


def _read_result(row: ImportRow, result: Sequence[Any]) -> tuple[ImportRow, RowResult]:
    """Return a row with the cells that were filled in, and its result, from what a batch has stored of it."""
    outcome, message, filled = result
    return fill_in(row, filled), RowResult(RowOutcome(outcome), message, filled)


def fill_in(row: ImportRow, filled: Mapping[str, str]) -> ImportRow:
    """Return the row with these cells filled in."""
    return replace(row, values={**row.values, **filled}) if filled else row


def read_rows_as_checked(source: Import, rows: Iterable[ImportRow]) -> Iterator[ImportRow]:
    """Yield the rows of an uploaded file with the cells that its dry run has filled in."""
    with files.open_file_for_reading(files.build_filled_name(source)) as file:
        for row, line in zip(rows, file, strict=True):
            yield fill_in(row, json.loads(line))


def write_filled_cells(source: Import) -> None:
    """Write the file with the cells that the dry run has filled in, a line for each row. Its batches are all done."""
    batches = ImportBatch.objects.filter(source=source).order_by("rows_before").values_list("results", flat=True)
    with files.open_file_for_writing(files.build_filled_name(source)) as file:
        for _outcome, _message, filled in chain.from_iterable(batches.iterator(chunk_size=10)):
            file.write(json.dumps(filled).encode() + b"\n")


def read_results_so_far(source: Import, kind: ImportKind) -> Iterator[tuple[ImportRow, RowResult]]:
    """Yield each row of the uploaded file with its result in the present run, which cannot go on.

    What it has not done is not reached. The row at which the file cannot be read is the last, with the reason.
    """
    batches = ImportBatch.objects.filter(source=source).order_by("rows_before").values_list("results", flat=True)
    results = chain.from_iterable(batches.iterator(chunk_size=10))
    with files.open_file_for_reading(files.build_upload_name(source)) as file:
        reader = CsvReader(file, kind)
        try:
            for at, row in enumerate(reader):
                if at >= kind.max_rows:
                    yield row, RowResult(RowOutcome.BAD, describe_too_many_rows(kind, row.number))
                    return
                yield _read_result(row, next(results, (RowOutcome.NOT_REACHED, "", {})))
        except UnreadableFile as error:
            values = dict.fromkeys(kind.column_keys, "")
            yield ImportRow(reader.row, values, ""), RowResult(RowOutcome.BAD, error.message)


def write_results_of_failure(source: Import, kind: ImportKind) -> dict[str, int]:
    """Write the files with what the present run has done before it failed; return how many rows had which outcome."""
    counts: Counter[str] = Counter()

    def count(results: Iterator[tuple[ImportRow, RowResult]]) -> Iterator[tuple[ImportRow, RowResult]]:
        for row, result in results:
            counts[str(result.outcome)] += 1
            yield row, result

    write_result_files(source, kind, count(read_results_so_far(source, kind)))
    return dict(counts)


def write_result_files(
    source: Import, kind: ImportKind, results: Iterator[tuple[ImportRow, RowResult]] | None = None
) -> None:
    """Write the files with the results of the present run, by default those of a run whose batches are all done."""
    shown: Counter[RowOutcome] = Counter()
    with (
        files.open_file_for_writing(files.build_results_name(source)) as all_results,
        files.open_file_for_writing(files.build_samples_name(source)) as samples,
    ):
        texts = [io.TextIOWrapper(file, "utf-8", newline="") for file in (all_results, samples)]
        for text in texts:
            text.write(BOM)
            write_csv_row(text, [*RESULT_COLUMNS, *kind.column_keys])
        for row, result in results or read_row_results(source, kind):
            cells = [row.number, result.outcome, result.message, *row.values.values()]
            write_csv_row(texts[0], cells)
            if shown[result.outcome] < SAMPLES:
                shown[result.outcome] += 1
                write_csv_row(texts[1], cells)
        for text in texts:
            text.flush()
            text.detach()  # the file is closed by whoever has opened it


def get_results_deadline(source: Import) -> datetime | None:
    """Return until when the results of an import can be fetched, or None if they cannot be fetched now."""
    if source.state not in WITH_RESULTS or source.finished_at is None:
        return None
    if source.state == State.FAILED and not source.problem:
        return None  # the worker that was to write them and to say why it failed was killed too
    if source.state == State.CANCELLED and not source.mode:
        return None  # nothing was applied
    until = source.finished_at + KEPT
    return until if until > timezone.now() else None


def read_samples(source: Import) -> list[list[str]]:
    """Return the first results of each outcome, as the cells of their rows, in the order of the file.

    It is empty if there is no such file.
    """
    if get_results_deadline(source) is None:
        return []
    with suppress(FileNotFoundError), files.open_file_for_reading(files.build_samples_name(source)) as file:
        return [[unescape_spreadsheet_cell(cell) for cell in cells] for cells in _read_cells(file)][1:]
    return []


def _read_cells(file: IO[bytes]) -> Iterator[list[str]]:
    with io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
        yield from csv.reader(text)


def download_results(*, actor: Actor, source: Import, only_failed: bool) -> HttpResponse:
    """Return a response with the results of an import's latest run as a CSV file.

    `only_failed` leaves out all rows but those that failed, so that they can be mended and uploaded again: the columns
    of the results are ignored then. Raises Conflict while there are none, and NoLongerExists once they are deleted.
    """
    authorize(actor, ROLE_TABLE, ImportPermission.IMPORT)
    if source.state == State.EXPIRED:
        raise NoLongerExists("import_gone", _("The results have been deleted. They are kept for a week."))
    if source.state not in WITH_RESULTS:
        raise Conflict("results_not_ready", _("There are no results yet. The import’s page shows its progress."))
    try:
        if get_results_deadline(source) is None:
            raise FileNotFoundError
        file = files.open_file_for_reading(files.build_results_name(source))
    except FileNotFoundError:
        raise NoLongerExists("import_gone", _("The results have been deleted. They are kept for a week.")) from None
    response: Any = FileResponse(file, content_type=CSV)
    if only_failed:
        response = StreamingHttpResponse(_read_failed_rows(file), content_type=CSV)
    return add_csv_download_headers(response, f"{source.kind}-{'errors' if only_failed else 'results'}")


def _read_failed_rows(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the head of a file of results, and its rows that failed. Closes the file."""
    with file:
        for number, cells in enumerate(_read_cells(file)):
            if number == 0:
                yield BOM.encode()
            elif not RowOutcome(cells[1]).is_failure:
                continue
            text = io.StringIO()
            write_csv_row(text, [unescape_spreadsheet_cell(cell) for cell in cells])
            yield text.getvalue().encode()
