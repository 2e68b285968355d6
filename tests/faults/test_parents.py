"""Parents are killed without a word, and started again as a supervisor does: nothing is lost, nothing is told twice."""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import psutil
import pytest
from django.utils import timezone

from notifications.models import Delivery, Event
from tests.faults.people import AtWork, acceptances, at_work, edits, nothing_lost_nothing_twice, settle, wait_until_back
from tests.faults.plant import NO_ANSWER, Plant, until

pytestmark = [pytest.mark.slow]


@pytest.fixture
def plant(own_database: dict[str, str], tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(own_database, tmp_path)
    yield plant
    plant.stop()


def test_parents_are_killed_while_people_work(plant: Plant) -> None:
    """Two beats run side by side meanwhile, and then none: sweeps find the same a second time, and do nothing."""
    earlier = set(Event.objects.values_list("pk", flat=True))
    plant.start_web()
    for name in ("beat1", "beat2"):
        plant.start_beat(name)
    plant.start_worker("worker")
    plant.wait_for_worker("worker")
    people = [
        AtWork(plant.port, "partner.admin", edits()),
        AtWork(plant.port, "stranger.admin", acceptances("stranger.admin"), pause=1),
    ]
    orphans = []
    with at_work(*people):
        wait_until_back(people, monotonic())
        for kill_and_start in (web, worker, beats):
            killed = monotonic()
            orphans += kill_and_start(plant)
            wait_until_back(people, killed)
    until(lambda: not any(map(psutil.pid_exists, orphans)))  # children whose parent has gone end by themselves
    Delivery.objects.filter(done_at=None).update(next_at=timezone.now())  # three minutes later: leases have run out
    settle(plant, earlier)
    assert {status for person in people for _what, status, _seconds in person.answers} <= {200, 302, NO_ANSWER}
    nothing_lost_nothing_twice(plant, people, earlier)


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
