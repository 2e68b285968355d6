"""Proposed quantities: what is assigned, was assigned and will be assigned says how many licences to renew."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from entitlements.actions.usage import ReportedUsageDay, store_usage_days
from entitlements.models import Order, OrderLine, Sku
from entitlements.proposals import ProposalReason, propose_quantity
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from tests.entitlements.test_views import connect, entitle, sku, text_of
from tests.world import World

__all__ = ["sku"]
DAY = dt.date(2026, 6, 30)  # a quarter after the first of three months has ended


@pytest.mark.promise("G-6")
@pytest.mark.parametrize(
    ("purchased", "assigned", "earlier", "ahead", "quantity", "reason"),
    [
        (100, 112, [100, 104, 108], 0, 112, ProposalReason.OVER),
        (100, 112, [], 60, 112, ProposalReason.OVER),  # no rate without history
        (100, 112, [76, 88, 100], 30, 124, ProposalReason.OVER),  # and twelve more until then
        (100, 112, [148, 136, 124], 30, 112, ProposalReason.OVER),  # what falls is over today
        (100, 90, [60, 70, 80], 60, 110, ProposalReason.GROWING),
        (100, 90, [60, 70, 80], 30, 100, ProposalReason.KEEP),
        (100, 90, [60, 70, 80], None, 100, ProposalReason.KEEP),  # it never renews
        (100, 60, [60, 60, 60], 30, 63, ProposalReason.UNUSED),
        (100, 60, [60, 85, 60], 30, 90, ProposalReason.UNUSED),  # the peak counts
        (100, 60, [60, 87, 60], 30, 100, ProposalReason.KEEP),
        (100, 60, [60, 60], 30, 100, ProposalReason.KEEP),  # too little history
        (10, 5, [5, 5, 5], 30, 10, ProposalReason.KEEP),  # four are not worth it
        (0, 0, [0, 0, 0], 30, 0, ProposalReason.KEEP),
    ],
)
def test_the_rule(
    purchased: int, assigned: int, earlier: list[int], ahead: int | None, quantity: int, reason: ProposalReason
) -> None:
    renews_on = None if ahead is None else DAY + dt.timedelta(days=ahead)
    found = propose_quantity(purchased=purchased, assigned=assigned, earlier=earlier, today=DAY, renews_on=renews_on)
    assert (found.quantity, found.reason) == (quantity, reason)


def test_the_rate_counts_the_days_that_have_passed() -> None:
    """On the first of a month two months have passed since the first of the three has ended, on the last day three."""
    for day, expected in ((dt.date(2026, 10, 1), 280), (dt.date(2026, 10, 31), 221)):
        renews_on = day + dt.timedelta(days=180)
        found = propose_quantity(purchased=100, assigned=100, earlier=[38, 60, 80], today=day, renews_on=renews_on)
        assert found.expected == expected


@pytest.fixture
def customer(world: World, sku: Sku) -> Any:
    """One that assigned at most 60 of its 100 licences, and ordered them at 12.50."""
    made = connect(world.partner, "Proposing SARL")
    entitle(made, sku, quantity=100, assigned=60, ends_on=today() + dt.timedelta(days=40))
    order = Order.objects.create(
        customer=made, number="P-1", placed_on=today(), state=Order.State.FULFILLED, currency="EUR", total=Decimal(1250)
    )
    OrderLine.objects.create(order=order, position=1, sku=sku, quantity=100, unit_price=Decimal("12.50"))
    days = [today() - dt.timedelta(days=back) for back in range(100)]
    reported = [ReportedUsageDay(0, made.pk, sku.pk, day, 100, 60, 0, 30, 30, 50, 50, 9) for day in days]
    store_usage_days(actor=Actor.system("test"), usage_days=reported)
    return made


@pytest.mark.django_db
@pytest.mark.promise("G-6")
def test_a_proposal_says_why_and_what_it_saves(customer: Any, web: Any) -> None:
    address = f"/customers/{customer.public_id}/usage/"
    words = text_of(web("partner.admin").get(address))
    assert "Vault Pro At most 60 of 100 licences were assigned in the last three months" in words
    assert "−37 licences · −€462.50" in words
    words = text_of(web("partner.reader").get(address))
    assert "−37 licences" in words and "€" not in words, "without finance sight"
