"""The base of commands by which vendor staff import files of JSON Lines."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from typing import Any, TextIO, cast

from django.core.management.base import CommandError, CommandParser

from partnerportal.lib.commands import StaffCommand
from partnerportal.lib.json_lines.facts import LineOutcome, LineResult
from partnerportal.lib.json_lines.files import DamagedFile, DecompressingReader, PeekableFile
from partnerportal.lib.text import escape_unprintable

SHOWN = 50  # refused lines that the terminal shows; --report has them all


class JsonLinesCommand(StaffCommand):
    """The base of a command that imports a file, names the lines that are wrong, and fails if there were any."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="JSON Lines, UTF-8 or packed by gzip; - reads standard input")
        parser.add_argument("--report", metavar="FILE", help="write the result of every line there, as JSON Lines")

    def read_lines(
        self, stream: DecompressingReader, report: TextIO | None, options: dict[str, Any]
    ) -> DecompressingReader:
        """Return the lines to import: those of the file, where a command does not convert them first."""
        return stream

    def import_lines(
        self, stream: DecompressingReader, report_result: Callable[[LineResult], None], options: dict[str, Any]
    ) -> Counter[LineOutcome]:
        """Import the lines, and return how many had each outcome."""
        raise NotImplementedError

    def handle(self, *args: object, **options: Any) -> None:
        file, report = options["file"], options["report"]
        refused = 0

        def tell(result: LineResult) -> None:
            nonlocal refused
            if lines is not None:
                lines.write(format_result_as_json(result) + "\n")
            if result.outcome is LineOutcome.ERROR:
                refused += 1
                if refused <= SHOWN:
                    self.stderr.write(format_result_as_text(result))

        with ExitStack() as files:
            stream = files.enter_context(open_lines(file))
            lines = files.enter_context(open_report(report)) if report else None
            try:
                counts = self.import_lines(self.read_lines(stream, lines, options), tell, options)
            except DamagedFile as damage:
                raise CommandError(
                    f"{file} cannot be read to its end ({damage.code}). What came before is in."
                ) from None
        if refused > SHOWN:
            self.stderr.write(f"… and {refused - SHOWN:,} more." + ("" if report else " --report FILE lists them all."))
        done = [outcome for outcome in LineOutcome if outcome != LineOutcome.ERROR]
        self.stdout.write(", ".join(f"{counts[outcome]:,} {outcome}" for outcome in done))
        if refused:
            raise CommandError(f"{refused:,} of {counts.total():,} lines were left out.")


@contextmanager
def open_lines(name: str) -> Iterator[DecompressingReader]:
    """Open a file of JSON Lines for reading, or standard input for "-". Raises CommandError if that fails."""
    if name == "-":
        yield DecompressingReader(cast(PeekableFile, sys.stdin.buffer))
        return
    try:
        file = open(name, "rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error
    with file:
        yield DecompressingReader(file)


@contextmanager
def open_report(name: str) -> Iterator[TextIO]:
    """Open a file for the report of an import, and close it. Raises CommandError if either fails."""
    try:
        stream = open(name, "w", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error
    try:
        yield stream
    finally:
        try:
            stream.close()
        except OSError as error:
            raise CommandError(f"{name}: {error.strerror}") from error


def format_result_as_json(result: LineResult) -> str:
    """Return the result of a line as one line of JSON, for the report of an import."""
    row: dict[str, Any] = {"line": result.line, "type": result.type, "key": result.key, "result": result.outcome}
    if result.problems:
        row["errors"] = [asdict(problem) for problem in result.problems]
    return json.dumps(row)


def format_result_as_text(result: LineResult) -> str:
    """Return the result of a refused line as one printable line for the terminal."""
    about = " ".join(filter(None, (result.type, result.key)))
    reasons = "; ".join(
        f"{problem.field + ': ' if problem.field else ''}{problem.reason} [{problem.code}]"
        for problem in result.problems
    )
    text = f"Line {result.line}{f' ({about})' if about else ''}: {reasons}"
    return escape_unprintable(text)
