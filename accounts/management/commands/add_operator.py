from django.core.management.base import CommandParser
from django.db import transaction

from accounts.actions.operators import add_operator
from accounts.actions.people import register_person
from accounts.management.arguments import find_organization
from accounts.management.people import RegisterPersonCommand
from accounts.models import Role
from partnerportal.lib.commands import parse_email_address


class Command(RegisterPersonCommand):
    help = (
        "Let a person act for an organisation; roles the person has there are replaced. Somebody new sets a password"
        " with “Forgot your password?” on the sign-in page."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organization", metavar="ORGID")
        parser.add_argument("email", metavar="EMAIL", type=parse_email_address)
        parser.add_argument(
            "--role", action="append", required=True, choices=Role.values, help="may be repeated", dest="roles"
        )
        parser.add_argument(
            "--finance", action="store_true", help="let a Reader or Sales agent see customers' orders and prices too"
        )

    @transaction.atomic
    def handle(
        self, *args: object, organization: str, email: str, roles: list[str], finance: bool, **options: object
    ) -> None:
        registration = register_person(actor=self.actor, email=email)
        person = registration.person
        operator = add_operator(
            actor=self.actor,
            organization=find_organization(organization),
            person=person,
            roles=map(Role, roles),
            finance_granted=finance,
        )
        self.stdout.write(
            f"{person.email} acts for {operator.organization} as {', '.join(operator.roles)}."
            + (" The person is new and sets a password on the sign-in page." if registration.is_new else "")
        )
        self.warn_about_reset_account(registration)
