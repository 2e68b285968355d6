"""What the commands of vendor staff take as arguments: what was typed becomes what is meant, or a clear error."""

from argparse import ArgumentTypeError

from django.core.management.base import CommandError

from accounts.actions import refuse_further_address
from accounts.models import Organization, Person, Program
from partnerportal.lib.countries import country_choices


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


def person_of(email: str) -> Person:
    person = Person.objects.filter(email__iexact=email).first()
    if person is None:
        refuse_further_address(email)
        raise CommandError(f"Nobody has the address {email}.")
    return person
