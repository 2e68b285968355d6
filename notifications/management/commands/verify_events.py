import sys
from pathlib import Path

from django.core.management.base import CommandError, CommandParser

from notifications.verification import LogReport, parse_checkpoints, verify_log
from partnerportal.lib.commands import StaffCommand

CHANGED, LATE = 1, 3  # exit codes; 2 is that of wrong arguments


class Command(StaffCommand):
    """The command that checks whether the log of events was changed."""

    help = (
        "Check that no event of the log was changed, deleted or put in since it was sealed. The exit code is 0 if all"
        " is well, 1 if something was changed, 3 if events only wait for their seal for over a minute."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--checkpoint",
            metavar="FILE",
            help="lines of export_event_checkpoint, or a log with such lines, or - for standard input; shows a cut end",
        )

    def handle(self, *args: object, checkpoint: str | None, **options: object) -> None:
        known = self.read_checkpoints(checkpoint) if checkpoint is not None else {}
        report = verify_log(known)
        for problem in report.problems:
            self.stdout.write(problem)
        self.stdout.write(self.describe(report, len(known)))
        if report.problems:
            raise CommandError("The log was changed after it was sealed.", returncode=CHANGED)
        if report.late:
            raise CommandError(report.late, returncode=LATE)

    def read_checkpoints(self, path: str) -> dict[int, str]:
        """Return the checkpoints in a file. Raises CommandError if it cannot be read or has none."""
        try:
            if path == "-":
                return parse_checkpoints(sys.stdin)
            if not Path(path).is_file():
                raise ValueError("This is no file.")
            with open(path, encoding="utf-8", errors="replace") as file:
                return parse_checkpoints(file)
        except (OSError, ValueError) as error:
            raise CommandError(f"{path}: {error}", returncode=2) from error

    def describe(self, report: LogReport, checkpoints: int) -> str:
        """Return the sentence that says how much was checked."""
        if not report.links:
            return "No event was sealed yet."
        compared = f", {report.checkpoints:,} of {checkpoints:,} checkpoints" if checkpoints else ""
        if report.pruned_checkpoints:
            compared += f" ({report.pruned_checkpoints:,} are of what was deleted after its time)"
        return f"Checked {report.links:,} events, positions {report.first} to {report.last}{compared}: {report.digest}"
