"""Addresses that become another one in capital letters: to the portal they are two, and each has an owner of its own.

PostgreSQL makes I of the dotless ı, S of the long ſ and K of the Kelvin sign, so whoever owns a domain with such a
letter would otherwise count as the owner of addresses at the domain that it imitates.
"""

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError
from django.db import connection
from django.utils import timezone

from accounts.actions.invitations import invite_operator
from accounts.actions.operator_import import ImportedOperator, import_operator
from accounts.actions.organizations import create_own_organization
from accounts.actions.people import register_person
from accounts.actions.personal_data import erase_personal_data
from accounts.management.arguments import find_person
from accounts.models import Operator, OrganizationDomain, Person, Role
from accounts.queries.joining import list_join_offers
from accounts.queries.operator_invitations import has_account
from accounts.work_addresses import list_accepted_domains
from entitlements.models import ActivationLink, LicenseAssignment
from entitlements.personal_data import list_held_licences
from entitlements.queries.activation import is_addressee
from partnerportal.lib.actors import Actor

STAFF = Actor.system("vendor staff (test)")
WANTED = "mike@firsthink.example"
IMITATIONS = ["mike@f\u0131rsthink.example", "mike@fir\u017fthink.example", "mi\u212ae@firsthink.example"]


@pytest.fixture(params=IMITATIONS, ids=["dotless i", "long s", "Kelvin"])
def stranger(request, world):
    """Somebody who has signed up with an address that looks like the wanted one, and has verified it."""
    person = Person.objects.create_user("stranger@evil.example", name="Stranger")
    Person.objects.filter(pk=person.pk).update(email=request.param)
    EmailAddress.objects.create(user=person, email="stranger@evil.example", verified=True, primary=True)
    EmailAddress.objects.filter(user=person).update(email=request.param)
    return Person.objects.get(pk=person.pk)


def test_whom_staff_register_is_not_the_stranger(stranger):
    registered = register_person(actor=STAFF, email=WANTED, verified=True)
    assert registered.is_new and registered.person.pk != stranger.pk
    assert EmailAddress.objects.get(email=WANTED).user == registered.person


def test_an_import_gives_the_stranger_nothing(stranger, world):
    operator = ImportedOperator(
        org_id=world.customer.org_id, email=WANTED, roles=frozenset({Role.ADMIN}), name="Mike", language="en",
        external_id="u-1",
    )  # fmt: skip
    stored = import_operator(actor=STAFF, organization=world.customer, operator=operator)
    assert stored.person.email == WANTED
    assert not Operator.objects.filter(person=stranger).exists()


def test_a_command_about_one_is_not_about_the_other(stranger):
    with pytest.raises(CommandError, match="Nobody has the address"):
        find_person(WANTED)
    assert not erase_personal_data(actor=STAFF, email=WANTED)
    assert Person.objects.filter(pk=stranger.pk).exists()


def test_who_owns_a_second_address_is_compared_by_its_letters(stranger, world):
    EmailAddress.objects.filter(user=stranger).update(user=world.person("nobody"), primary=False)
    assert register_person(actor=STAFF, email=WANTED).is_new


def test_a_link_is_not_for_the_stranger(stranger, world, actor_for, as_tenant):
    link = ActivationLink.objects.get(organization=world.partner)
    ActivationLink.objects.filter(pk=link.pk).update(email=WANTED)
    link.refresh_from_db()
    assert not is_addressee(Actor(person_id=stranger.pk), link)
    assert not has_account(WANTED)


def test_an_export_of_the_strangers_data_has_nobody_elses_licences(stranger):
    row = LicenseAssignment.objects.filter(holder_kind="user").first()
    LicenseAssignment.objects.filter(pk=row.pk).update(holder=WANTED.upper())
    assert list_held_licences(stranger) == []
    wanted = Person.objects.create_user(WANTED, name="Mike")
    assert [held["holder"] for held in list_held_licences(wanted)] == [WANTED.upper()]


def test_a_colleague_is_not_taken_for_the_stranger(stranger, world, actor_for, as_tenant):
    Operator.objects.create(organization=world.partner, person=stranger, roles=[Role.READER])
    wanted = f"mike@{world.person('partner.admin').email.partition('@')[2]}"
    imitation = wanted.replace("mike", "mi\u212ae")
    Person.objects.filter(pk=stranger.pk).update(email=imitation)
    EmailAddress.objects.filter(user=stranger).update(email=imitation)
    actor = actor_for("partner.admin")
    with as_tenant(actor):
        assert invite_operator(actor=actor, email=wanted, roles=["reader"]).email == wanted


QUOTED = '"mike@proved.example@x"@evil.example'  # what stands between quotation marks is no domain


@pytest.fixture
def quoted(world):
    person = Person.objects.create_user("quoted@evil.example", name="Quoted")
    Person.objects.filter(pk=person.pk).update(email=QUOTED)
    EmailAddress.objects.create(user=person, email=QUOTED, verified=True, primary=True)
    person.refresh_from_db()
    return person


def test_the_database_offers_no_organisation_for_what_stands_between_quotation_marks(quoted, world, as_tenant):
    OrganizationDomain.objects.create(
        organization=world.stranger, name="proved.example", state="proved", proved_at=timezone.now()
    )
    assert list_join_offers(quoted) == []
    with as_tenant(Actor(person_id=quoted.pk)), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM portal_organizations_to_join('proved.example')")
        assert cursor.fetchall() == []


def test_the_domain_of_a_first_admin_stands_behind_the_last_at(quoted, world):
    founded = create_own_organization(person=quoted, name="Evil", country="FR")
    assert list_accepted_domains(founded) == ["evil.example"]
