"""Who reads an event: its parties, and, where it tells news of a customer, who the customer shares that news with."""

from typing import Any

import pytest

from notifications.actions.recording import record_event
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.scopes import Scope
from tests.world import KINDS, World


def readers(event: Event, world: World, as_tenant: Any) -> set[str]:
    """The organisations whose Admins read it; both locks say the same, each alone."""
    found = set()
    for name in KINDS:
        actor = world.actor(f"{name}.admin")
        by_first_lock = Event.objects.visible_to(actor).filter(pk=event.pk).exists()
        with as_tenant(actor):
            by_second_lock = Event.objects.filter(pk=event.pk).exists()
        assert by_first_lock is by_second_lock, name
        found |= {name} if by_first_lock else set()
    return found


@pytest.mark.promise("E-14")
@pytest.mark.parametrize(
    ("scopes", "others"),
    [
        (Scope.NONE, set()),  # told to its parties alone, even to those with whom the customer shares everything
        (Scope.ACCOUNT, {"partner", "partner2", "distributor", "distributor2"}),
        (Scope.ENTITLEMENTS, {"partner", "partner2", "distributor", "distributor2"}),
        (Scope.USAGE, {"partner", "distributor"}),
        (Scope.ENTITLEMENTS | Scope.USAGE, {"partner", "distributor"}),
        (Scope.ORDERS, {"partner", "distributor"}),
    ],
)
def test_news_of_a_customer_is_read_by_its_scopes(
    scopes: Scope, others: set[str], world: World, as_tenant: Any
) -> None:
    customer = world.customer2
    event = record_event("x", actor=Actor.system(), subject=customer, customer_id=customer.pk, scopes=scopes)
    assert readers(event, world, as_tenant) == {"customer2"} | others


def test_the_parties_of_an_event_read_it_whatever_is_shared(world: World, as_tenant: Any, actor_for: Any) -> None:
    actor = actor_for("publisher.admin")
    event = record_event("x", actor=actor, subject=world.vendor, counterpart=world.stranger, customer_id=world.ended.pk)
    assert readers(event, world, as_tenant) == {"publisher", "stranger", "ended"}
