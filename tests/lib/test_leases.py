"""The life of a lease, with real commits: two workers, one that was killed, and one that comes back too late."""

import datetime as dt
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from entitlements.models import IngestUpload
from exports.models import Export
from imports.models import Import
from partnerportal.lib.leases import FAILED, RUNNING, LeasedWork, LeaseLost, lease_next_due_row
from tests.counts import count
from tests.threads import join_all
from tests.world import World

State = Export.State
PAST, SECOND = dt.timedelta(seconds=-1), dt.timedelta(seconds=1)


@pytest.fixture
def queue(own_database: Any) -> Callable[[int], list[Export]]:
    """Put so many rows into the line, which is empty before."""
    cast = World()
    person = cast.person("partner.admin")

    def put(number: int) -> list[Export]:
        rows = (Export(organization=cast.partner, person_id=person.pk, list="customers") for _row in range(number))
        return Export.objects.bulk_create(rows)

    return put


def lease() -> Export | None:
    return lease_next_due_row(Export.objects.order_by("pk"), rows_written=0)


def leased() -> Export:
    row = lease()
    assert row
    return row


def stored(row: Export) -> Export:
    return Export.objects.get(pk=row.pk)


def run_out(row: Export) -> None:
    """Let the row's lease be over."""
    assert Export.objects.filter(pk=row.pk).update(leased_until=timezone.now() + PAST)


def at_once(*works: Callable[[], None]) -> None:
    """Run each in a thread with a connection of its own, all from the same moment on."""
    start = threading.Barrier(len(works))

    def run(work: Callable[[], None]) -> None:
        try:
            start.wait(60)
            work()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work], daemon=True) for work in works]
    for thread in threads:
        thread.start()
    join_all(threads)


def test_a_row_is_leased_worked_at_and_finished(queue):
    first, second = queue(2)
    before = timezone.now()
    row = leased()
    assert (row.pk, row.state, row.attempts) == (first.pk, RUNNING, 1)
    assert before + Export.LEASE <= stored(row).leased_until <= timezone.now() + Export.LEASE
    Export.objects.update(leased_until=timezone.now() + SECOND)
    row.report_progress(rows_written=5)
    assert stored(row).rows_written == 5 and stored(row).leased_until >= before + Export.LEASE
    row.finish(State.READY, rows=9, rows_written=9)
    done = stored(row)
    assert (done.state, done.rows, done.rows_written, done.leased_until) == (State.READY, 9, 9, None)
    assert done.finished_at >= before
    Export.objects.filter(pk=second.pk).update(leased_until=None)
    assert leased().pk == second.pk
    assert lease() is None


def test_two_workers_never_have_the_same_row(queue):
    rows = queue(20)
    taken: list[int] = []

    def work() -> None:
        while row := lease():
            taken.append(row.pk)

    at_once(work, work, work, work)
    assert sorted(taken) == [row.pk for row in rows]
    assert set(Export.objects.filter(pk__in=taken).values_list("state", "attempts")) == {(RUNNING, 1)}


def test_nobody_waits_for_a_worker_that_is_just_leasing(queue):
    first, second = queue(2)
    taken = []
    with transaction.atomic():
        assert leased().pk == first.pk
        at_once(lambda: taken.append(lease()), lambda: taken.append(lease()))
    assert [row.pk for row in taken if row] == [second.pk]


WORKER = """import django; django.setup()
import time
from django.db import transaction
from exports.models import Export
from partnerportal.lib.leases import lease_next_due_row
row = lease_next_due_row(Export.objects.order_by("pk"))
row.report_progress(rows_written=7)
with transaction.atomic():
    row.finish("ready", rows=7)
    print(row.pk, row.attempts, flush=True)
    time.sleep(60)"""


def test_a_killed_worker_is_followed_when_its_lease_has_run_out(queue, own_database):
    (row,) = queue(1)
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER], env=os.environ | own_database, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout and process.stdout.readline() == f"{row.pk} 1\n"
        process.kill()
    left = stored(row)
    assert (left.state, left.attempts, left.rows_written, left.rows) == (RUNNING, 1, 7, 0)
    assert lease() is None, "its lease has not run out"
    run_out(row)
    again = leased()
    assert (again.pk, again.attempts, stored(row).rows_written, again.error) == (row.pk, 2, 0, "")


