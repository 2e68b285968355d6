"""Processes die in the middle of connection events, 2,000 in a long run: nothing is lost, nothing is told twice."""

import subprocess
import time

import pytest
from django.utils import timezone

from accounts.models import Operator, Organization, Person
from connections.models import Connection
from notifications.models import Delivery, DeliveryChannel, Event, Notice
from partnerportal.lib.scopes import ALL
from tests.counts import count
from tests.faults.people import cookies_of
from tests.faults.plant import Plant, Visitor
from tests.threads import PATIENCE
from tests.world import World, free_org_ids

pytestmark = [pytest.mark.slow]
EVENTS = count(2000)
LOAD_SECONDS = 30
WAIT_SECONDS = 240  # a machine with nothing else to do needs 30


@pytest.fixture
def cast(own_database):
    return World()


@pytest.fixture
def plant(own_database, tmp_path):
    plant = Plant(own_database, tmp_path)
    yield plant
    plant.stop()


@pytest.fixture
def customers(cast):
    """Half of them connected with the partner already, as if for long: they will end it, the others will accept."""
    Operator.objects.filter(organization=cast.partner).exclude(person=cast.person("partner.admin")).delete()
    rows = [
        Organization(kind="customer", name=f"Load {n}", name_folded=f"load {n}", org_id=org_id, country="DE")
        for n, org_id in enumerate(free_org_ids(EVENTS))
    ]
    rows = Organization.objects.bulk_create(rows)
    admin = Person.objects.earliest("pk")  # as whom the load acts
    Operator.objects.bulk_create(Operator(organization=row, person=admin, roles=["admin"]) for row in rows)
    Connection.objects.bulk_create(
        Connection(partner=cast.partner, customer=row, partner_name="P", customer_name=row.name, scopes=ALL)
        for row in rows[::2]
    )
    return [row.pk for row in rows]


def test_no_notice_is_lost_or_told_twice(plant, cast, customers):
    earlier = set(Event.objects.values_list("pk", flat=True))
    visitor = start(plant, cast)
    load = plant.start(
        "load", "tests.faults.load", cast.token("partner"), str(LOAD_SECONDS),
        process="web", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    load.stdin.write("".join(f"{pk}\n" for pk in customers))
    load.stdin.close()
    disturb(plant)
    code = load.wait(LOAD_SECONDS + PATIENCE)
    with load.stdout:
        assert (code, load.stdout.read()) == (0, "")
    settle(plant)
    visitor.close()
    told_once(cast, earlier)
    mailed_at_least_once(plant, cast, earlier)
    assert len(visitor.answers) > 60
    assert not [answer for answer in visitor.answers if answer[1] >= 400]


def start(plant, cast):
    plant.start_web()
    for name in ("worker1", "worker2"):
        plant.start_worker(name)
    visitor = Visitor(plant.port, cookies_of("partner.admin"))
    visitor.start()
    return visitor


def disturb(plant):
    """Workers are killed five times, Redis once, for ten seconds; all while the load runs."""
    for name in ("worker1", "worker2"):
        plant.wait_for_worker(name)
    for name in ("worker1", "worker2"):
        works_on(plant)
        plant.kill(name)
        plant.start_worker(name)
        plant.wait_for_worker(name)
    works_on(plant)
    plant.kill_redis()
    time.sleep(5)
    plant.kill("worker1")
    plant.start_worker("worker1")
    time.sleep(5)
    plant.start_redis()
    for name in ("worker2", "worker1"):
        plant.wait_for_worker(name)
        works_on(plant)
        plant.kill(name)
        plant.start_worker(name)


def works_on(plant):
    """Until more is done than before, or nothing is left to do."""
    deadline, due = time.monotonic() + WAIT_SECONDS, Delivery.objects.filter(done_at=None)
    before = Delivery.objects.exclude(done_at=None).count()
    while due.exists() and Delivery.objects.exclude(done_at=None).count() == before:
        assert time.monotonic() < deadline, "nothing is done any more"
        plant.sweep()
        time.sleep(0.1)


def settle(plant):
    """Plays beat, every other second, until nothing is due. Leases of killed workers are made to run out once."""
    deadline, before, expired = time.monotonic() + WAIT_SECONDS, -1, False
    while waiting := Delivery.objects.filter(done_at=None).count():
        assert time.monotonic() < deadline, f"{waiting} deliveries are still due"
        if waiting == before and not expired:
            expired = True
            Delivery.objects.filter(done_at=None, attempts=0).update(next_at=timezone.now())
        before = waiting
        plant.sweep()
        time.sleep(2)


def news(earlier, kind):
    return Event.objects.exclude(pk__in=earlier).filter(kind=kind)


def told_once(cast, earlier):
    for event_kind, notice_kind in (
        ("connection.established", "customer_connected"),
        ("connection.ended", "customer_ended"),
    ):
        events = set(news(earlier, event_kind).values_list("pk", flat=True))
        notices = Notice.objects.filter(event__in=events)
        assert len(events) == EVENTS / 2
        assert sorted(notices.values_list("event", flat=True)) == sorted(events)
        assert set(notices.values_list("kind", "recipient_id")) == {(notice_kind, cast.partner.pk)}
    assert not Delivery.objects.exclude(dead_at=None).exists()


def mailed_at_least_once(plant, cast, earlier):
    person = cast.person("partner.admin")
    notices = Notice.objects.filter(recipient_id=cast.partner.pk, event__in=news(earlier, "connection.established"))
    notices |= Notice.objects.filter(recipient_id=cast.partner.pk, event__in=news(earlier, "connection.ended"))
    expected = {(f"<{notice.public_id}.{person.pk}@127.0.0.1>", person.email) for notice in notices}
    assert len(expected) == EVENTS
    assert set(plant.mails.taken) == expected
    deliveries = Delivery.objects.filter(channel=DeliveryChannel.EMAIL, event__in=[n.event_id for n in notices])
    assert deliveries.count() == EVENTS
