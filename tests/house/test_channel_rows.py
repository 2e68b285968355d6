"""Who holds a link or a token writes what it says, once; and what is an organisation's own is nobody else's to write.

Whatever a request is made to say: each of these is one statement of SQL, which no action asks for.
"""

import datetime as dt
import uuid

import pytest
from allauth.account.models import EmailAddress
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.actions.organizations import create_own_organization
from accounts.models import Operator, OperatorInvitation, Organization
from entitlements.models import ActivationLink, Entitlement, IngestToken
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.scopes import Scope
from partnerportal.lib.tokens import digest_secret
from tests.house.test_grants import rows_of
from tests.world import KINDS, join_token
from tests.world_activation import activation_token

CHOSEN = uuid.UUID(int=1)
CONTACT = {
    "street": "1 Lane",
    "postal_code": "1",
    "city": "Ulm",
    "phone": "1",
    "contact_email": "a@b.example",
    "website": "b.example",
    "requires_second_factor": True,
}


def new_key():
    return Organization.objects.latest("pk").pk + 1000


def is_refused(write, reason="row-level security"):
    """Whether the database refuses what a function writes; undone where it does."""
    try:
        with transaction.atomic():
            write()
    except DatabaseError as error:
        assert reason in str(error), error
        return True
    return False


@pytest.mark.parametrize("column", CONTACT)
def test_what_an_organisation_says_of_itself_nobody_else_says(column, world, actor_for, as_tenant):
    """Not the vendor's Admins either, who correct what they have verified: they would switch off its second factors."""
    with as_tenant(actor_for("vendor.admin")):
        for name in ("customer", "partner", "distributor", "publisher"):
            rows = Organization.objects.filter(pk=world[name].pk)
            assert is_refused(
                lambda rows=rows: rows.update(**{column: CONTACT[column]}), "only the organisation itself"
            )
        assert Organization.objects.filter(pk=world.vendor.pk).update(**{column: CONTACT[column]}) == 1
    with as_tenant(actor_for("partner.admin")):
        assert Organization.objects.filter(pk=world.partner.pk).update(**{column: CONTACT[column]}) == 1


def test_nobody_chooses_the_numbers_of_what_they_found(world, actor_for, as_tenant):
    """The vendor's feeds know organisations by them: whoever chose them would be told what is another's."""
    newest, person = new_key(), world.person("nobody")
    with as_tenant(Actor(person_id=person.pk, label="", organization_id=newest)):
        Organization(pk=newest, kind="customer", name="New", country="DE", tenant_id=CHOSEN, org_id="10000001").save(
            force_insert=True
        )
    made = Organization.objects.get(pk=newest)
    assert made.tenant_id != CHOSEN and made.org_id != "10000001"
    with as_tenant(actor_for("vendor.admin")):
        Organization.objects.create(kind="partner", name="Known", country="DE", tenant_id=CHOSEN, org_id="10000001")
    assert Organization.objects.get(tenant_id=CHOSEN).org_id == "10000001"


def test_a_number_that_is_drawn_is_nobodys(world, as_tenant):
    """Also of an organisation that the founder does not see: the same draw goes on to the next number."""

    def draw():
        with as_tenant(Actor(person_id=world.person("nobody").pk)):
            return rows_of("SELECT portal_unused_org_id()")[0][0]

    rows_of("SELECT setseed(0.5)")
    first = draw()
    Organization.objects.filter(pk=world.stranger.pk).update(org_id=first)
    rows_of("SELECT setseed(0.5)")
    second = draw()
    assert first != second and {len(first), len(second)} == {8}


def test_who_founds_learns_the_numbers_that_were_drawn(world, as_tenant):
    with as_tenant(Actor(person_id=world.person("nobody").pk)):
        founded = create_own_organization(person=world.person("nobody"), name="New", country="DE")
    stored = Organization.objects.get(pk=founded.pk)
    assert (founded.tenant_id, founded.org_id) == (stored.tenant_id, stored.org_id)


def test_who_is_invited_does_not_prolong_the_invitation(world, actor_for, as_tenant):
    rows = OperatorInvitation.objects.filter(organization=world.partner)
    end = rows.get().expires_at
    later, secret = timezone.now() + dt.timedelta(days=29), digest_secret(join_token("partner"))
    for who in ("nobody", "stranger.admin", "anonymous"):
        with as_tenant(actor_for(who), secret):
            assert is_refused(lambda: rows.update(expires_at=later), "only whoever sends an invitation")
            assert rows.update(opened_at=later) == 1
    assert rows.get().expires_at == end
    with as_tenant(actor_for("partner.admin")):
        assert rows.update(expires_at=later) == 1


