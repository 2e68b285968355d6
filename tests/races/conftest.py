"""Real threads on committed rows: each action in a transaction and a tenant of its own, as a request has it."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from connections import policies
from partnerportal.celery import app as celery_app
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import DomainError
from tests.threads import PATIENCE
from tests.world import World

THREADS = 16
Action = Callable[[], Any]


class Race:
    """Starts actions at the same moment and gathers what each returned, or the domain error it raised.

    Any other exception, a deadlock for one, ends the test.
    """

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(THREADS)

    def run(self, actions: list[tuple[Actor, Action]]) -> list[Any]:
        barrier = threading.Barrier(len(actions))
        return [f.result(PATIENCE) for f in [self.pool.submit(self._do, barrier, *action) for action in actions]]

    def _do(self, barrier: threading.Barrier, actor: Actor, action: Action) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '60s'")  # sixteen wait for one another, also on a busy machine
        barrier.wait(timeout=60)
        try:
            with transaction.atomic():
                if not actor.is_system:
                    tenancy.enter_tenant(organization_id=actor.organization_id, person_id=actor.person_id)
                return action()
        except DomainError as error:
            return error

    def close(self) -> None:
        barrier = threading.Barrier(THREADS)

        def leave() -> None:
            barrier.wait(timeout=60)  # so that each thread closes its own connection
            connection.close()

        for future in [self.pool.submit(leave) for _ in range(THREADS)]:
            future.result(PATIENCE)
        self.pool.shutdown()


def later(started: tuple[Actor, Action], seconds: float = 0.15) -> tuple[Actor, Action]:
    """The same up to so many seconds later, at random: what takes one statement else always comes before what takes
    fifty."""
    actor, action = started

    def act() -> Any:
        time.sleep(random.random() * seconds)
        return action()

    return actor, act


@pytest.fixture
def cast(own_database: dict[str, str]) -> World:
    return World()


@pytest.fixture
def race(own_database: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Race]:
    monkeypatch.setattr(policies, "ACCEPTED_A_DAY", 10_000)
    race = Race()
    yield race
    race.close()
    celery_app.control.purge()  # the wake-ups: nobody works them off here
