from django.core.management.base import CommandParser

from accounts.actions.personal_data import erase_personal_data
from partnerportal.lib.commands import StaffCommand, parse_email_address


class Command(StaffCommand):
    help = (
        "Delete a person for good: account, devices, sessions, settings and saved views go, and the log no longer names"
        " them. Refuses while they are the only Admin of an organisation. Cannot be undone; safe to repeat."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL", type=parse_email_address)

    def handle(self, *args: object, email: str, **options: object) -> None:
        was_there = erase_personal_data(actor=self.actor, email=email)
        self.stdout.write(f"{email} is erased." if was_there else f"Nobody has the address {email}; nothing names it.")
