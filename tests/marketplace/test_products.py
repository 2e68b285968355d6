"""The count of publishers' products: what is summed, that small sums are joined, and when months are counted again."""

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Organization
from entitlements.actions.publishers import set_sku_publisher
from entitlements.models import Entitlement, RenewalAlert, Sku, SkuPublisher, UsageMonth, get_first_day_of_month
from marketplace.actions.products import count_products
from marketplace.models import Offer, Product, ProductFigure, Subscription
from marketplace.queries.products import list_months
from marketplace.tasks import count_products as nightly
from partnerportal.lib import days
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused
from partnerportal.lib.small_sums import FEWEST
from tests.world import World, free_org_ids
from tests.world_offers import sell

STAFF = Actor.system("test")


@pytest.fixture
def sku(world: World) -> Sku:
    """A SKU of the publisher, and no other product in anybody's way."""
    ProductFigure.objects.all().delete()
    Product.objects.all().delete()
    SkuPublisher.objects.all().delete()
    sku = Sku.objects.create(code="GATE", service="Gateway", name="Gateway Standard")
    SkuPublisher.objects.create(sku=sku, publisher=world.publisher)
    return sku


def this_month() -> dt.date:
    return get_first_day_of_month(days.today())


def make_customers(number: int, country: str) -> list[Organization]:
    return Organization.objects.bulk_create(
        Organization(kind="customer", name=f"{country} {org_id}", name_folded="x", country=country, org_id=org_id)
        for org_id in free_org_ids(number)
    )


def use(sku: Sku, customers: list[Organization], month: dt.date, purchased: int = 10, active: int = 4, **facts: Any):
    UsageMonth.objects.bulk_create(
        UsageMonth(
            customer=customer, sku=sku, month=month, purchased=purchased, assigned=0, newly_assigned=0,
            last_day=facts.get("last_day", month), days=1, monthly_active=active, daily_active_peak=active,
        )
        for customer in customers
    )  # fmt: skip


def own(sku: Sku, customers: list[Organization], **facts: Any) -> list[Entitlement]:
    values = {"kind": "production", "state": "active", "quantity": 10, "starts_on": days.today()} | facts
    return Entitlement.objects.bulk_create(
        Entitlement(customer=customer, sku=sku, external_id=f"{customer.org_id}-{values['kind']}", **values)
        for customer in customers
    )


def shown(code: str = "GATE", month: dt.date | None = None) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for row in ProductFigure.objects.filter(product__code=code, month=month or this_month()):
        found.setdefault(row.measure, {})[row.country] = row.amount
    return found


def test_sums_by_country_and_small_ones_together(sku: Sku) -> None:
    for number, country in ((6, "DE"), (3, "FR"), (2, "JP"), (7, "SE")):
        use(sku, make_customers(number, country), this_month())
    assert count_products(actor=STAFF) > 0
    assert shown() == {
        "seats": {"DE": 60, "SE": 70, "": 50},
        "active_users": {"DE": 24, "SE": 28, "": 20},
    }


def test_a_small_rest_takes_the_smallest_country_along(sku: Sku) -> None:
    for number, country in ((6, "DE"), (1, "FR"), (7, "SE")):
        use(sku, make_customers(number, country), this_month())
    count_products(actor=STAFF)
    assert shown()["seats"] == {"SE": 70, "": 70}


def test_below_five_in_all_nothing_is_stored(sku: Sku) -> None:
    use(sku, make_customers(4, "DE"), this_month())
    count_products(actor=STAFF)
    assert shown() == {} and Product.objects.filter(sku=sku).exists()


def test_who_contributes_nothing_hides_nobody(sku: Sku) -> None:
    use(sku, make_customers(4, "DE"), this_month())
    use(sku, make_customers(5, "DE"), this_month(), purchased=0, active=0)
    count_products(actor=STAFF)
    assert shown() == {}


def test_the_publishers_own_use_is_not_counted(sku: Sku, world: World) -> None:
    """It knows its own: of five with itself it would know the sum of four."""
    use(sku, [*make_customers(4, "DE"), world.publisher], this_month())
    count_products(actor=STAFF)
    assert shown() == {}


