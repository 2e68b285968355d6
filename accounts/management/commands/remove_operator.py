from django.core.management.base import CommandError, CommandParser

from accounts.actions.operators import remove_operator
from accounts.management.arguments import find_organization, find_person
from accounts.models import Operator
from partnerportal.lib.commands import StaffCommand, parse_email_address


class Command(StaffCommand):
    help = "Take away a person's access to an organisation, at once. The last Admin stays."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organization", metavar="ORGID")
        parser.add_argument("email", metavar="EMAIL", type=parse_email_address)

    def handle(self, *args: object, organization: str, email: str, **options: object) -> None:
        person, employer = find_person(email), find_organization(organization)
        operator = Operator.objects.filter(person=person, organization=employer).first()
        if operator is None:
            raise CommandError(f"{person.email} does not act for {employer}.")
        remove_operator(actor=self.actor, operator=operator)
        self.stdout.write(f"{person.email} no longer acts for {employer}.")
