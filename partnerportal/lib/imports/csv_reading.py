"""The reading of a CSV file that somebody made by hand, by a spreadsheet or by another system.

It takes UTF-8 with or without a BOM, lines that end in CRLF or LF, cells that are separated by comma, semicolon or tab,
and columns in any order. No more than one row is held in memory. What stops the reading raises UnreadableFile, which
names the row; what is wrong with one row alone is its `problem`, and the others are read on.
"""

import csv
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import IO

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partnerportal.lib import formats
from partnerportal.lib.errors import InvalidInput
from partnerportal.lib.imports.kinds import RESULT_COLUMNS, ImportKind, ImportRow
from partnerportal.lib.spreadsheet_safety import unescape_spreadsheet_cell
from partnerportal.lib.text import escape_unprintable

LINE_BYTES = 200_000  # of one line, at most; csv itself limits a cell to 131,072 characters
CELL = 2000  # characters of a cell
NAMED = 40  # characters of a foreign heading that an error repeats
COLUMNS = 100  # headings that are looked at
SEPARATORS = (",", ";", "\t")
BOM = "\ufeff".encode()
NOT_CSV = {  # what other kinds of files begin with
    b"PK": "archive",
    b"\x1f\x8b": "archive",
    b"\xd0\xcf\x11\xe0": "archive",
    b"%PDF": "archive",
    b"\xff\xfe": "not_utf8",
    b"\xfe\xff": "not_utf8",
}


class UnreadableFile(InvalidInput):
    """Raised for a file that cannot be read to its end. The message names the row, where there is one."""


