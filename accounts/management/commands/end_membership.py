import datetime as dt

from django.core.management.base import CommandParser

from accounts.actions.standing import change_membership_end
from accounts.management.arguments import (
    add_date_argument,
    add_program_membership_arguments,
    find_organization,
    find_program,
)
from partnerportal.lib.commands import StaffCommand
from partnerportal.lib.days import today


class Command(StaffCommand):
    help = "Let the programme membership that runs today end."

    def add_arguments(self, parser: CommandParser) -> None:
        add_program_membership_arguments(parser)
        add_date_argument(parser, "--on", "ends_on", help="last day; default: today")

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
