from django.core.management.base import CommandError, CommandParser

from entitlements.actions.usage_check import find_wrong_usage_totals, rebuild_usage_totals
from partnerportal.lib.commands import StaffCommand

SHOWN = 50  # differences that the terminal shows


class Command(StaffCommand):
    """The command that checks or rebuilds the totals of use by month and by customer."""

    help = (
        "Compare the months of use, and what lists say of customers' use, with the days that were reported."
        " Repairs what differs, or with --check only says so."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; the exit code is 1 if they differ")

    def handle(self, *args: object, check: bool, **options: object) -> None:
        if not check:
            self.stdout.write(f"Corrected: {rebuild_usage_totals(actor=self.actor):,} rows.")
            return
        differences = find_wrong_usage_totals()
        for line in differences[:SHOWN]:
            self.stdout.write(line)
        if differences:
            raise CommandError(f"{len(differences):,} differences. Without --check they are corrected.")
        self.stdout.write("No differences.")
