"""Parents are killed without a word, and started again as a supervisor does: nothing is lost, nothing is told twice."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from django.conf import settings

from notifications.models import Channel, Delivery, Event
from tests.conftest import PageClient, sign_in
from tests.faults.plant import NO_ANSWER, Plant, Visitor, until
from tests.world import World

pytestmark = [pytest.mark.slow]


@pytest.fixture
def cast(own_database: dict[str, str]) -> World:
    return World()


@pytest.fixture
def plant(own_database: dict[str, str], tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(own_database, tmp_path)
    yield plant
    plant.stop()


@pytest.fixture
def visitor(plant: Plant, cast: World) -> Iterator[Visitor]:
    client = PageClient()
    sign_in(client, "partner.admin")
    cookies = {settings.SESSION_COOKIE_NAME: client.session.cookie_key, settings.CSRF_COOKIE_NAME: "a" * 32}
    visitor = Visitor(plant.port, cookies)
    yield visitor
    visitor.close()


def test_parents_are_killed_while_people_work(plant: Plant, visitor: Visitor) -> None:
    """Two beats run side by side meanwhile, and then none: sweeps find the same a second time, and do nothing."""
    earlier = set(Event.objects.values_list("pk", flat=True))
    plant.start_web()
    for name in ("beat1", "beat2"):
        plant.start_beat(name)
    plant.start_worker("worker")
    visitor.start()
    plant.wait_for_worker("worker")
    orphans = []
    for kill_and_start in (web, worker, beats):
        done = len(visitor.answers)
        until(lambda done=done: len(visitor.answers) >= done + 4)
        orphans += kill_and_start(plant)
        until(lambda: [status for _what, status, _seconds in visitor.answers[-4:]].count(NO_ANSWER) == 0)
    visitor.close()
    until(lambda: not any(map(psutil.pid_exists, orphans)))  # children whose parent has gone end by themselves
    told = Delivery.objects.exclude(event__in=earlier)
    until(lambda: not told.filter(done_at=None).exists(), plant.sweep)
    events = Event.objects.exclude(pk__in=earlier)
    assert {status for _what, status, _seconds in visitor.answers} <= {200, 302, NO_ANSWER}
    assert told.filter(channel=Channel.FAN_OUT).count() == events.count() > 0
    saved = [what for what, status, _seconds in visitor.answers if what.startswith("POST") and status == 302]
    assert events.count() >= len(saved) > 0
    assert max(plant.mails.taken.values(), default=1) == 1


def web(plant: Plant) -> list[int]:
    orphans = plant.kill_parent("web")
    plant.start_web()
    return orphans


def worker(plant: Plant) -> list[int]:
    orphans = plant.kill_parent("worker")
    plant.start_worker("worker")
    plant.wait_for_worker("worker")
    return orphans


def beats(plant: Plant) -> list[int]:
    return plant.kill_parent("beat1") + plant.kill_parent("beat2")
