import datetime as dt

from django.core.management.base import CommandParser

from accounts.actions.organizations import grant_membership
from accounts.management.arguments import (
    add_date_argument,
    add_program_membership_arguments,
    find_organization,
    find_program,
)
from partnerportal.lib.commands import StaffCommand
from partnerportal.lib.days import today


class Command(StaffCommand):
    help = "Record a programme membership, or correct the end of the one that began on the same day."

    def add_arguments(self, parser: CommandParser) -> None:
        add_program_membership_arguments(parser)
        add_date_argument(parser, "--from", "starts_on", help="first day; default: today")
        add_date_argument(parser, "--until", "ends_on", help="last day; default: no end")

    def handle(
        self,
        *args: object,
        organization: str,
        program: str,
        starts_on: dt.date | None,
        ends_on: dt.date | None,
        **options: object,
    ) -> None:
        membership = grant_membership(
            actor=self.actor,
            organization=find_organization(organization),
            program=find_program(program),
            starts_on=starts_on or today(),
            ends_on=ends_on,
        )
        until = f"until {membership.ends_on}" if membership.ends_on else "without end"
        self.stdout.write(f"{membership.organization}: {membership.program} from {membership.starts_on} {until}.")
