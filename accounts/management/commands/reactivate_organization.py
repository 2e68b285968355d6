from django.core.management.base import CommandParser

from accounts.actions.standing import reactivate_organization
from accounts.management.arguments import find_organization
from partnerportal.lib.commands import StaffCommand


class Command(StaffCommand):
    help = "Let a suspended organisation take part again, as before."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organization", metavar="ORGID")

    def handle(self, *args: object, organization: str, **options: object) -> None:
        row = reactivate_organization(actor=self.actor, organization=find_organization(organization))
        self.stdout.write(f"{row} is no longer suspended.")
