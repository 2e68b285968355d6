from argparse import ArgumentTypeError

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from accounts.actions import add_operator, grant_membership, register_organization, register_person
from accounts.models import Kind, Organization, Program, Role
from partnerportal.lib.commands import StaffCommand, email_address
from partnerportal.lib.countries import country_choices
from partnerportal.lib.days import today


class Command(StaffCommand):
    help = (
        "Register an organisation, with its programmes and its first Admin. A partner gets its invitation link."
        " The Admin sets a password with “Forgot your password?” on the sign-in page."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--kind", required=True, choices=Kind.values)
        parser.add_argument("--name", required=True)
        parser.add_argument("--country", required=True, type=country, metavar="CODE", help="two letters, such as FR")
        parser.add_argument("--parent", metavar="ORGID", help="the distributor above a partner")
        parser.add_argument(
            "--program", action="append", default=[], metavar="CODE", help="a membership from today on; may be repeated"
        )
        parser.add_argument("--admin", type=email_address, metavar="EMAIL", help="the first Admin")

    @transaction.atomic
    def handle(
        self,
        *args: object,
        kind: str,
        name: str,
        country: str,
        parent: str | None,
        program: list[str],
        admin: str | None,
        **options: object,
    ) -> None:
        above = organization_of(parent) if parent else None
        programs = [program_of(code) for code in program]
        organization = register_organization(
            actor=self.actor, kind=Kind(kind), name=name.strip(), country=country, parent=above
        )
        for joined in programs:
            grant_membership(actor=self.actor, organization=organization, program=joined, starts_on=today())
        if admin:
            person, _created = register_person(actor=self.actor, email=admin)
            add_operator(actor=self.actor, organization=organization, person=person, roles=[Role.ADMIN])
        self.stdout.write(organization.org_id)


def country(text: str) -> str:
    code = text.upper()
    if code not in dict(country_choices()):
        raise ArgumentTypeError(f"{text} is not an ISO 3166 country code.")
    return code


def organization_of(org_id: str) -> Organization:
    organization = Organization.objects.filter(org_id=org_id).first()
    if organization is None:
        raise CommandError(f"No organisation has the ORGID {org_id}.")
    return organization


def program_of(code: str) -> Program:
    program = Program.objects.filter(code=code).first()
    if program is None:
        known = ", ".join(Program.objects.order_by("code").values_list("code", flat=True))
        raise CommandError(f"There is no programme {code}. The programmes are: {known}.")
    return program
