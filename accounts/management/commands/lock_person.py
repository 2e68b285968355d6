from django.core.management.base import CommandParser

from accounts.actions.people import lock_person
from accounts.management.arguments import find_person
from accounts.queries.operators import list_organizations_with_sole_admin
from partnerportal.lib.commands import StaffCommand, parse_email_address


class Command(StaffCommand):
    help = (
        "Shut a person out at once: their sessions end, and sign-in, reset links, calendar URLs and mails stop."
        " What they are is kept; unlock_person lets them in again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL", type=parse_email_address)
        parser.add_argument("--reason", required=True, metavar="TEXT", help="it stands in the log")

    def handle(self, *args: object, email: str, reason: str, **options: object) -> None:
        person = find_person(email)
        lock_person(actor=self.actor, person=person, reason=reason)
        self.stdout.write(f"{person.email} is locked.")
        for organization in list_organizations_with_sole_admin(person):
            self.stderr.write(f"{organization} ({organization.org_id}) has no other Admin: add one with add_operator.")
