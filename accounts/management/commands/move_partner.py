from django.core.management.base import CommandParser

from accounts.actions.standing import move_partner
from accounts.management.arguments import find_organization
from partnerportal.lib.commands import StaffCommand


class Command(StaffCommand):
    help = "Move a partner under another distributor. Its customers are then seen by that one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("partner", metavar="ORGID")
        parser.add_argument("--distributor", metavar="ORGID", help="default: none, directly under the vendor")

    def handle(self, *args: object, partner: str, distributor: str | None, **options: object) -> None:
        above = find_organization(distributor) if distributor else None
        row = move_partner(actor=self.actor, partner=find_organization(partner), distributor=above)
        self.stdout.write(f"{row} stands under {above or 'the vendor'}.")
