from django.core.management.base import CommandParser

from accounts.actions.people import unlock_person
from accounts.management.arguments import find_person
from partnerportal.lib.commands import StaffCommand, parse_email_address


class Command(StaffCommand):
    help = "Let a locked person in again, with the password and devices they had."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL", type=parse_email_address)

    def handle(self, *args: object, email: str, **options: object) -> None:
        person = find_person(email)
        unlock_person(actor=self.actor, person=person)
        self.stdout.write(f"{person.email} is no longer locked.")
