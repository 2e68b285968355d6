from django.core.management.base import CommandParser

from accounts.actions.standing import suspend_organization
from accounts.management.arguments import find_organization
from partnerportal.lib.commands import StaffCommand


class Command(StaffCommand):
    help = "Suspend an organisation at once: its people see that it is, and whom to ask, and nothing else."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organization", metavar="ORGID")
        parser.add_argument("--reason", required=True, help="kept in the log")

    def handle(self, *args: object, organization: str, reason: str, **options: object) -> None:
        row = suspend_organization(actor=self.actor, organization=find_organization(organization), reason=reason)
        self.stdout.write(f"{row} is suspended.")
