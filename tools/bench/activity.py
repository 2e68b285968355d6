"""The goals of the activity log: pages of a million events, its seal, and what the seal costs whoever writes."""

import os
import resource
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from accounts.models import Organization, OrganizationKind, Person
from notifications.actions.recording import record_event
from notifications.actions.sealing import seal_next_events
from notifications.models import EventSeal, UnsealedEvent
from notifications.verification import verify_log
from partnerportal.lib.actors import Actor
from tools.bench.data import make_organization
from tools.bench.measure import quantile, wall
from tools.bench.queries import replay
from tools.bench.report import GoalLine
from tools.bench.servers import start_silently
from tools.bench.signed_in import client, own_queries

MANY, FEW = 1_000_000, 50_000  # events of two organisations
LARGE, SMALL = "Activity of a million", "Activity of fifty thousand"
DAYS = 40  # over which their events are spread
WRITERS, A_SECOND, SECONDS, TURNS = 8, 200, 10, 3  # of the measurement of writers
EVERY = 2.0  # seconds between two runs of the sealer, as in the schedule
PAGES = {
    "page": "/activity/",
    "page of one person": "/activity/?actor={person}",
    "page of one topic": "/activity/?topic=people",
    "deep page, oldest first": "/activity/?since=2000-01-01&sort=at",
}
SEARCH_IN_VAIN = "/activity/?q=nothing-like-it"  # it reads as many events as a search reads at most


def load() -> None:
    """Write the events of both organisations, and seal them, unless an earlier run has."""
    if Organization.objects.filter(name=LARGE).exists():
        return
    for name, key, count in ((LARGE, "million", MANY), (SMALL, "thousands", FEW)):
        make_organization(OrganizationKind.CUSTOMER, name, key)
        _write(Organization.objects.get(name=name), Person.objects.get(email=f"{key}@bench.test"), count)
    _seal_all()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE notifications_event, notifications_eventseal, notifications_unsealedevent")


def _write(organization: Organization, person: Person, count: int) -> None:
    """Write events, of which each party's index has a third."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE notifications_event DISABLE TRIGGER event_is_a_message")
        cursor.execute(
            """INSERT INTO notifications_event (public_id, kind, at, actor_kind, actor_id, actor_label, organization_id,
                   organization_label, counterpart_id, counterpart_label, customer_id, subject_kind, subject_label,
                   data, changes)
               SELECT gen_random_uuid(),
                   (ARRAY['operator.roles_changed', 'trial.extended', 'list.exported'])[1 + i / 3 %% 3],
                   now() - i * (%(days)s * interval '1 day') / %(count)s, 'person',
                   CASE WHEN i %% 50 = 0 THEN %(person)s END, 'Somebody ' || i %% 50,
                   CASE WHEN i %% 3 = 0 THEN %(own)s END, 'Organisation', CASE WHEN i %% 3 = 1 THEN %(own)s END,
                   'Another', CASE WHEN i %% 3 = 2 THEN %(own)s END, 'accounts.person', 'Object ' || i,
                   '{"quantity": 5}', '{"roles": [["reader"], ["admin"]]}'
               FROM generate_series(0, %(count)s - 1) i""",
            {"own": organization.pk, "person": person.pk, "count": count, "days": DAYS},
        )
        cursor.execute("ALTER TABLE notifications_event ENABLE TRIGGER event_is_a_message")


def lines(rounds: int) -> Iterator[GoalLine]:
    """Measure the goals of the log, and yield a line for each."""
    yield from _pages(rounds)
    yield from _verification()
    yield from _writers()


def _pages(rounds: int) -> Iterator[GoalLine]:
    people = {key: Person.objects.get(email=f"{key}@bench.test") for key in ("million", "thousands")}
    ids = {"million": Organization.objects.get(name=LARGE).pk, "thousands": Organization.objects.get(name=SMALL).pk}
    for name, path in PAGES.items():
        works = [
            replay(own_queries(client(person), path.format(person=person.public_id)), ids[key])
            for key, person in people.items()
        ]
        many, few = (quantile(samples, 95) for samples in wall(works, rounds * 4))
        yield GoalLine(f"activity log of a million events, {name}: SQL p95 against 50,000", many / few, 1.3)
    (samples,) = wall([replay(own_queries(client(people["million"]), SEARCH_IN_VAIN), ids["million"])], rounds * 4)
    goal = "activity log of a million events, search that finds nothing: SQL p95"
    yield GoalLine(goal, quantile(samples, 95) * 1000, 100, "ms")


def _verification() -> Iterator[GoalLine]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    report = verify_log()
    seconds = time.perf_counter() - begin
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    if report.problems:
        raise RuntimeError(report.problems[0])
    yield GoalLine("verify_events, seconds for a million events", seconds * MANY / report.links, 30, " s")
    yield GoalLine("verify_events: memory that it takes", grown, 50, " MB")


def _writers() -> Iterator[GoalLine]:
    """Yield what the sealer costs those who write, in turns without and with it, and how soon it seals an event."""
    without: list[float] = []
    with_sealer: list[float] = []
    lags: list[float] = []
    for _ in range(TURNS):
        without += _write_at_a_rate()
        _seal_all()
        with _sealer():
            last = EventSeal.objects.latest("position").position
            with_sealer += _write_at_a_rate()
            _wait_until_sealed()
        lags += _list_lags(last)
    goal = f"writers of {A_SECOND} events a second, p95 with the sealer against without"
    yield GoalLine(goal, quantile(with_sealer, 95) / quantile(without, 95), 1.05)
    yield GoalLine("time from an event to its seal, p99", quantile(lags, 99), 5, " s")


def _write_at_a_rate() -> list[float]:
    """Write events by several threads at once; return the seconds that each event took its writer."""
    taken: list[float] = []
    subject = Organization.objects.get(name=SMALL)

    def write() -> None:
        due = time.perf_counter()
        for _ in range(A_SECOND * SECONDS // WRITERS):
            due += WRITERS / A_SECOND
            time.sleep(max(0.0, due - time.perf_counter()))
            begin = time.perf_counter()
            with transaction.atomic():
                record_event("view.shared", actor=Actor.system("bench"), subject=subject, counterpart=subject)
            taken.append(time.perf_counter() - begin)
        connection.close()

    threads = [threading.Thread(target=write) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


@contextmanager
def _sealer() -> Iterator[None]:
    """Have a process of its own seal what waits for the length of the block, which begins when it has sealed once."""
    subject = Organization.objects.get(name=SMALL)
    with transaction.atomic():
        record_event("view.shared", actor=Actor.system("bench"), subject=subject, counterpart=subject)
    sealer = start_silently([sys.executable, "-m", "tools.bench.sealer", str(EVERY)], dict(os.environ))
    try:
        _wait_until_sealed()
        yield
    finally:
        sealer.terminate()
        sealer.wait()


def _wait_until_sealed() -> None:
    """Return when no event waits for its seal. Raises TimeoutError after a minute."""
    end = time.monotonic() + 60
    while UnsealedEvent.objects.exists():
        if time.monotonic() > end:
            raise TimeoutError("The sealer does not seal.")
        time.sleep(0.05)


def _seal_all() -> None:
    while seal_next_events():
        pass


def _list_lags(position: int) -> list[float]:
    """Return the seconds from each event to its seal, of those that were sealed after a position."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT extract(epoch FROM s.sealed_at - e.at)::float FROM notifications_eventseal s
               JOIN notifications_event e ON e.id = s.event_id WHERE s.position > %s""",
            [position],
        )
        return [row[0] for row in cursor.fetchall()]
