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


class Command(StaffCommand):
    help = "Extend the programme membership that runs today."

    def add_arguments(self, parser: CommandParser) -> None:
        add_program_membership_arguments(parser)
        add_date_argument(parser, "--until", "ends_on", help="last day; default: no end")

    def handle(
        self, *args: object, organization: str, program: str, ends_on: dt.date | None, **options: object
    ) -> None:
        membership = change_membership_end(
            actor=self.actor,
            organization=find_organization(organization),
            program=find_program(program),
            ends_on=ends_on,
        )
        until = f"until {membership.ends_on}" if membership.ends_on else "without end"
        self.stdout.write(f"{membership.organization}: {membership.program} {until}.")