@pytest.mark.parametrize("who", ["anonymous", "nobody", "stranger.admin", "partner.admin", "vendor.reader"])
def test_no_secret_makes_a_token_of_a_feed(who, world, actor_for, as_tenant):
    """What a request brings along as its secret is no token until the vendor's Admins have made it one."""
    for secret in (digest_secret("mine"), digest_secret(activation_token("partner"))):
        with as_tenant(actor_for(who), secret):
            token = IngestToken(name="Mine", digest=secret, prefix="mine", kinds=["usage"])
            assert is_refused(lambda token=token: token.save(force_insert=True))


@pytest.fixture
def addressee(world):
    """Somebody with the verified address to which the distributor has sent a link that founds a partner."""
    person = world.person("nobody")
    link = ActivationLink.objects.get(organization=world.distributor)
    EmailAddress.objects.create(user=person, email=link.email, verified=True)
    return person


@pytest.fixture
def found_partner(world):
    """A function that stores the partner of the distributor's link under a primary key."""
    link = ActivationLink.objects.get(organization=world.distributor)
    values = {"kind": "partner", "name": link.name, "country": link.country, "parent_id": world.distributor.pk}
    return lambda key: Organization(pk=key, **values).save(force_insert=True)


def as_founder(person, key):
    return Actor(person_id=person.pk, organization_id=key), digest_secret(activation_token("distributor"))


def test_a_partner_is_founded_once_for_one_link(addressee, found_partner, as_tenant):
    key = new_key()
    with as_tenant(*as_founder(addressee, key)):
        found_partner(key)
    with as_tenant(*as_founder(addressee, key + 1)):
        assert is_refused(lambda: found_partner(key + 1))


@pytest.mark.parametrize("who", ["nobody", "stranger.admin", "partner.admin"])
def test_a_partner_is_founded_by_the_addressee_alone(who, world, found_partner, as_tenant):
    key, person = new_key(), world.person(who)
    with as_tenant(*as_founder(person, key)):
        assert is_refused(lambda: found_partner(key))


def test_one_link_starts_one_trial(world, as_tenant):
    """Also where whoever was given it does not close it."""
    link, person = ActivationLink.objects.get(organization=world.partner), world.person("stranger.admin")
    EmailAddress.objects.create(user=person, email=link.email, verified=True)
    Operator.objects.create(organization=world.ended, person=person, roles=["admin"])
    Entitlement.objects.filter(customer__in=[world.stranger, world.ended]).delete()
    answers = []
    for organization in (world.stranger, world.ended, world.stranger):
        actor = Actor(person_id=person.pk, organization_id=organization.pk)
        with as_tenant(actor, digest_secret(activation_token("partner"))):
            answers += rows_of("SELECT activate_organization()")
    assert answers == [("",), ("unknown_invitation",), ("unknown_invitation",)]
    assert not Entitlement.objects.filter(customer=world.ended).exists()


def test_an_open_link_has_no_end(world, actor_for, as_tenant):
    rows = ActivationLink.objects.filter(organization=world.partner)
    with as_tenant(actor_for("partner.admin")):
        assert is_refused(lambda: rows.update(closed_at=timezone.now()), "activation_link_closed")


@pytest.mark.parametrize("who", [f"{name}.admin" for name in KINDS])
def test_news_of_a_customer_are_told_by_it_and_the_vendor_alone(who, world, actor_for, as_tenant):
    """Else a partner would write to the other partners of its customer, whom it does not know."""
    actor = actor_for(who)
    news = {"kind": "view.shared", "actor_kind": "person", "actor_id": actor.person_id, "subject_kind": "x"}
    own = {"organization_id": actor.organization_id, "customer_id": world.customer.pk}

    def tell(scopes):
        return is_refused(lambda: Event(**news, **own, scopes=scopes, subject_label="Call us").save(force_insert=True))

    with as_tenant(actor):
        for scope in Scope:
            assert tell(scope) is (who not in ("customer.admin", "vendor.admin"))
        assert tell(0) is (
            who not in ("customer.admin", "vendor.admin", "partner.admin", "lapsed.admin", "distributor.admin")
        )
