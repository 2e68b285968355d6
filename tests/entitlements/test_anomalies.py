"""What counts as unusual, that it is told once to the right ones, and how it ends."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from entitlements import anomalies
from entitlements.actions import UsageRow, find_anomalies, store_usage
from entitlements.anomalies import judge, usual_range
from entitlements.models import Anomaly, CustomerListing, CustomerUsage, Sku
from notifications.actions import fan_out_due
from notifications.models import Event, Notice
from partnerportal.lib.actors import Actor
from tests.world import World

ON = dt.date(2026, 3, 31)
STAFF = Actor.system("test")


def days(values: list[int], until: dt.date = ON) -> dict[dt.date, int]:
    return {until - dt.timedelta(days=back): value for back, value in enumerate(reversed(values))}


def test_the_example() -> None:
    """Eight weeks between 175 and 190, then a fall within 14 days."""
    usual = [180, 182, 184, 183, 182, 181, 183] * 8
    found = judge(days([*usual, *range(182, 121, -5), 121]), ON)
    assert found and found.is_unusual
    assert (found.value, found.before) == (121, 183)
    assert anomalies.in_words("monthly_active", before=182, value=121, low=175, high=190) == (
        "Monthly active users fell from 182 to 121 in 14 days; usual range 175–190"
    )


@pytest.mark.parametrize(
    ("values", "is_unusual"),
    [
        ([100] * 56 + [100] * 14, False),  # flat
        ([100] * 56 + [100] * 13 + [91], False),  # less than 10 %
        ([20] * 56 + [20] * 13 + [16], False),  # fewer than 5
        ([20] * 56 + [20] * 13 + [15], True),
        ([100] * 56 + [100] * 13 + [130], True),  # a rise
        ([60 + at for at in range(70)], False),  # steady growth is its own usual range
        ([80, 120] * 28 + [100] * 13 + [70], False),  # wide usual range
    ],
)
def test_what_is_unusual(values: list[int], is_unusual: bool) -> None:
    found = judge(days(values), ON)
    assert found and found.is_unusual == is_unusual


def test_without_four_weeks_of_history_nothing_is_said() -> None:
    assert judge(days([100] * 27 + [100] * 13 + [10]), ON) is None
    assert judge(days([100] * 28 + [100] * 13 + [10]), ON) is not None
    assert judge({ON: 5}, ON) is None
    assert judge(days([100] * 70, ON - dt.timedelta(days=1)), ON) is None  # nothing was reported that day


@given(values=st.lists(st.integers(0, 10**9), min_size=1, max_size=60))
def test_half_of_the_usual_lies_in_the_usual_range(values: list[int]) -> None:
    low, high = usual_range(values)
    assert 0 <= low <= high
    assert sum(low <= value <= high for value in values) * 2 >= len(values)


def report(world: World, name: str, sku: Sku, active: list[int]) -> None:
    today = timezone.now().date()
    rows = [
        UsageRow(
            back, world[name].pk, sku.pk, today - dt.timedelta(days=back), 500, 400, 0, 50, 50, value, value, 9
        )
        for back, value in enumerate(reversed(active))
    ]  # fmt: skip
    store_usage(actor=STAFF, rows=rows)
    CustomerUsage.objects.update(checked_at=None)  # a test is one transaction, and in it every moment is the same


@pytest.fixture
def sku(db: None) -> Sku:
    return Sku.objects.create(code="ANO", service="Vault", name="Vault Pro")


FALLING = [*[182] * 60, *range(182, 121, -5)]


def test_told_once_to_the_customer_and_those_connected(world: World, sku: Sku) -> None:
    report(world, "customer", sku, FALLING)
    assert find_anomalies(actor=STAFF) == 1
    while fan_out_due():
        pass
    told = {world.names[notice.recipient_id] for notice in Notice.objects.filter(kind="use_unusual")}
    assert told == {"customer", "partner", "lapsed", "distributor"}
    assert find_anomalies(actor=STAFF) == 0
    report(world, "customer", sku, [*FALLING[1:], 120])  # it still falls
    assert find_anomalies(actor=STAFF) == 0
    assert Event.objects.filter(kind="usage.unusual").count() == 1


def test_falling_narrows_the_list_until_it_is_over(world: World, sku: Sku, web: Any, api: Any) -> None:
    report(world, "customer", sku, FALLING)
    find_anomalies(actor=STAFF)
    for listing in CustomerListing.objects.filter(customer=world.customer):
        assert listing.is_falling
    page = web("partner.reader").get("/customers/?falling=true").content.decode()
    assert str(world.customer.public_id) in page and str(world.customer2.public_id) not in page
    assert api("partner.reader").get("/api/v1/customers/?falling=true").json()["totalCount"] == 1
    detail = web("partner.reader").get(f"/customers/{world.customer.public_id}/usage/").content.decode()
    assert "Monthly active users fell from 182 to" in detail
    overview = web("partner.reader").get(f"/customers/{world.customer.public_id}/").content.decode()
    assert "Monthly active users fell from 182 to" in overview

    report(world, "customer", sku, [182] * 70)  # corrected
    assert find_anomalies(actor=STAFF) == 0
    assert not Anomaly.objects.filter(customer=world.customer, ended_on=None).exists()
    assert not CustomerListing.objects.filter(is_falling=True).exists()


def test_only_what_changed_is_looked_at(world: World, sku: Sku, count_queries: Any) -> None:
    CustomerUsage.objects.update(checked_at=timezone.now() - dt.timedelta(days=1))
    find_anomalies(actor=STAFF)
    assert {usage.checked_at == usage.updated_at for usage in CustomerUsage.objects.all()} == {True}
    with count_queries() as statements:
        find_anomalies(actor=STAFF)
    assert not [query for query in statements if "usageday" in str(query)]


def test_feeds_of_many_customers_cost_the_same(world: World, sku: Sku, count_queries: Any) -> None:
    def cost() -> int:
        CustomerUsage.objects.update(checked_at=None)
        with count_queries() as statements:
            find_anomalies(actor=STAFF)
        return len(statements)

    report(world, "customer", sku, [182] * 70)
    one = cost()
    for name in ("customer2", "stranger", "ended"):
        report(world, name, sku, [182] * 70)
    assert cost() == one
