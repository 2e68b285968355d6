"""The task that announces ends is killed in the middle of thousands: each is told once."""

import datetime as dt
import time

import pytest

from accounts.models import Organization
from entitlements.models import Entitlement, RenewalAlert, Sku
from notifications.models import Delivery, Event
from partnerportal.lib.days import today
from tests.faults.plant import Plant

pytestmark = [pytest.mark.slow]
ENDS = 20_000
PATIENCE = 120  # seconds


@pytest.fixture
def plant(own_database, tmp_path):
    plant = Plant(own_database, tmp_path)
    yield plant
    plant.stop()


@pytest.fixture
def ends(own_database):
    RenewalAlert.objects.all().delete()
    Entitlement.objects.filter(state="active").update(ends_on=None)
    sku = Sku.objects.create(code="FAULT", service="F", name="Fault")
    customer = Organization.objects.create(kind="customer", name="Load", country="DE")
    at = today() + dt.timedelta(days=30)
    same = {"customer": customer, "sku": sku, "kind": "production", "state": "active", "quantity": 1, "ends_on": at}
    Entitlement.objects.bulk_create(Entitlement(**same, external_id=f"F{n}") for n in range(ENDS))


def test_killed_in_the_middle_each_is_told_once(plant, ends):
    for number in range(3):
        name = f"worker{number}"
        plant.start_worker(name)
        plant.beat.send_task("entitlements.tasks.announce_renewals", retry=False)
        before = RenewalAlert.objects.count()
        until(lambda before=before: RenewalAlert.objects.count() > before)
        plant.kill(name)
        assert RenewalAlert.objects.count() < ENDS, "it was over before it could be killed"
    plant.start_worker("last")
    plant.beat.send_task("entitlements.tasks.announce_renewals", retry=False)
    until(lambda: RenewalAlert.objects.count() == ENDS)
    events = Event.objects.filter(kind="entitlement.ends_soon")
    assert events.count() == events.values("subject_id").distinct().count() == ENDS
    assert Delivery.objects.filter(event__in=events, channel="fan_out").count() == ENDS


def until(answer):
    deadline = time.monotonic() + PATIENCE
    while not answer():
        assert time.monotonic() < deadline
        time.sleep(0.02)
