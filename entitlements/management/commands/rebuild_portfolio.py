from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from connections.actions import list_portfolio_inconsistencies, rebuild_portfolio
from entitlements.actions.figures import find_wrong_portfolio_figures, rebuild_portfolio_figures
from entitlements.actions.listing import find_wrong_customer_listing_rows, rebuild_customer_listing
from entitlements.actions.partners import find_wrong_partner_listing_rows, rebuild_partner_listing
from partnerportal.lib.commands import StaffCommand

SHOWN = 50  # differences that the terminal shows


class Command(StaffCommand):
    """The command that checks or rebuilds the portfolio, the lists of customers and partners, and their figures."""

    help = (
        "Compare who may see whom, and the lists of customers and partners that follow from it, with their definition:"
        " the connections, the distributors' partners, the entitlements. Repairs what differs, or with --check only"
        " says so."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; the exit code is 1 if they differ")

    def handle(self, *args: object, check: bool, **options: object) -> None:
        if check:
            self.report(
                [
                    *list_portfolio_inconsistencies(),
                    *find_wrong_customer_listing_rows(),
                    *find_wrong_portfolio_figures(),
                    *find_wrong_partner_listing_rows(),
                ]
            )
            return
        with transaction.atomic():
            paths = rebuild_portfolio(actor=self.actor)
            listings = rebuild_customer_listing(actor=self.actor)
            figures = rebuild_portfolio_figures(actor=self.actor)
            partners = rebuild_partner_listing(actor=self.actor)
        self.stdout.write(
            f"Corrected: {paths:,} rows of the portfolio, {listings:,} of the customer lists, {figures:,} figures,"
            f" {partners:,} rows of partners."
        )

    def report(self, differences: list[str]) -> None:
        """Write the first differences. Raises CommandError if there are any."""
        for line in differences[:SHOWN]:
            self.stdout.write(line)
        if differences:
            raise CommandError(f"{len(differences):,} differences. Without --check they are corrected.")
        self.stdout.write("No differences.")
