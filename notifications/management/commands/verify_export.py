from collections.abc import Mapping
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from notifications.exported_log import ExportReport, read_exported_rows, verify_exported_log
from notifications.models import EventSeal
from notifications.verification import parse_checkpoints
from partnerportal.lib import tenancy
from partnerportal.lib.commands import NEEDS_JOB_ROLE, require_storable_arguments

BATCH = 5000  # positions that are looked up at once


class Command(BaseCommand):
    """The command that checks an exported activity log. Without --stored it needs no database."""

    help = (
        "Check a CSV file of the activity log by itself: no row was changed after its export. With --checkpoint and"
        " --stored also that its digests are the portal's. It does not show that no row is missing. Names, notes and"
        " the words of actions are not sealed."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--checkpoint", metavar="FILE", help="lines of export_event_checkpoint, kept elsewhere")
        parser.add_argument("--stored", action="store_true", help="compare each row with the seals of this portal")

    def handle(self, *args: object, file: str, checkpoint: str | None, stored: bool, **options: object) -> None:
        require_storable_arguments({"file": file, "checkpoint": checkpoint})
        known: Mapping[int, str] = {}
        try:
            if checkpoint is not None:
                with self.open(checkpoint) as lines:
                    known = parse_checkpoints(lines)
            with self.open(file) as lines:
                report = verify_exported_log(read_exported_rows(lines), known)
        except (OSError, ValueError) as error:
            raise CommandError(f"{file}: {error}", returncode=2) from error
        if stored:
            self.compare(report)
        for problem in report.problems:
            self.stdout.write(problem)
        if report.problems:
            raise CommandError("The file differs from what was exported.", returncode=1)
        told = f" {report.unsealed:,} of them not sealed yet." if report.unsealed else ""
        found = f" {report.checkpoints:,} checkpoints agree." if report.checkpoints else ""
        if known and not report.checkpoints:
            found = " No checkpoint has the position of a row, so none was compared."
        self.stdout.write(f"Checked {report.rows:,} rows.{told}{found}")

    def open(self, path: str):  # type: ignore[no-untyped-def]
        """Open a file of text. Raises ValueError for what is no file."""
        if not Path(path).is_file():
            raise ValueError("There is no such file.")
        return open(path, encoding="utf-8-sig", newline="")

    def compare(self, report: ExportReport) -> None:
        """Name the rows whose links are not those of this portal."""
        if not tenancy.bypasses_row_security():
            raise CommandError(NEEDS_JOB_ROLE)
        positions = sorted(report.links)
        for begin in range(0, len(positions), BATCH):
            some = positions[begin : begin + BATCH]
            rows = EventSeal.objects.filter(pk__in=some).values_list("pk", "digest")
            stored = {position: bytes(digest).hex() for position, digest in rows}
            for position in some:
                if stored.get(position) != report.links[position]:
                    report.add(f"The row at position {position} is not what this portal has sealed.")
