"""Organisations and people made for one journey, through the actions of vendor staff."""

import datetime as dt
import functools
import hashlib
import hmac
import itertools
import os
import struct
import time
from base64 import b32decode

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.utils import timezone

from accounts.actions.operators import add_operator
from accounts.actions.organizations import grant_membership, register_organization
from accounts.actions.people import register_person
from accounts.models import Operator, Organization, OrganizationKind, Person, Program, ProgramMembership, Role
from connections.actions import accept_invitation
from connections.models import Connection, InvitationLink
from entitlements.actions.trial_offers import open_trial_offer
from entitlements.models import Sku
from notifications.actions.outbox import write_due_notices
from partnerportal.lib.actors import Actor
from partnerportal.lib.scopes import ALL

STAFF = Actor.system("vendor staff")
PASSWORD = "correct horse battery"
_number = itertools.count(1)


@functools.cache  # slow on purpose
def _hash() -> str:
    hasher = Argon2PasswordHasher()
    return hasher.encode(PASSWORD, hasher.salt())


def unique(word: str) -> str:
    return f"{word} {os.getpid()}-{next(_number)}"


def partner(name: str = "Partner", *, badge: bool = True) -> Organization:
    organization = register_organization(actor=STAFF, kind=OrganizationKind.PARTNER, name=unique(name), country="FR")
    if badge:
        give_badge(organization)
    return organization


def customer(name: str = "Customer") -> Organization:
    return register_organization(actor=STAFF, kind=OrganizationKind.CUSTOMER, name=unique(name), country="DE")


def person(name: str = "Ada", *, language: str = "en") -> Person:
    """Who can sign in by password: the portal knows one hash, the tests another."""
    full_name = unique(name)
    email = f"{full_name.replace(' ', '-').lower()}@example.com"
    found = register_person(actor=STAFF, email=email, name=full_name, language=language, verified=True).person
    found.password = _hash()
    found.save()
    return found


def operator(*organizations: Organization, role: Role = Role.ADMIN, name: str = "Ada", language: str = "en") -> Person:
    found = person(name, language=language)
    for organization in organizations:
        add_operator(actor=STAFF, organization=organization, person=found, roles=[role])
    return found


def service_to_try() -> Sku:
    """A service of which anybody may send a trial."""
    name = unique("Cloud Desktops")
    sku = Sku.objects.create(code=name.replace(" ", "-"), service=name, name=name)
    open_trial_offer(actor=STAFF, sku=sku, seat_limit=20)
    return sku


def authenticator_app(secret: str) -> str:
    """RFC 6238, as in the app on a phone. Like its owner, waits for the next code when this one is about to end."""
    if time.time() % 30 > 20:
        time.sleep(30 - time.time() % 30)
    count = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.digest(b32decode(secret), count, hashlib.sha1)
    number = struct.unpack_from(">I", digest, digest[-1] & 15)[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def _admin_of(organization: Organization) -> Actor:
    """An Admin of it, made where there is none: the database asks for one."""
    admins = Operator.objects.filter(organization=organization, roles__contains=[Role.ADMIN])
    person_id = admins.values_list("person_id", flat=True).first() or operator(organization).pk
    return Actor(
        person_id=person_id,
        organization_id=organization.pk,
        organization_name=organization.name,
        organization_kind=organization.kind,
        roles=frozenset({Role.ADMIN.value}),
    )


def invitation(partner: Organization) -> str:
    return f"/i/{InvitationLink.objects.get(organization=partner).token}/"


def connect(partner: Organization, *customers: Organization) -> list[Connection]:
    """Each accepted by its Admin; everybody is told."""
    token = InvitationLink.objects.get(organization=partner).token
    made = [accept_invitation(actor=_admin_of(customer), token=token, scopes=ALL)[0] for customer in customers]
    while write_due_notices():
        pass
    return made


def give_badge(partner: Organization) -> None:
    today = timezone.now().date()
    program = Program.objects.get(code="solution_advisor")
    starts_on = today - dt.timedelta(days=90)  # the same membership again where it had ended
    grant_membership(actor=STAFF, organization=partner, program=program, starts_on=starts_on)


def take_badge(partner: Organization) -> None:
    membership = ProgramMembership.objects.get(organization=partner)
    yesterday = timezone.now().date() - dt.timedelta(days=1)
    grant_membership(
        actor=STAFF,
        organization=partner,
        program=membership.program,
        starts_on=membership.starts_on,
        ends_on=yesterday,
    )
