"""Events that are written, sealed and killed at once: the chain never forks, and no committed event is left out."""

import random
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction

from notifications.actions import sealing
from notifications.actions.recording import record_event
from notifications.actions.sealing import seal_next_events
from notifications.models import Event, EventSeal, UnsealedEvent
from notifications.verification import verify_log
from tests.counts import count
from tests.threads import join_all
from tests.world import World

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]
WRITERS = 16
ROUNDS = count(200)
SEALERS = 2


class Sealers:
    """Sealers that go on until they are told to stop. Whoever is killed is followed by another, as a worker is."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.pids: dict[str, int] = {}
        self.killed = self.collided = 0
        self.threads = [threading.Thread(target=self._seal, daemon=True) for _ in range(SEALERS)]
        for thread in self.threads:
            thread.start()

    def _seal(self) -> None:
        while not self.stopped.is_set():
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_backend_pid()")
                    self.pids[threading.current_thread().name] = cursor.fetchone()[0]
                seal_next_events()
            except IntegrityError:
                self.collided += 1
            except (OperationalError, InterfaceError):
                self.killed += 1
                connection.close()
        connection.close()

    def kill_one(self) -> None:
        if self.pids:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", [random.choice([*self.pids.values()])])

    def stop(self) -> None:
        self.stopped.set()
        join_all(self.threads)


@pytest.fixture
def sealers(own_database: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Sealers]:
    monkeypatch.setattr(sealing, "BATCH", 5)
    monkeypatch.setattr("notifications.actions.recording._wake_worker", lambda: None)
    sealers = Sealers()
    yield sealers
    sealers.stop()


def write_at_once(world: World, rounds: int, beside: Callable[[], None]) -> None:
    """Sixteen write events, whose numbers commit in any order; every seventh is taken back."""
    actor = world.actor("partner.admin")

    def write(writer: int) -> None:
        for number in range(rounds):
            with transaction.atomic():
                record_event("x", actor=actor, subject=world.partner, data={"writer": writer, "number": number})
                time.sleep(random.random() / 1000)
                transaction.set_rollback(number % 7 == 6)
        connection.close()

    threads = [threading.Thread(target=write, args=[number], daemon=True) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        beside()
        time.sleep(0.02)
    join_all(threads)


def require_one_chain_of_all() -> None:
    while seal_next_events():
        pass
    assert not UnsealedEvent.objects.exists()
    assert set(EventSeal.objects.values_list("event_id", flat=True)) == set(Event.objects.values_list("pk", flat=True))
    assert EventSeal.objects.count() == EventSeal.objects.latest("position").position
    assert verify_log().problems == []


@pytest.mark.promise("G-12")
def test_two_sealers_of_which_one_is_killed_again_and_again(own_database: dict[str, str], sealers: Sealers) -> None:
    write_at_once(World(), ROUNDS, sealers.kill_one)
    sealers.stop()
    assert sealers.killed and not sealers.collided
    require_one_chain_of_all()


def test_without_the_lock_a_second_sealer_fails_and_forks_nothing(
    own_database: dict[str, str], monkeypatch: pytest.MonkeyPatch, sealers: Sealers
) -> None:
    monkeypatch.setattr(sealing, "acquire_lock", lambda *_lock: None)
    write_at_once(World(), max(ROUNDS // 4, 20), lambda: None)
    sealers.stop()
    require_one_chain_of_all()
