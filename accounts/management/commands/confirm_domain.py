from django.core.management.base import CommandParser

from accounts.actions.domains import confirm_domain
from accounts.management.arguments import find_organization
from partnerportal.lib.commands import StaffCommand


class Command(StaffCommand):
    help = (
        "Say that a domain is an organisation's: its people have work accounts there for as long as it has proved no"
        " domain itself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organization", metavar="ORGID")
        parser.add_argument("domain", metavar="DOMAIN", help="for example example.com")

    def handle(self, *args: object, organization: str, domain: str, **options: object) -> None:
        row = confirm_domain(actor=self.actor, organization=find_organization(organization), name=domain)
        self.stdout.write(f"{row.name} is confirmed as a domain of {row.organization}.")
