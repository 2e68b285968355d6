"""What was so when an activation link was sent may be otherwise when it is accepted: each rule is asked again then."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.db import DatabaseError, transaction

from accounts.actions.organizations import found_invited_partner
from accounts.models import Organization
from entitlements.actions.activation import copy_activation_link, resend_activation_link
from entitlements.models import ActivationLink, Entitlement, Sku, TrialOffer
from partnerportal.lib.days import today
from partnerportal.lib.errors import Conflict
from partnerportal.lib.tokens import digest_secret
from tests.entitlements.test_activation_accept import accept, as_holder, call, everything, page_of, sign_in_as
from tests.world import SKU_OF_NOBODY, World
from tests.world_activation import ADD_ON, SEAT_LIMIT, activation_token

pytestmark = pytest.mark.django_db


def add_on() -> Sku:
    return Sku.objects.get(code=ADD_ON)


# What the vendor's staff do to the offer after the partner has sent the link.
NARROWED: dict[str, Callable[[World], Any]] = {
    "to other partners": lambda world: TrialOffer.objects.update(
        is_for_all=False, organization_ids=[world.partner2.pk, world.distributor2.pk]
    ),
    "to fewer seats": lambda world: TrialOffer.objects.update(seat_limit=4),
    "without an add-on": lambda world: TrialOffer.objects.update(add_on_ids=[]),
}


@pytest.fixture
def link(world: World) -> ActivationLink:
    """The link that the partner has sent, with an add-on."""
    ActivationLink.objects.filter(organization=world.partner).update(add_on_ids=[add_on().pk])
    return ActivationLink.objects.get(organization=world.partner)


@pytest.mark.parametrize("how", NARROWED)
def test_an_offer_that_was_narrowed_meanwhile_starts_no_trial(world: World, link: ActivationLink, how: str) -> None:
    assert SEAT_LIMIT > link.seats == 5
    NARROWED[how](world)
    client, _person = sign_in_as(link.email)
    before = everything()
    assert accept(client, "partner").status_code == 409
    assert everything() == before
    link.refresh_from_db()
    assert (link.state, link.problem) == ("open", "sku_withdrawn")


@pytest.mark.parametrize("how", NARROWED)
def test_nor_is_its_link_sent_again(
    world: World, link: ActivationLink, how: str, actor_for: Any, as_tenant: Any
) -> None:
    NARROWED[how](world)
    actor = actor_for("partner.admin")
    for add_token in (resend_activation_link, copy_activation_link):
        with as_tenant(actor), pytest.raises(Conflict) as refused:
            add_token(actor=actor, activationlink=link)
        assert refused.value.code == "sku_withdrawn"
    link.refresh_from_db()
    assert link.problem == "sku_withdrawn" and link.tokens.count() == 1


@pytest.mark.parametrize("name", ["partner", "distributor"])
def test_an_offer_to_the_partner_or_its_distributor_starts_it(world: World, link: ActivationLink, name: str) -> None:
    TrialOffer.objects.update(is_for_all=False, organization_ids=[world[name].pk])
    client, _person = sign_in_as(link.email)
    assert accept(client, "partner").status_code == 302


def test_an_add_on_that_the_organisation_has_is_not_tried_again(world: World, link: ActivationLink) -> None:
    client, person = sign_in_as(link.email)
    founded = Organization.objects.create(kind="customer", name="Founded before", country="FR")
    founded.operators.create(person=person, roles=["admin"])
    running = {"kind": "production", "state": "active", "quantity": 3, "starts_on": today(), "external_id": "mine"}
    Entitlement.objects.create(customer=founded, sku=add_on(), **running)
    assert accept(client, "partner", organization=str(founded.public_id)).status_code == 302
    trials = Entitlement.objects.filter(customer=founded, kind="trial")
    assert list(trials.values_list("sku__code", flat=True)) == [SKU_OF_NOBODY]


@pytest.mark.parametrize("suspended", ["partner", "distributor"])
def test_nobody_is_led_to_a_suspended_organisation(world: World, suspended: str) -> None:
    """Neither by a link of its own, nor by one that names it as the partner."""
    link = ActivationLink.objects.get(organization=world.partner)
    ActivationLink.objects.filter(pk=link.pk).update(organization=world.distributor)
    client, _person = sign_in_as(link.email)
    assert client.get(page_of("partner")).status_code == 200
    Organization.objects.filter(pk=world[suspended].pk).update(state="suspended")
    assert client.get(page_of("partner")).status_code == 404
    assert accept(client, "partner").status_code == 404


# Another link that differs in one thing alone.
OTHERS: dict[str, Callable[[World], dict[str, Any]]] = {
    "country": lambda world: {"country": "DE"},
    "partner": lambda world: {"partner": world.partner2, "partner_name": world.partner2.name},
    "address": lambda world: {"email": "colleague@example.com"},
}


@pytest.mark.parametrize("differs", OTHERS)
def test_what_may_be_for_another_organisation_stays_open(world: World, link: ActivationLink, differs: str) -> None:
    other = ActivationLink.objects.get(pk=link.pk)
    other.pk, other.public_id, other._state.adding = None, uuid4(), True
    for column, value in OTHERS[differs](world).items():
        setattr(other, column, value)
    other.save(force_insert=True)
    client, _person = sign_in_as(link.email)
    assert accept(client, "partner").status_code == 302
    assert ActivationLink.objects.get(pk=other.pk).state == "open"


def test_a_link_was_opened_when_somebody_went_on_for_the_first_time(link: ActivationLink, client: Any) -> None:
    moments = []
    for _time in range(2):
        client.post(f"{page_of('partner')}open/")
        link.refresh_from_db()
        moments.append(link.opened_at)
    assert moments[0] and moments[0] == moments[1]


def test_a_sign_in_of_somebody_else_is_no_step_of_the_link(world: World, link: ActivationLink, web: Any) -> None:
    """Though there is an account with its address."""
    sign_in_as(link.email)
    web("stranger.admin").post(f"{page_of('partner')}open/")
    link.refresh_from_db()
    assert link.opened_at and link.signed_in_at is None


def test_the_database_starts_no_trial_for_an_address_that_is_not_proved(
    world: World, link: ActivationLink, as_tenant: Any
) -> None:
    person = world.person("stranger.admin")
    claimed = EmailAddress.objects.create(user=person, email=link.email, verified=False)
    actor, secret = as_holder(person, "partner", world.stranger)
    for is_proved, answer in ((False, "refused"), (True, "")):
        EmailAddress.objects.filter(pk=claimed.pk).update(verified=is_proved)
        Entitlement.objects.filter(customer=world.stranger).delete()
        with as_tenant(actor, secret):
            assert call("SELECT activate_organization()") == [(answer,)]


def test_an_invitation_to_become_a_partner_stays_open_too(world: World) -> None:
    link = ActivationLink.objects.get(organization=world.vendor)
    other = ActivationLink.objects.filter(organization=world.distributor)
    other.update(email=link.email, name=link.name, country=link.country)
    client, _person = sign_in_as(link.email)
    assert accept(client, "vendor").status_code == 302
    assert other.get().state == "open"


@pytest.mark.parametrize(
    ("parent", "changes", "is_founded"),
    [
        ("distributor", {}, True),
        ("distributor2", {}, False),
        (None, {}, False),
        ("distributor", {"country": "DE"}, False),
        ("distributor", {"name": "Another"}, False),
    ],
)
def test_the_database_founds_a_partner_only_as_its_link_says(
    world: World, parent: str | None, changes: dict[str, str], is_founded: bool
) -> None:
    link = ActivationLink.objects.get(organization=world.distributor)
    _client, person = sign_in_as(link.email)
    details: dict[str, str] = {"name": link.name, "country": link.country, **changes}
    refused = pytest.raises(DatabaseError, match="row-level security") if not is_founded else nullcontext()
    with refused, transaction.atomic():
        found_invited_partner(
            person=person,
            parent_id=world[parent].pk if parent else None,
            secret=digest_secret(activation_token("distributor")),
            **details,
        )
