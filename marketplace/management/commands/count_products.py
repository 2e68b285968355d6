from django.core.management.base import CommandError, CommandParser

from marketplace.actions.products import NIGHTLY, count_products
from marketplace.queries.products import MONTHS
from partnerportal.lib.commands import StaffCommand


class Command(StaffCommand):
    """The command that counts publishers' products, as a job does each night."""

    help = (
        "Count the licences, active users, trials and renewals of publishers' products, and replace what was counted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--months", type=int, default=NIGHTLY, help=f"how many months, the present one first (1 to {MONTHS})"
        )

    def handle(self, *args: object, months: int, **options: object) -> None:
        if not 1 <= months <= MONTHS:
            raise CommandError(f"--months is a number from 1 to {MONTHS}.")
        self.stdout.write(f"Counted: {count_products(actor=self.actor, months=months):,} sums.")