def test_trials_that_ran_and_ends_that_were_due(sku: Sku) -> None:
    month, last = this_month(), get_first_day_of_month(this_month() + dt.timedelta(days=31)) - dt.timedelta(days=1)
    customers = make_customers(6, "DE")
    own(sku, customers, kind="trial", starts_on=month, ends_on=None)
    own(sku, make_customers(5, "FR"), kind="trial", state="requested", starts_on=None)
    own(sku, make_customers(5, "SE"), kind="trial", state="expired", starts_on=month - dt.timedelta(days=40),
        ends_on=month - dt.timedelta(days=1))  # fmt: skip
    own(sku, customers, ends_on=last)
    renewed = own(sku, make_customers(5, "JP"), starts_on=month, ends_on=last + dt.timedelta(days=365))
    RenewalAlert.objects.bulk_create(RenewalAlert(entitlement=row, ends_on=last, days=30) for row in renewed)
    count_products(actor=STAFF)
    assert shown() == {"trials": {"DE": 6}, "renewals": {"DE": 6, "JP": 5}}
    before = get_first_day_of_month(month - dt.timedelta(days=1))
    assert shown(month=before) == {"trials": {"SE": 5}}


def test_offers_count_running_subscriptions_and_terms_that_end(sku: Sku, world: World) -> None:
    offer = Offer.objects.get(code="backup")
    month = this_month()
    sold = [
        sell(world, offer, external_id=f"s{number}", customer=customer, quantity=3)
        for number, customer in enumerate(make_customers(5, "FR"))
    ]
    for row in sold:
        row.terms.update(starts_on=month, ends_on=month)
    gone = {"state": "unsubscribed", "ended_at": timezone.now()}
    for number, customer in enumerate(make_customers(5, "JP")):
        sell(world, offer, external_id=f"g{number}", customer=customer, **gone).terms.update(
            starts_on=month, ends_on=month + dt.timedelta(days=400)
        )
    pending = {"state": "pending", "activated_at": None}
    sell(world, offer, external_id="p", customer=make_customers(1, "FR")[0], quantity=900, **pending)
    Subscription.objects.filter(external_id="qsoldq-backup").update(quantity=1)
    count_products(actor=STAFF)
    found = shown("backup")
    assert sum(found["seats"].values()) == 5 * 3 + 1 and set(found["seats"]) == {""}
    assert sum(found["renewals"].values()) >= 5 and "JP" not in found["renewals"]


def test_it_is_repeated_and_corrected(sku: Sku) -> None:
    customers = make_customers(6, "DE")
    use(sku, customers, this_month())
    counts = [count_products(actor=STAFF), count_products(actor=STAFF)]
    assert counts[0] == counts[1] and shown()["seats"] == {"DE": 60}
    UsageMonth.objects.filter(customer=customers[0], sku=sku).update(purchased=20)
    nightly()
    assert shown()["seats"] == {"DE": 70}
    UsageMonth.objects.filter(customer__in=customers[:2], sku=sku).delete()
    nightly()
    assert shown() == {}


def test_a_new_product_gets_thirteen_months_and_later_nights_write_two(sku: Sku) -> None:
    months, customers = list_months(days.today(), 14), make_customers(5, "DE")
    for month in months:
        use(sku, customers, month)
    nightly()
    assert [month for month in months if shown(month=month)] == months[:13]
    UsageMonth.objects.filter(sku=sku).update(purchased=100)
    nightly()
    assert [month for month in months if shown(month=month).get("seats") == {"DE": 500}] == months[:2]
    count_products(actor=STAFF, months=13)
    assert [month for month in months if shown(month=month).get("seats") == {"DE": 500}] == months[:13]


