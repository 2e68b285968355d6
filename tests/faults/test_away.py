"""Redis, the mail server or PostgreSQL is away while people work: nothing is lost, nothing is told twice, and health
says what is.

FAULT_SECONDS is how long each is away: alone for a minute in `make test-faults`, else in turn for a few seconds.
"""

import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import psutil
import pytest
from django.db import connection

from notifications.models import Event
from tests.faults.people import (
    IS_ALONE,
    SECONDS,
    AtWork,
    Probe,
    acceptances,
    at_work,
    edits,
    nothing_lost_nothing_twice,
    settle,
    wait_until_back,
)
from tests.faults.plant import Plant, until
from tests.faults.relay import Relay, relay_to, relay_to_database
from tests.world import World

pytestmark = [pytest.mark.slow]
LONGEST = 5.0  # seconds that a form may take on a busy machine while something is away that it does not need


@dataclass
class Rig:
    plant: Plant
    redis: Relay
    mail: Relay
    database: Relay


@pytest.fixture
def rig(own_database: dict[str, str], tmp_path: Path) -> Iterator[Rig]:
    """Each of the three stands behind a relay that everything but the test itself goes through."""
    World()
    database = relay_to_database()
    variables = {name: re.sub("@.*/", f"@127.0.0.1:{database.port}/", url) for name, url in own_database.items()}
    plant = Plant(variables | {"PRIVATE_ROOT": str(tmp_path / "private")}, tmp_path)
    redis, plant.environment["REDIS_URL"] = relay_to(plant.redis_url)
    mail, plant.environment["EMAIL_URL"] = relay_to(plant.environment["EMAIL_URL"])
    rig = Rig(plant, redis, mail, database)
    plant.start_worker("worker", "celery,exports,ingest")
    plant.start_worker("mails", "mails")
    plant.start_web()
    for name in ("worker", "mails"):
        plant.wait_for_worker(name)
    yield rig
    plant.stop()
    for relay in (rig.redis, rig.mail, rig.database):
        relay.close()


@contextmanager
def unheard(relay: Relay) -> Iterator[None]:
    relay.lose_answers()
    try:
        yield
    finally:
        relay.resume()


@contextmanager
def stopped(*processes: psutil.Process) -> Iterator[None]:
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)


def database_server() -> list[psutil.Process]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        parent = psutil.Process(cursor.fetchone()[0]).parent()
    assert parent
    return [parent, *parent.children()]


FAULTS: dict[str, Callable[[Rig], AbstractContextManager[None]]] = {
    "mail-stalled": lambda rig: rig.mail.stalled(),
    "redis-stalled": lambda rig: rig.redis.stalled(),
    "redis-stopped": lambda rig: stopped(psutil.Process(int(rig.plant.redis._state()["pid"]))),
    "database-stalled": lambda rig: rig.database.stalled(),
    "database-unheard": lambda rig: unheard(rig.database),
}
TURNS = [[name] for name in FAULTS] if IS_ALONE else [list(FAULTS)]
if IS_ALONE:  # other tests would stand still with it
    FAULTS["database-stopped"] = lambda rig: stopped(*database_server())
    TURNS.append(["database-stopped"])


@pytest.mark.parametrize("turns", TURNS, ids=" ".join)
def test_what_is_away_costs_nobody_an_action(rig: Rig, turns: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    earlier = set(Event.objects.values_list("pk", flat=True))
    port = rig.plant.port
    people = [
        AtWork(port, "partner.admin", edits()),
        AtWork(port, "partner2.admin", edits()),
        AtWork(port, "stranger.admin", acceptances("stranger.admin"), pause=1),
    ]
    alive, ready = Probe(port, "/healthz"), Probe(port, "/readyz")
    back = 0.0
    with at_work(*people, alive, ready):
        wait_until_back(people, monotonic())
        for name in turns:
            go_without(rig, name, people, ready)
            back = wait_until_back(people, monotonic())
    told = settle(rig.plant, earlier)
    if IS_ALONE:
        with capsys.disabled():
            sys.stdout.write(figures(rig, people, alive, ready, back=back, told=told))
    assert set(alive.said) == {200} and set(ready.said) <= {200, 503}
    nothing_lost_nothing_twice(rig.plant, people, earlier)


def figures(rig: Rig, people: list[AtWork], alive: Probe, ready: Probe, *, back: float, told: float) -> str:
    mails = rig.plant.mails.taken
    lines = (
        f"{sum(p.done for p in people)} actions acknowledged, {sum(p.repeats for p in people)} times asked again",
        f"slowest {max(seconds for p in people for _what, _status, seconds in p.answers):.1f} s, all back {back:.1f} s",
        f"all told {told:.1f} s after that, mails: {len(mails)}, sent twice: {mails.total() - len(mails)}",
        f"health {alive}, readiness {ready}",
    )
    return "\n" + "; ".join(lines) + " "


def go_without(rig: Rig, name: str, people: list[AtWork], ready: Probe) -> None:
    """Until the time is over, and everybody has noticed: health where it is the database, else whoever works."""
    began, asked, said = monotonic(), [len(person.answers) for person in people], len(ready.answers)
    with FAULTS[name](rig):
        until(lambda: monotonic() - began > SECONDS)
        if name.startswith("database"):
            until(lambda: 503 in [status for status, _seconds in ready.answers[said:]])
            return
        until(lambda: all(len(person.answers) > n + 1 for person, n in zip(people, asked, strict=True)))
        during = [answer for person, n in zip(people, asked, strict=True) for answer in person.answers[n:]]
        assert {status for _what, status, _seconds in during} == {200, 302}
        assert max(seconds for _what, _status, seconds in during) < LONGEST
