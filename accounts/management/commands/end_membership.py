import datetime as dt

from django.core.management.base import CommandParser

from accounts.actions.standing import change_membership_end
from accounts.management.arguments import find_organization, find_program
from partnerportal.lib.commands import StaffCommand
from partnerportal.lib.days import today


class Command(StaffCommand):
    help = "Let the programme membership that runs today end."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organization", metavar="ORGID")
        parser.add_argument("program", metavar="PROGRAM", help="its code, for example solution_advisor")
        parser.add_argument(
            "--on", dest="ends_on", type=dt.date.fromisoformat, metavar="DATE", help="last day; default: today"
        )

    def handle(
        self, *args: object, organization: str, program: str, ends_on: dt.date | None, **options: object
    ) -> None:
        membership = change_membership_end(
            actor=self.actor,
            organization=find_organization(organization),
            program=find_program(program),
            ends_on=ends_on or today(),
        )
        self.stdout.write(f"{membership.organization}: {membership.program} ends on {membership.ends_on}.")
