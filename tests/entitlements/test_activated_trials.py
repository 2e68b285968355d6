"""A trial that begins with an activation link is told and listed as what it is."""

import datetime as dt

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.models import Operator, Organization
from connections.models import Connection
from entitlements.actions.trials import make_entitlement_event
from entitlements.events import EntitlementEventKind
from entitlements.models import ActivationLink, Entitlement, Sku
from notifications.actions.recording import record_events
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.scopes import Scope
from tests.entitlements.test_activation_accept import accept, sign_in_as
from tests.entitlements.test_views import text_of
from tests.world import SKU_OF_NOBODY
from tests.world_activation import ADD_ON


@pytest.fixture
def link(world):
    return ActivationLink.objects.get(organization=world.partner)


def test_the_start_of_the_trial_is_news_of_the_customer(web, link):
    """Its log and pages tell it as they tell other starts, and those who see its services read it too."""
    client, person = sign_in_as(link.email)
    accept(client, "partner")
    founded = Organization.objects.get(operators__person=person)
    trial = Entitlement.objects.get(customer=founded)
    event = Event.objects.get(kind="trial.started")
    assert (event.organization_id, event.customer_id, event.subject_id) == (founded.pk, founded.pk, trial.public_id)
    assert event.scopes == Scope.NOTIFICATIONS | Scope.ENTITLEMENTS
    told = f"The trial of {trial.sku.name} was started with an activation link"
    shown = [client.get("/activity/"), web("partner.reader").get(f"/customers/{founded.public_id}/activity/")]
    for page in shown:
        assert told in text_of(page) and "5 licences" in text_of(page)
    assert "The organisation was activated" in text_of(shown[1])
    services = [client.get("/services/"), web("partner.reader").get(f"/customers/{founded.public_id}/services/")]
    for page in services:
        assert "Activation link" in text_of(page) and "Granted" not in text_of(page)
    Connection.objects.filter(customer=founded).update(scopes=Scope.ACCOUNT | Scope.NOTIFICATIONS)
    assert told not in text_of(web("partner.reader").get(f"/customers/{founded.public_id}/activity/"))


def test_nobody_tells_of_a_trial_that_no_link_has_started_now(link, as_tenant):
    client, person = sign_in_as(link.email)
    accept(client, "partner")
    actor = Actor(person_id=person.pk, organization_id=Organization.objects.get(operators__person=person).pk)
    trial = Entitlement.objects.get(customer=actor.organization_id)

    def tells():
        try:
            with as_tenant(actor):
                record_events([make_entitlement_event(EntitlementEventKind.TRIAL_STARTED, actor, trial)])
        except DatabaseError:
            return False
        return True

    assert tells()
    for change in ({"created_at": timezone.now() - dt.timedelta(days=1)}, {"external_id": "trial-1"}):
        with transaction.atomic():
            Entitlement.objects.filter(pk=trial.pk).update(**change)
            assert not tells(), change
            transaction.set_rollback(True)


def test_what_an_earlier_link_started_is_not_told_again(world, link):
    add_on = Sku.objects.get(code=ADD_ON)
    ActivationLink.objects.filter(pk=link.pk).update(add_on_ids=[add_on.pk])
    client, person = sign_in_as(link.email)
    Operator.objects.create(organization=world.stranger, person=person, roles=["admin"])
    Entitlement.objects.create(
        customer=world.stranger, sku=add_on, external_id="trial-link-1", kind="trial", state="expired", quantity=1
    )
    accept(client, "partner", organization=str(world.stranger.public_id))
    assert Event.objects.get(kind="trial.started").subject_label == Sku.objects.get(code=SKU_OF_NOBODY).name