def test_a_month_begins_with_what_the_month_before_ended_with(sku: Sku, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise every product would shrink on its first days, and a customer that reports first would stand alone."""
    monkeypatch.setattr("marketplace.actions.products.today", lambda: dt.date(2026, 3, 2))
    march, february = dt.date(2026, 3, 1), dt.date(2026, 2, 1)
    early, late, over = (make_customers(5, country) for country in ("DE", "FR", "JP"))
    use(sku, [*early, *late], february, last_day=dt.date(2026, 2, 28))
    use(sku, over, february, last_day=dt.date(2026, 2, 20))
    use(sku, early, march, purchased=11)
    count_products(actor=STAFF)
    assert shown(month=march)["seats"] == {"DE": 55, "FR": 50}
    assert shown(month=february)["seats"] == {"DE": 50, "FR": 50, "JP": 50}


def test_a_sku_that_moves_takes_its_figures_away_at_once(
    sku: Sku, world: World, actor_for: Any, as_tenant: Any
) -> None:
    use(sku, make_customers(5, "DE"), this_month())
    nightly()
    other = Organization.objects.get(pk=world.stranger.pk)
    Organization.objects.filter(pk=other.pk).update(kind="publisher")
    other.refresh_from_db()
    staff = actor_for("vendor.admin")
    with as_tenant(staff):
        set_sku_publisher(actor=staff, sku=sku, publisher=other)
    assert not Product.objects.filter(sku=sku).exists() and shown() == {}
    nightly()
    assert Product.objects.get(sku=sku).publisher == other and shown()["seats"] == {"DE": 50}
    with as_tenant(staff):
        set_sku_publisher(actor=staff, sku=sku, publisher=None)
    assert not Product.objects.filter(sku=sku).exists() and shown() == {}
    nightly()
    assert not Product.objects.filter(sku=sku).exists()


@pytest.mark.promise("G-19")
def test_a_publisher_reads_its_own_and_writes_none(sku: Sku, world: World, actor_for: Any, as_tenant: Any) -> None:
    use(sku, make_customers(5, "DE"), this_month())
    nightly()
    for who, seen in (("publisher.reader", True), ("vendor.reader", True), ("partner.admin", False),
                      ("customer.admin", False), ("stranger.admin", False)):  # fmt: skip
        actor = actor_for(who)
        with as_tenant(actor):
            assert ProductFigure.objects.filter(product__sku=sku).exists() is seen, who
            assert ProductFigure.objects.visible_to(actor).filter(product__sku=sku).exists() is seen, who
    for statement in ("UPDATE marketplace_productfigure SET amount = 1", "DELETE FROM marketplace_product"):
        with pytest.raises(DatabaseError, match="permission denied"), as_tenant(actor_for("publisher.admin")):
            connection.cursor().execute(statement)


def test_only_jobs_and_staff_at_the_command_line_count(actor_for: Any) -> None:
    with pytest.raises(ActionRefused):
        count_products(actor=actor_for("vendor.admin"))


COUNTRIES = ("DE", "FR", "JP", "SE")
PEOPLE = st.dictionaries(st.sampled_from(COUNTRIES), st.lists(st.integers(0, 50), max_size=9))


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(PEOPLE)
def test_no_sum_that_is_stored_counts_too_few(sku: Sku, people: dict[str, list[int]]) -> None:
    """Held to the facts: who contributes to each, by country, and that all together are the true total."""
    UsageMonth.objects.filter(sku=sku).delete()
    for country, licences in people.items():
        for customer, purchased in zip(make_customers(len(licences), country), licences, strict=True):
            use(sku, [customer], this_month(), purchased=purchased, active=0)
    count_products(actor=STAFF)
    found = shown().get("seats", {})
    buyers = {country: [one for one in licences if one] for country, licences in people.items()}
    alone = {country for country in found if country}
    assert all(len(buyers[country]) >= FEWEST and found[country] == sum(buyers[country]) for country in alone)
    rest = [one for country, licences in buyers.items() if country not in alone for one in licences]
    everybody = [one for licences in buyers.values() for one in licences]
    if len(everybody) < FEWEST:
        assert found == {}
    else:
        assert sum(found.values()) == sum(everybody) and (not rest or len(rest) >= FEWEST)