def test_who_wakes_up_after_a_lease_was_taken_over_changes_nothing(queue):
    queue(1)
    late = leased()
    run_out(late)
    late.report_progress(rows_written=1)  # nobody has taken it: the worker was late, and goes on
    run_out(late)
    now = leased()
    assert (now.pk, now.attempts) == (late.pk, 2)
    before = Export.objects.filter(pk=now.pk).values().get()
    with pytest.raises(LeaseLost):
        late.report_progress(rows_written=3)
    with pytest.raises(LeaseLost):
        late.finish(State.READY, rows=3)
    late.retry_later("failed", delay=SECOND)
    assert Export.objects.filter(pk=now.pk).values().get() == before
    now.finish(State.READY, rows=4)
    for call in (lambda: now.report_progress(rows=5), lambda: now.finish(State.READY, rows=5)):
        with pytest.raises(LeaseLost):
            call()
    assert (stored(now).rows, stored(now).state) == (4, State.READY)


def test_of_a_late_worker_and_the_one_that_takes_over_one_wins(queue):
    """Whatever the order in which they come, the row is finished by the late one, or runs for the other."""
    for _round in range(count(10)):
        (row,) = queue(1)
        late = leased()
        run_out(row)
        won: list[str] = []

        def finish(late: Export = late, won: list[str] = won) -> None:
            try:
                late.finish(State.READY, rows=1)
                won.append(State.READY)
            except LeaseLost:
                pass

        def take_over(won: list[str] = won) -> None:
            if lease():
                won.append(RUNNING)

        at_once(finish, take_over)
        end = stored(row)
        assert won == [end.state] and (end.attempts, end.rows) == ((1, 1) if end.state == State.READY else (2, 0))
        Export.objects.filter(pk=row.pk).delete()


@pytest.mark.parametrize("change", [lambda rows: rows.update(state=State.GONE), lambda rows: rows.delete()])
def test_a_row_that_was_moved_or_deleted_is_lost(queue, change):
    queue(1)
    row = leased()
    change(Export.objects.filter(pk=row.pk))
    for call in (row.report_progress, lambda: row.finish(State.READY)):
        with pytest.raises(LeaseLost):
            call()
    row.retry_later("failed", delay=SECOND)
    assert set(Export.objects.filter(pk=row.pk).values_list("state", flat=True)) <= {State.GONE}
    assert lease() is None


def test_a_row_that_was_given_back_waits_a_while_and_fails_after_its_last_attempt(queue):
    queue(1)
    for attempt in range(1, Export.ATTEMPTS + 1):
        row = leased()
        assert row.attempts == attempt
        row.retry_later("no_space", delay=SECOND * 30, rows_written=0)
        if attempt < Export.ATTEMPTS:
            assert (stored(row).state, stored(row).error, stored(row).finished_at) == (State.QUEUED, "no_space", None)
            assert lease() is None, "it is not due yet"
            run_out(row)
    assert (stored(row).state, stored(row).error, stored(row).leased_until) == (FAILED, "no_space", None)
    assert stored(row).finished_at and lease() is None


def test_what_kills_every_worker_fails_after_its_last_attempt(queue):
    first, second = queue(2)
    for attempt in range(1, Export.ATTEMPTS + 1):
        assert (leased().pk, stored(first).attempts) == (first.pk, attempt)
        run_out(first)
    assert leased().pk == second.pk
    assert (stored(first).state, stored(first).error) == (FAILED, "interrupted")


def test_every_model_with_a_lease_has_the_states_of_its_life():
    models = [model for model in apps.get_models() if issubclass(model, LeasedWork)]
    assert set(models) == {Export, Import, IngestUpload}
    for model in models:
        assert model.BEGINS in model.list_phases()
        for waiting, running in model.list_phases().items():
            assert running in model.MOVES[waiting]
            assert {waiting, FAILED} <= set(model.MOVES[running])
