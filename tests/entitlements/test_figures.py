"""The figures beside the customer list: always what the list adds up to, merged or not."""

import datetime as dt
from collections import Counter
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entitlements.actions.figures import merge_portfolio_figure_changes
from entitlements.models import CustomerListing, Entitlement, PortfolioFigure, Sku
from entitlements.queries.customers import PortfolioTotals, get_portfolio_totals
from partnerportal.lib.days import SOON, today
from partnerportal.lib.scopes import Scope
from tests.counts import count
from tests.portfolio import differences
from tests.world import World

NUMBERS = st.integers(0, 3)
WRITES = st.tuples(
    st.just("write"),
    NUMBERS,  # which entitlement
    st.fixed_dictionaries(
        {
            "state": st.sampled_from(["active", "requested", "expired"]),
            "kind": st.sampled_from(["trial", "production"]),
            "quantity": st.integers(0, 20),
            "assigned": st.integers(0, 20),
            "ends_on": st.sampled_from([None, -1, 0, 5, 30, 31, 400]),
        }
    ),
)
STEPS = st.lists(
    st.one_of(
        WRITES, st.tuples(st.just("delete"), NUMBERS, st.none()), st.tuples(st.just("merge"), NUMBERS, st.none())
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.slow
@pytest.mark.no_cover
@given(steps=STEPS)
@settings(max_examples=count(300), suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_follow_the_list(world: World, steps: list[Any]) -> None:
    customers, skus = [world.customer, world.customer2], list(Sku.objects.order_by("pk")[:2])
    with transaction.atomic():
        for what, number, values in steps:
            if what == "merge":
                merge_portfolio_figure_changes()
            elif what == "delete":
                Entitlement.objects.filter(external_id=f"F{number}").delete()
            else:
                ends = values["ends_on"]
                day = None if ends is None else today() + dt.timedelta(days=ends)
                row = values | {"ends_on": day, "customer": customers[number % 2], "sku": skus[number // 2]}
                Entitlement.objects.update_or_create(external_id=f"F{number}", defaults=row)
            assert differences() == []
        assert_numbers(world)
        transaction.set_rollback(True)


def assert_numbers(world: World) -> None:
    """The page's numbers, from the list itself."""
    actor = world.actor("partner.admin")
    rows = list(CustomerListing.objects.filter(viewer=world.partner))
    soon = [row for row in rows if row.expires_on and today() <= row.expires_on <= today() + SOON]
    numbers = get_portfolio_totals(actor)
    assert numbers == PortfolioTotals(
        customers=len(rows),
        seats_purchased=sum(row.seats for row in rows),
        seats_assigned=sum(row.assigned for row in rows),
        expiring=len(soon),
        over=sum(row.overage > 0 for row in rows),
        on_trial=sum(row.trials > 0 for row in rows),
        trial_seats=sum(row.trial_seats for row in rows),
        trial_seats_assigned=sum(row.trial_assigned for row in rows),
        waiting=sum(row.requests > 0 for row in rows),
        overage=sum(row.overage for row in rows),
        unused=sum(row.unused_seats for row in rows),
        unusual=numbers.unusual,
        share_services=sum(row.shares_scope(Scope.ENTITLEMENTS) for row in rows),
        share_usage=sum(row.shares_scope(Scope.USAGE) for row in rows),
        countries=numbers.countries,
        skus=numbers.skus,
    )
    assert numbers.unusual == Counter(kind for row in rows for kind in row.unusual)
    assert sorted(numbers.countries) == sorted({row.country for row in rows})
    assert sorted(numbers.skus) == sorted({sku for row in rows for sku in row.skus})


def test_merging_leaves_one_row_each_and_changes_no_number(world: World) -> None:
    before = get_portfolio_totals(world.actor("partner.admin"))
    CustomerListing.objects.filter(viewer=world.partner).update(seats=1)
    CustomerListing.objects.filter(viewer=world.partner).update(seats=2)
    assert merge_portfolio_figure_changes() > 0
    assert merge_portfolio_figure_changes() == 0
    values = list(PortfolioFigure.objects.values_list("viewer", "facet", "value"))
    assert len(values) == len(set(values))
    after = get_portfolio_totals(world.actor("partner.admin"))
    assert (after.customers, after.seats_purchased) == (before.customers, before.customers * 2)


def test_what_was_written_around_the_triggers_is_found_and_repaired(world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE entitlements_portfoliofigure SET amount = amount + 1 WHERE value = 'customers'")
    with pytest.raises(CommandError, match="differences"):
        call_command("rebuild_portfolio", "--check")
    call_command("rebuild_portfolio")
    assert differences() == []
    call_command("rebuild_portfolio", "--check")


@pytest.mark.parametrize(("assigned", "share"), [(0, 0), (1, 0.01), (39_999, 0.99), (40_000, 1), (40_001, 1.01)])
def test_all_seats_are_assigned_only_when_they_are(world: World, assigned: int, share: float) -> None:
    CustomerListing.objects.filter(viewer=world.partner).delete()
    CustomerListing.objects.create(
        viewer=world.partner, customer=world.customer, public_id=world.customer.public_id, name="A", name_folded="a",
        org_id="1", country="FR", connected_at=timezone.now(), created_at=timezone.now(), seats=40_000,
        assigned=assigned,
    )  # fmt: skip
    assert get_portfolio_totals(world.actor("partner.admin")).assigned_seat_ratio == share
