from django.core.management.base import CommandParser

from accounts.actions.standing import set_partner_onboarding
from accounts.management.arguments import find_organization
from partnerportal.lib.commands import StaffCommand


class Command(StaffCommand):
    help = (
        "Say whether the partners that a distributor onboards are members at once, or when vendor staff confirm them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("distributor", metavar="ORGID")
        choice = parser.add_mutually_exclusive_group(required=True)
        choice.add_argument("--at-once", dest="at_once", action="store_true", help="they need no confirmation")
        choice.add_argument("--confirmed", dest="at_once", action="store_false", help="vendor staff confirm each")

    def handle(self, *args: object, distributor: str, at_once: bool, **options: object) -> None:
        row = set_partner_onboarding(actor=self.actor, distributor=find_organization(distributor), at_once=at_once)
        how = "are members at once" if row.onboards_partners_at_once else "are confirmed by vendor staff"
        self.stdout.write(f"New partners of {row} {how}.")
