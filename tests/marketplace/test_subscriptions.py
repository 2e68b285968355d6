"""What was sold: imported line by line, seen by its parties alone, and never left outside the audience of its offer."""

import datetime as dt
import io
import json
from typing import Any

import pytest
from django.utils import timezone

from marketplace.ingest.importing import import_subscription_file
from marketplace.models import Authorization, Plan, Price, Subscription, SubscriptionTerm
from marketplace.models.subscription import get_last_day_of_term
from notifications.models import Event
from partnerportal.lib.actors import Actor
from tests.world import World

TODAY = timezone.now().date()
SYSTEM = Actor.system("vendor staff")


def make_sale(world: World, **changes: Any) -> dict[str, Any]:
    """A line about a subscription of the cast's partner, which sold `monitor` to the customer."""
    return {
        "type": "subscription", "external_id": "S-1", "publisher": world.publisher.org_id, "offer": "monitor",
        "plan": "basic", "buyer": world.partner.org_id, "customer": world.customer.org_id, "state": "subscribed",
        "quantity": 5, "term": "P1M", "billing": "P1M", "purchased_at": f"{TODAY - dt.timedelta(5)}T09:00:00Z",
        "activated_at": f"{TODAY - dt.timedelta(4)}T09:00:00Z", "starts_on": str(TODAY - dt.timedelta(4)),
        "amount": "12.50", "currency": "EUR",
    } | changes  # fmt: skip


def sell(world: World, *lines: dict[str, Any], **changes: Any) -> list[tuple[str, str, str]]:
    """Import lines, and return for each its outcome, and the code and field of its first problem."""
    results: list[tuple[str, str, str]] = []

    def tell(result: Any) -> None:
        problem = result.problems[0] if result.problems else None
        results.append((str(result.outcome), problem.code if problem else "", problem.field if problem else ""))

    rows = lines or (make_sale(world, **changes),)
    stream = io.BytesIO("\n".join(json.dumps(row) for row in rows).encode())
    import_subscription_file(actor=SYSTEM, stream=stream, report_result=tell)
    return results


def test_a_line_becomes_a_subscription_with_its_term(world: World) -> None:
    assert sell(world, offer="backup", amount=None, currency=None) == [("added", "", "")]
    row = Subscription.objects.get(external_id="S-1")
    assert (row.publisher, row.buyer, row.reseller, row.customer) == (
        world.publisher, world.partner, None, world.customer,
    )  # fmt: skip
    assert (row.customer_name, row.version, row.state) == (world.customer.name, row.offer.live_version, "subscribed")
    term = row.terms.get()
    price = Price.objects.get(plan=row.plan, currency="EUR")
    assert (term.price, term.amount, term.currency) == (price, price.amount, "EUR")
    assert term.ends_on == get_last_day_of_term(TODAY - dt.timedelta(4), "P1M")
    event = Event.objects.get(kind="subscription.added", subject_id=row.public_id)
    assert (event.counterpart_id, event.customer_id) == (world.partner.pk, None)


def test_the_amount_at_which_it_was_sold_stands_without_a_price_of_the_list(world: World) -> None:
    sell(world, offer="backup", amount="7.5")
    term = SubscriptionTerm.objects.get(subscription__external_id="S-1")
    assert (str(term.amount), term.price) == ("7.5000", None)


def test_the_same_line_again_changes_nothing(world: World) -> None:
    lines = [make_sale(world), make_sale(world, external_id="S-2", offer="backup", amount=None, currency=None)]
    assert sell(world, *lines) == [("added", "", "")] * 2
    before = all_that_is_stored()
    plan = Plan.objects.get(offer__code="backup", code="basic")
    price = plan.prices.get(currency="EUR")
    price.pk, price.public_id, price.amount, price.valid_from = (
        None,
        world.partner.public_id,
        1,
        TODAY - dt.timedelta(6),
    )
    price.save()
    assert sell(world, *lines) == [("unchanged", "", "")] * 2
    assert all_that_is_stored() == before


