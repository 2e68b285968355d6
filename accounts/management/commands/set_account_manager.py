from django.core.management.base import CommandError, CommandParser

from accounts.actions.standing import set_account_manager
from accounts.management.arguments import find_organization, find_person
from accounts.models import Operator, OrganizationKind
from partnerportal.lib.commands import StaffCommand, parse_email_address


class Command(StaffCommand):
    help = "Name one of the vendor's operators as the account manager of an organisation. Without EMAIL it has none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organization", metavar="ORGID")
        parser.add_argument("email", metavar="EMAIL", type=parse_email_address, nargs="?")
        parser.add_argument("--phone", default="", help="a number to call")

    def handle(self, *args: object, organization: str, email: str | None, phone: str, **options: object) -> None:
        row = set_account_manager(
            actor=self.actor,
            organization=find_organization(organization),
            operator=_operator_of_vendor(email) if email else None,
            phone=phone,
        )
        self.stdout.write(f"{row} has {row.account_manager_email or 'no account manager'}.")


def _operator_of_vendor(email: str) -> Operator:
    """Return the person's operator at the vendor. Raises CommandError for somebody who is none."""
    person = find_person(email)
    operator = Operator.objects.filter(person=person, organization__kind=OrganizationKind.VENDOR).order_by("pk").first()
    if operator is None:
        raise CommandError(f"{person.email} is no operator of the vendor.")
    return operator
