"""What all customers of a partner used together: counted for all that share, and void as soon as one does not."""

import datetime as dt
from typing import Any

import pytest

from connections.actions import change_connection_sharing, end_connection
from entitlements.actions.portfolio_months import count_all_portfolio_months, count_due_portfolio_months
from entitlements.models import CustomerListing, PortfolioMonth, UsageMonth
from entitlements.queries.usage import list_portfolio_months, list_usage_trend_months
from partnerportal.lib.days import today
from partnerportal.lib.scopes import ALL, Scope
from tests.entitlements.test_views import connect, text_of
from tests.world import World

pytestmark = pytest.mark.django_db
NO_USAGE = ALL & ~(Scope.USAGE | Scope.TICKETS)
MONTHS = list_usage_trend_months(today(), "13m")
SUMS = ("purchased", "assigned", "newly_assigned", "monthly_active")


def use(customer: Any, sku: Any, month: dt.date, **fields: int) -> UsageMonth:
    numbers = {"purchased": 50, "assigned": 40, "newly_assigned": 3, "monthly_active": 30, "daily_active_peak": 9}
    last = min((month + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1), today())
    return UsageMonth.objects.create(
        customer=customer, sku=sku, month=month, last_day=fields.pop("last_day", last), days=20, **{**numbers, **fields}
    )


def sums_of(world: World, who: str = "partner.admin") -> dict[Any, tuple[int, ...]]:
    rows = list_portfolio_months(world.actor(who))
    return {row.month: tuple(getattr(row, name) for name in SUMS) for row in rows}


def naive_sums(viewer: Any) -> dict[Any, tuple[int, ...]]:
    """Add up month by month what the customers that share their usage reported."""
    shared = [row.customer_id for row in CustomerListing.objects.filter(viewer=viewer) if row.shares_scope(Scope.USAGE)]
    sums = {}
    for month in MONTHS:
        rows = UsageMonth.objects.filter(customer__in=shared, month=month)
        sums[month] = tuple(sum(getattr(row, name) for row in rows) for name in SUMS)
    return sums


@pytest.fixture
def used(world: World) -> World:
    """Two customers of the partner share their usage, and another organisation has one that is not among them."""
    sku = UsageMonth.objects.filter(customer=world.customer).earliest("pk").sku
    other = connect(world.partner, "Second SARL")
    for month in MONTHS[:-2]:
        use(other, sku, month)
    use(other, sku, MONTHS[-1], purchased=70)
    use(world.stranger, sku, MONTHS[3], purchased=1000)
    return world


@pytest.mark.parametrize("who", ["partner", "distributor"])
def test_months_are_the_sums_of_all_that_share(used: World, who: str) -> None:
    count_all_portfolio_months()
    assert sums_of(used, f"{who}.admin") == naive_sums(used[who])
    assert any(assigned for _purchased, assigned, *_rest in naive_sums(used[who]).values())
    assert sums_of(used, "stranger.admin") == {} == sums_of(used, "vendor.admin")


def test_the_present_month_has_no_dip_before_the_first_reports(used: World) -> None:
    sku = UsageMonth.objects.filter(customer=used.customer).earliest("pk").sku
    late, gone = connect(used.partner, "Late SARL"), connect(used.partner, "Gone SARL")
    use(late, sku, MONTHS[-2], purchased=500, last_day=today() - dt.timedelta(days=31))
    use(gone, sku, MONTHS[-2], purchased=9000, last_day=today() - dt.timedelta(days=32))
    count_all_portfolio_months()
    expected, found = naive_sums(used.partner)[MONTHS[-1]], sums_of(used)[MONTHS[-1]]
    assert [b - a for a, b in zip(expected, found, strict=True)] == [500, 40, 0, 30]


def test_who_stops_sharing_is_in_no_sum_from_that_moment(used: World, actor_for: Any, web: Any) -> None:
    count_all_portfolio_months()
    assert count_due_portfolio_months() == 0
    page = web("partner.admin").get("/")
    assert 'data-chart="portfolio"' in page.content.decode()
    connection = used.connection("customer", "partner")
    change_connection_sharing(actor=actor_for("customer.admin"), connection=connection, scopes=NO_USAGE)
    assert sums_of(used) == {} == sums_of(used, "distributor.admin")
    page = web("partner.admin").get("/")
    assert 'data-chart="portfolio"' not in page.content.decode() and "We are adding up" in text_of(page)
    assert count_due_portfolio_months() == 2  # the partner, and the distributor above it
    assert sums_of(used) == naive_sums(used.partner)
    assert PortfolioMonth.objects.filter(month=None).count() == 0 == count_due_portfolio_months()


def test_a_connection_that_ends_makes_the_months_void(used: World, actor_for: Any) -> None:
    count_all_portfolio_months()
    end_connection(actor=actor_for("customer.admin"), connection=used.connection("customer", "partner"))
    assert sums_of(used) == {}
    count_due_portfolio_months()
    assert sums_of(used) == naive_sums(used.partner) != {}


def test_months_are_counted_once_another_customer_shares(used: World) -> None:
    count_all_portfolio_months()
    new = connect(used.partner, "Third SARL")
    use(new, UsageMonth.objects.earliest("pk").sku, MONTHS[5], assigned=777)
    assert count_due_portfolio_months() == 2
    assert sums_of(used) == naive_sums(used.partner)


def test_nothing_is_kept_of_whom_nobody_shares_with(used: World, actor_for: Any) -> None:
    count_all_portfolio_months()
    CustomerListing.objects.filter(viewer=used.partner).delete()
    count_due_portfolio_months()
    assert not PortfolioMonth.objects.filter(viewer=used.partner).exists()
