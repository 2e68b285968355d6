"""Arguments that several commands of vendor staff take, and what their typed texts name."""

import datetime as dt
from argparse import ArgumentTypeError
from typing import TypeVar
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from accounts.actions.people import refuse_taken_secondary_email
from accounts.models import Competency, Organization, Person, Program, Skill
from partnerportal.lib.countries import list_country_choices

C = TypeVar("C", Competency, Skill)


def parse_country_code(text: str) -> str:
    """Return a typed country code in capitals.

    Raises ArgumentTypeError for a code that ISO 3166 does not have.
    """
    code = text.upper()
    if code not in dict(list_country_choices()):
        raise ArgumentTypeError(f"{text} is not an ISO 3166 country code.")
    return code


def find_organization(org_id: str) -> Organization:
    """Return the organisation with this ORGID. Raises CommandError for an unknown one."""
    organization = Organization.objects.filter(org_id=org_id).first()
    if organization is None:
        raise CommandError(f"No organisation has the ORGID {org_id}.")
    return organization


def add_program_membership_arguments(parser: CommandParser) -> None:
    """Add the ORGID and the programme that name a membership, for `find_organization` and `find_program`."""
    parser.add_argument("organization", metavar="ORGID")
    parser.add_argument("program", metavar="PROGRAM", help="its code, for example solution_advisor")


def add_date_argument(parser: CommandParser, flag: str, dest: str, *, help: str) -> None:
    """Add an option that takes a day as YYYY-MM-DD and hands the date over as `dest`; None when left out."""
    parser.add_argument(flag, dest=dest, type=dt.date.fromisoformat, metavar="DATE", help=help)


def parse_tenant_id(text: str) -> UUID:
    """Return a typed tenant ID as a UUID. Raises ArgumentTypeError for a text that is no UUID."""
    try:
        return UUID(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text} is not a UUID.") from error


def find_program(code: str) -> Program:
    """Return the programme with this code.

    Raises CommandError for an unknown code, and lists the codes there are.
    """
    program = Program.objects.filter(code=code).first()
    if program is None:
        codes = ", ".join(Program.objects.order_by("code").values_list("code", flat=True))
        raise CommandError(f"There is no programme {code}. The programmes are: {codes}.")
    return program


def find_qualification(model: type[C], code: str) -> C:
    """Return the competency or skill with this code; `model` is Competency or Skill.

    Raises CommandError for an unknown code, and lists the codes there are.
    """
    row = model._default_manager.filter(code=code).first()
    if row is None:
        codes = ", ".join(model._default_manager.order_by("code").values_list("code", flat=True))
        raise CommandError(f"There is no {model._meta.verbose_name} {code}. There are: {codes}.")
    return row


def find_person(email: str) -> Person:
    """Return the person with this main e-mail address, in whatever mix of capital and small letters.

    Raises Conflict("further_address") for a second address of somebody, and CommandError for an unknown one.
    """
    person = Person.objects.filter(email=email.lower()).first()
    if person is None:
        refuse_taken_secondary_email(email)
        raise CommandError(f"Nobody has the address {email}.")
    return person
