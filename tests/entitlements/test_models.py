"""Where an entitlement is shown, and what its table refuses."""

import datetime as dt
from itertools import product

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from entitlements.models import CustomerListing, Entitlement
from entitlements.tasks import refresh_expired_listings

KIND, STATE, SECTION = Entitlement.Kind, Entitlement.State, Entitlement.Section
TODAY = dt.date(2026, 5, 17)
RUNS = {None: True, TODAY: True, TODAY - dt.timedelta(days=1): False}  # the last day still counts


def expected(kind, state, runs):
    if state == STATE.ACTIVE and runs:
        return SECTION.ACTIVE_TRIALS if kind == KIND.TRIAL else SECTION.ACTIVE
    if kind == KIND.TRIAL and state == STATE.REQUESTED:
        return SECTION.PENDING_TRIALS
    if kind == KIND.TRIAL and state in (STATE.ACTIVE, STATE.EXPIRED):
        return SECTION.EXPIRED_TRIALS
    return SECTION.PAST


@pytest.mark.parametrize(("kind", "state", "ends_on"), list(product(KIND, STATE, RUNS)))
def test_section(kind, state, ends_on):
    entitlement = Entitlement(kind=kind, state=state, ends_on=ends_on)
    assert entitlement.choose_section(TODAY) == expected(kind, state, RUNS[ends_on])


def test_an_end_before_the_start_is_refused(world):
    row = Entitlement.objects.filter(customer=world.customer).exclude(starts_on=None).first()
    with pytest.raises(IntegrityError, match="entitlement_dates"), transaction.atomic():
        Entitlement.objects.filter(pk=row.pk).update(ends_on=row.starts_on - dt.timedelta(days=1))


def listed(world):
    return CustomerListing.objects.get(viewer=world.partner, customer=world.customer)


def test_the_list_follows_the_entitlements_in_the_same_transaction(world):
    before = listed(world)
    assert (before.services, before.trials) == (2, 1)  # of the running ones
    assert (before.seats, before.assigned, before.trial_seats, before.trial_assigned) == (10, 0, 11, 1)
    running = Entitlement.objects.get(customer=world.customer, kind=KIND.PRODUCTION, state=STATE.ACTIVE)
    Entitlement.objects.filter(pk=running.pk).update(quantity=100, assigned=120)
    assert (listed(world).seats, listed(world).assigned) == (100, 120)
    assert (listed(world).over_skus, listed(world).over_seats) == ([running.sku_id], [20])
    running.delete()
    assert (listed(world).services, listed(world).seats, listed(world).trial_seats) == (1, 0, 11)


def test_what_expired_at_midnight_is_counted_anew_by_the_task(world):
    """Time passes without any row changing: the trigger was away while the last day became yesterday."""
    yesterday = timezone.now().date() - dt.timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE entitlements_entitlement DISABLE TRIGGER USER")
    Entitlement.objects.filter(customer=world.customer).exclude(ends_on=None).update(ends_on=yesterday)
    CustomerListing.objects.filter(customer=world.customer).update(next_expiry_on=yesterday)
    assert listed(world).services == 2
    refresh_expired_listings()
    assert (listed(world).services, listed(world).seats, listed(world).expires_on) == (0, 0, None)
    assert (listed(world).trial_seats, listed(world).trial_assigned) == (0, 0)