class CsvReader:
    """A reader of an open binary CSV file, for one kind of import.

    Creating it reads the head of the file; iterating yields an ImportRow for each row that is not blank. Both raise
    UnreadableFile.
    """

    def __init__(self, file: IO[bytes], kind: ImportKind) -> None:
        self.kind = kind
        self._row = 0  # the number of the row that is being read; 0 before the first
        lines = self._read_lines(file)
        first = next(lines, "")
        if not first.strip():
            raise UnreadableFile("empty", _("The file is empty, or its first row is blank."))
        separator = max(SEPARATORS, key=lambda each: self._count_known(first, each))
        self._cells = csv.reader(chain([first], lines), delimiter=separator, strict=True)
        self._ignored = {column.key for column in kind.columns if column.is_ignored}
        self._keys = self._choose_columns(next(self._read_cells()))

    def __iter__(self) -> Iterator[ImportRow]:
        for cells in self._read_cells():
            if any(cell.strip() for cell in cells):
                yield self._build_row(cells)

    @property
    def row(self) -> int:
        """The number of the row that was read last, or could not be read."""
        return max(self._row, 1)

    def _read_lines(self, file: IO[bytes]) -> Iterator[str]:
        """Yield the lines of the file as text."""
        at_start = True
        while line := file.readline(LINE_BYTES + 1):
            if at_start:
                self._refuse_other_types(line)
                line, at_start = line.removeprefix(BOM), False
            if len(line) > LINE_BYTES:
                raise self._make_error("too_long", _("Row %(row)s is too long. Is this a CSV file?"))
            if b"\0" in line:
                raise self._make_error("binary", _("Row %(row)s has a NUL character, so this is not a CSV file."))
            try:
                yield line.decode()
            except UnicodeDecodeError:
                raise self._make_error(
                    "not_utf8", _("Row %(row)s is not in UTF-8. Save the file as “CSV UTF-8” and upload it again.")
                ) from None

    def _refuse_other_types(self, line: bytes) -> None:
        code = next((code for start, code in NOT_CSV.items() if line.startswith(start)), "")
        if code == "archive":
            raise UnreadableFile(
                "archive",
                _(
                    "This is a workbook, a PDF or an archive, not a CSV file. Save the "
                    "table as “CSV UTF-8” and upload that file."
                ),
            )
        if code:
            raise UnreadableFile(code, _("This file is in UTF-16. Save it as “CSV UTF-8” and upload it again."))

    def _read_cells(self) -> Iterator[list[str]]:
        """Yield the cells of each row, and count the rows."""
        while True:
            self._row += 1
            try:
                cells = next(self._cells)
            except StopIteration:
                return
            except csv.Error:
                message = _(
                    "Row %(row)s can’t be read: a quotation mark is missing or misplaced, or a cell is too long."
                )
                raise self._make_error("bad_quotes", message) from None
            yield cells

    def _make_error(self, code: str, message: str) -> UnreadableFile:
        return UnreadableFile(code, message % {"row": formats.format_number(self.row)})

    def _count_known(self, first_line: str, separator: str) -> int:
        """Return how many of the kind's columns the first line names, if this character separates its cells."""
        try:
            cells = next(csv.reader([first_line], delimiter=separator))
        except csv.Error:
            return 0
        return sum(_normalize_heading(cell) in self.kind.column_keys for cell in cells)

    def _choose_columns(self, headings: list[str]) -> list[str]:
        """Return the key of the column that each heading names; "" for one that is ignored."""
        keys = [_normalize_heading(heading) for heading in headings]
        while keys and not keys[-1]:
            keys.pop()
        known = ", ".join(self.kind.column_keys)
        if not set(keys) & set(self.kind.column_keys):
            raise UnreadableFile(
                "no_header", _("The first row must name the columns. They are: %(names)s.") % {"names": known}
            )
        for position, key in enumerate(keys[:COLUMNS]):
            if not key:
                message = _("Column %(number)s has no name. The columns are: %(names)s.")
                shown = {"number": formats.format_number(position + 1), "names": known}
                raise UnreadableFile("unknown_column", message % shown)
            shown = {"name": escape_unprintable(headings[position].strip()[:NAMED]), "names": known}
            if key not in self.kind.column_keys and key not in RESULT_COLUMNS:
                message = _("The column “%(name)s” is unknown. The columns are: %(names)s.")
                raise UnreadableFile("unknown_column", message % shown)
            if key in keys[:position]:
                raise UnreadableFile("duplicate_column", _("The column “%(name)s” appears twice.") % shown)
        if len(keys) > COLUMNS:
            raise UnreadableFile("too_many_columns", _("The file has too many columns."))
        for column in self.kind.columns:
            if column.is_required and column.key not in keys:
                message = _("The column “%(name)s” is missing. The columns are: %(names)s.")
                raise UnreadableFile("missing_column", message % {"name": column.key, "names": known})
        return keys

    def _build_row(self, cells: list[str]) -> ImportRow:
        values = dict.fromkeys(self.kind.column_keys, "")
        problem = ""
        for key, cell in zip(self._keys, cells, strict=False):
            if key not in values:
                continue
            if len(cell) > CELL:
                if key not in self._ignored:
                    problem = problem or _("“%(name)s” is longer than 2,000 characters.") % {"name": key}
                cell = cell[:CELL]
            values[key] = unescape_spreadsheet_cell(cell).strip()
        if any(cell.strip() for cell in cells[len(self._keys) :]):
            problem = problem or _("The row has more cells than the file has columns.")
        missing = (column.key for column in self.kind.columns if column.is_required and not values[column.key])
        if name := next(missing, None):
            problem = problem or _("“%(name)s” is empty.") % {"name": name}
        return ImportRow(self._row, values, problem)


def _normalize_heading(heading: str) -> str:
    return heading.strip().strip("\ufeff").casefold()


def count_rows(file: IO[bytes], kind: ImportKind) -> int:
    """Read the file to its end and return how many rows it has, blank ones not counted.

    Raises UnreadableFile for a file that cannot be read to its end, has no rows, or more than the kind allows.
    """
    count = 0
    for count, row in enumerate(CsvReader(file, kind), start=1):
        if count > kind.max_rows:
            raise UnreadableFile("too_many_rows", describe_too_many_rows(kind, row.number))
    if not count:
        raise UnreadableFile("no_rows", _("The file has no rows below its header."))
    return count


def describe_too_many_rows(kind: ImportKind, row: int) -> str:
    """Return the sentence that refuses a file with more rows than the kind allows, of which `row` is the first."""
    message = ngettext(
        "The file has more than %(count)s row. Split it before row %(row)s.",
        "The file has more than %(count)s rows. Split it before row %(row)s.",
        kind.max_rows,
    )
    return message % {"count": formats.format_number(kind.max_rows), "row": formats.format_number(row)}


def read_batches(rows: Iterable[ImportRow], size: int) -> Iterator[list[ImportRow]]:
    """Yield the rows in lists of at most `size`."""
    remaining = iter(rows)
    while batch := list(islice(remaining, size)):
        yield batch