def all_that_is_stored() -> list[Any]:
    models = (Subscription, SubscriptionTerm, Authorization, Event)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_a_later_line_moves_it_along_its_states_and_into_its_next_term(world: World) -> None:
    pending = {"state": "pending", "activated_at": None, "starts_on": None, "amount": None, "currency": None}
    assert sell(world, **pending) == [("added", "", "")]
    assert not SubscriptionTerm.objects.filter(subscription__external_id="S-1").exists()
    assert sell(world) == [("changed", "", "")]
    assert sell(world, state="suspended", quantity=7) == [("changed", "", "")]
    assert sell(world, quantity=7, starts_on=str(TODAY), amount="14") == [("changed", "", "")]
    row = Subscription.objects.get(external_id="S-1")
    assert (row.state, row.quantity) == ("subscribed", 7)
    assert [str(term.amount) for term in row.terms.order_by("starts_on")] == ["12.5000", "14.0000"]
    ended = {"state": "unsubscribed", "ended_at": f"{TODAY}T00:00:00Z", "quantity": 7}
    assert sell(world, **ended) == [("changed", "", "")]
    assert sell(world, quantity=7) == [("error", "no_move", "state")]
    events = Event.objects.filter(kind="subscription.changed", subject_id=row.public_id)
    assert events.count() == 4
    assert events.latest("pk").changes["state"] == ["subscribed", "unsubscribed"]


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "an unknown publisher": ({"publisher": "99999999"}, "unknown_offer", "offer"),
    "an unknown offer": ({"offer": "nothing"}, "unknown_offer", "offer"),
    "an unknown plan": ({"plan": "nothing"}, "unknown_plan", "plan"),
    "a plan of the draft alone": ({"offer": "backup", "plan": "pro"}, "unknown_plan", "plan"),
    "an unknown buyer": ({"buyer": "99999999"}, "unknown_organization", "buyer"),
    "an unknown reseller": ({"reseller": "99999999"}, "unknown_organization", "reseller"),
    "an unknown customer": ({"customer": "99999999"}, "unknown_organization", "customer"),
    "a version that is none": ({"version": 9}, "unknown_version", "version"),
    "another currency": ({"currency": "USD"}, "wrong_currency", "currency"),
    "an amount alone": ({"currency": None}, "amount_and_currency", "currency"),
    "a currency that is none": ({"currency": "Euro"}, "invalid", "currency"),
    "a plan without a price": ({"amount": None, "currency": None}, "no_price", "amount"),
    "a term of another plan": ({"term": "P3Y"}, "term_not_of_plan", "term"),
    "another billing frequency": ({"billing": "once"}, "billing_not_of_plan", "billing"),
    "a term that is none": ({"term": "P5Y"}, "invalid_choice", "term"),
    "nothing sold": ({"quantity": 0}, "min_value", "quantity"),
    "no such state": ({"state": "sold"}, "invalid_choice", "state"),
    "activated before it was bought": ({"activated_at": "2020-01-01T00:00:00Z"}, "end_before_start", "activated_at"),
    "a term before the activation": ({"starts_on": "2020-01-01"}, "end_before_start", "starts_on"),
    "a term that ends first": ({"ends_on": "2020-01-01"}, "end_before_start", "ends_on"),
    "bought tomorrow": ({"purchased_at": f"{TODAY + dt.timedelta(2)}T00:00:00Z"}, "in_the_future", "purchased_at"),
    "no day at all": ({"starts_on": "yesterday"}, "invalid", "starts_on"),
    "running and never activated": ({"activated_at": None}, "required", "activated_at"),
    "pending and activated": ({"state": "pending"}, "not_yet", "activated_at"),
    "running and ended": ({"ended_at": f"{TODAY}T00:00:00Z"}, "not_yet", "ended_at"),
    "ended at no moment": ({"state": "unsubscribed"}, "required", "ended_at"),
    "activated without a term": ({"starts_on": None}, "required", "starts_on"),
    "a field that is not known": ({"seats": 5}, "unknown_field", "seats"),
    "control characters": ({"external_id": "\x1b[2J"}, "control_characters", "external_id"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_line_that_is_wrong_is_left_out_and_its_neighbours_are_not(world: World, name: str) -> None:
    changes, code, field = WRONG[name]
    bad = make_sale(world, **{"external_id": "bad", **changes})
    results = sell(world, make_sale(world, external_id="before"), bad, make_sale(world, external_id="after"))
    assert results == [("added", "", ""), ("error", code, field), ("added", "", "")]


def test_sellers_are_partners(world: World) -> None:
    assert sell(world, buyer=world.customer2.org_id) == [("error", "wrong_kind", "buyer")]
    assert sell(world, reseller=world.publisher.org_id) == [("error", "wrong_kind", "reseller")]
