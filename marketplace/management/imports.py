"""The base of the commands by which vendor staff import files of JSON Lines."""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.core.management.base import CommandError, CommandParser

from entitlements.ingest.upload_files import DamagedUploadFile
from entitlements.management.commands.ingest import (
    SHOWN,
    format_result_as_json,
    format_result_as_text,
    open_feed_file,
    open_report_file,
)
from partnerportal.lib.commands import StaffCommand
from partnerportal.lib.json_lines.facts import LineOutcome, LineResult
from partnerportal.lib.json_lines.reading import LineReader


class ImportCommand(StaffCommand):
    """The base of a command that imports a file, names the lines that are wrong, and fails if there were any."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="JSON Lines, UTF-8 or packed by gzip; - reads standard input")
        parser.add_argument("--report", metavar="FILE", help="write the result of every line there, as JSON Lines")

    def import_file(self, stream: LineReader, report_result: Callable[[LineResult], None]) -> Counter[LineOutcome]:
        """Import the lines, and return how many had each outcome."""
        raise NotImplementedError

    def handle(self, *args: object, file: str, report: str | None, **options: Any) -> None:
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
            stream = files.enter_context(open_feed_file(file))
            lines = files.enter_context(open_report_file(report)) if report else None
            try:
                counts = self.import_file(stream, tell)
            except DamagedUploadFile as damage:
                raise CommandError(
                    f"{file} cannot be read to its end ({damage.code}). What came before is in."
                ) from None
        if refused > SHOWN:
            self.stderr.write(f"… and {refused - SHOWN:,} more." + ("" if report else " --report FILE lists them all."))
        done = [outcome for outcome in LineOutcome if outcome != LineOutcome.ERROR]
        self.stdout.write(", ".join(f"{counts[outcome]:,} {outcome}" for outcome in done))
        if refused:
            raise CommandError(f"{refused:,} of {counts.total():,} lines were left out.")
