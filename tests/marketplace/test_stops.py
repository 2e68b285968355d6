"""Stops of sales: who may stop and lift what, that two clicks give one stop, and that the vendor's is its own."""

from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from marketplace.actions.stops import lift_stop, stop_sale
from marketplace.models import Market, Offer, Plan, Price, SaleStop
from notifications.models import Event
from partnerportal.lib.errors import ActionRefused, InvalidInput, NotFound
from tests.world import World

pytestmark = pytest.mark.django_db

ADMIN, STAFF = "publisher.admin", "vendor.admin"


def monitor() -> Offer:
    return Offer.objects.get(code="monitor")


def events(kind: str) -> list[Event]:
    return list(Event.objects.filter(kind=f"offer.{kind}").order_by("pk"))


@pytest.mark.parametrize("place", ["offer", "plan", "market"])
def test_two_clicks_give_one_stop_and_it_is_lifted_as_easily(world: World, place: str) -> None:
    offer = monitor()
    plan = offer.plans.get() if place != "offer" else None
    market = Market.objects.get(code="europe") if place == "market" else None
    actor, prices = world.actor(ADMIN), list(Price.objects.values())
    stop = stop_sale(actor=actor, offer=offer, plan=plan, market=market)
    assert stop_sale(actor=actor, offer=offer, plan=plan, market=market) == stop
    assert [stop] == list(offer.stops.active()) and len(events("stopped")) == 1
    assert lift_stop(actor=actor, stop=stop).lifted_at
    lift_stop(actor=actor, stop=stop)
    assert not offer.stops.active().exists() and len(events("resumed")) == 1
    assert stop_sale(actor=actor, offer=offer, plan=plan, market=market) != stop
    assert list(Price.objects.values()) == prices


def test_the_vendor_gives_a_reason_and_alone_lifts_its_stop(world: World, as_tenant: Any) -> None:
    with pytest.raises(InvalidInput, match="reason_required"):
        stop_sale(actor=world.actor(STAFF), offer=monitor(), reason="  ")
    theirs = stop_sale(actor=world.actor(STAFF), offer=monitor(), reason="Security hole")
    own = stop_sale(actor=world.actor(ADMIN), offer=monitor())
    assert theirs != own and events("stopped")[0].note == "Security hole"
    with pytest.raises(ActionRefused, match="not_your_stop"):
        lift_stop(actor=world.actor(ADMIN), stop=theirs)
    with pytest.raises(ActionRefused, match="not_your_stop"):
        lift_stop(actor=world.actor(STAFF), stop=own)
    with pytest.raises(DatabaseError), as_tenant(world.actor(ADMIN)), transaction.atomic():
        SaleStop.objects.filter(pk=theirs.pk).update(lifted_at=timezone.now())
    lift_stop(actor=world.actor(STAFF), stop=theirs)
    assert list(monitor().stops.active()) == [own]


@pytest.mark.parametrize("who", ["publisher.reader", "vendor.reader", "partner.admin", "customer.admin"])
def test_nobody_else_stops_a_sale(world: World, who: str) -> None:
    with pytest.raises(ActionRefused):
        stop_sale(actor=world.actor(who), offer=monitor(), reason="No")
    with pytest.raises(ActionRefused):
        lift_stop(actor=world.actor(who), stop=SaleStop.objects.select_related("offer").get())


def test_what_cannot_be_stopped(world: World) -> None:
    actor, foreign = world.actor(ADMIN), Plan.objects.get(offer__code="backup", code="basic")
    with pytest.raises(NotFound):
        stop_sale(actor=actor, offer=monitor(), plan=foreign)
    with pytest.raises(InvalidInput, match="plan_required"):
        stop_sale(actor=actor, offer=monitor(), market=Market.objects.get(code="europe"))
    with pytest.raises(InvalidInput, match="reason_required"):
        stop_sale(actor=actor, offer=monitor(), reason="x" * 501)
    other = type(actor)(**{**actor.__dict__, "organization_id": world.distributor.pk})
    with pytest.raises(NotFound):
        stop_sale(actor=other, offer=monitor())
