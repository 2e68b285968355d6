import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from accounts.imports import ADD, OPERATORS
from partnerportal.lib.commands import StaffCommand
from partnerportal.lib.imports.csv_reading import CsvReader, read_batches
from partnerportal.lib.imports.judging import KeysSeen, judge_batch
from partnerportal.lib.imports.kinds import ImportRow
from partnerportal.lib.imports.results import RowOutcome, RowResult
from partnerportal.lib.text import escape_unprintable


class Command(StaffCommand):
    help = (
        "Import the operators of the old portal from a CSV file (docs/operations.md describes its columns). Each row is"
        " imported wholly or not at all, and its result is printed: row, outcome, ORGID, address and reason, separated"
        " by tabs. Nothing is taken away, so the same file may come in again. The exit code is 1 when a row was left"
        " out."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="CSV in UTF-8; - reads standard input")
        parser.add_argument("--dry-run", action="store_true", help="change nothing, and print what would become of it")

    def handle(self, *args: object, file: str, dry_run: bool, **options: object) -> None:
        counts: Counter[RowOutcome] = Counter()
        with open_csv(file) as stream:
            for _row in CsvReader(stream, OPERATORS):  # what cannot be read to its end is refused before anything is in
                pass
            stream.seek(0)
            keys = KeysSeen(OPERATORS)
            for batch in read_batches(CsvReader(stream, OPERATORS), OPERATORS.batch_rows or 1):
                for row, result in zip(batch, self.judge(batch, keys, dry_run=dry_run), strict=True):
                    counts[result.outcome] += 1
                    self.stdout.write(format_row_result(row, result))
        self.stderr.write(", ".join(f"{count:,} {outcome}" for outcome, count in counts.items()) or "no rows")
        if dry_run:
            self.stderr.write("Nothing was changed.")
        if failed := sum(count for outcome, count in counts.items() if outcome.is_failure):
            raise CommandError(f"{failed:,} of {counts.total():,} rows were left out.")

    @transaction.atomic
    def judge(self, batch: list[ImportRow], keys: KeysSeen, *, dry_run: bool) -> list[RowResult]:
        """Check or import a batch of rows, and return the result of each."""

        def ask_kind(rows: list[ImportRow]) -> Any:
            if dry_run:
                return OPERATORS.check(self.actor, None, rows)
            return OPERATORS.apply(self.actor, None, rows, ADD)

        return judge_batch(batch, keys, ask_kind)


@contextmanager
def open_csv(name: str) -> Iterator[IO[bytes]]:
    """Open a file for reading, or a copy of standard input for "-". Raises CommandError if that fails."""
    try:
        if name == "-":
            with TemporaryFile() as copy:
                copyfileobj(sys.stdin.buffer, copy)
                copy.seek(0)
                yield copy
        else:
            with open(name, "rb") as file:
                yield file
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error


def format_row_result(row: ImportRow, result: RowResult) -> str:
    """Return the result of a row as one printable line for the terminal, its cells separated by tabs."""
    cells = (row.number, result.outcome, row.values["org_id"], row.values["email"], result.message)
    return "\t".join(escape_unprintable(str(cell)) for cell in cells)
