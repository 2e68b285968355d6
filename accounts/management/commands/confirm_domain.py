from django.core.management.base import CommandError, CommandParser

from accounts.actions.domains import confirm_domain, withdraw_domain_confirmation
from accounts.management.arguments import find_organization
from partnerportal.lib.commands import StaffCommand


class Command(StaffCommand):
    help = (
        "Say that a domain is an organisation's: its people have work accounts there for as long as it has proved no"
        " domain itself. With --withdraw it counts no longer, unless it is proved."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organization", metavar="ORGID")
        parser.add_argument("domain", metavar="DOMAIN", help="for example example.com")
        parser.add_argument("--withdraw", action="store_true", help="take the confirmation back")

    def handle(self, *args: object, organization: str, domain: str, withdraw: bool, **options: object) -> None:
        row = find_organization(organization)
        if not withdraw:
            name = confirm_domain(actor=self.actor, organization=row, name=domain).name
            self.stdout.write(f"{name} is confirmed as a domain of {row}.")
        elif withdraw_domain_confirmation(actor=self.actor, organization=row, name=domain):
            self.stdout.write(f"{domain} is no longer confirmed as a domain of {row}.")
        else:
            raise CommandError(f"{domain} is not confirmed as a domain of {row}.")
