"""The worker's side of imports, with real commits: dry runs, applied files, killed workers, races."""

import csv
import datetime as dt
import io
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Operator
from connections.actions import end_connection
from imports import catalogue, files
from imports.actions import requests, runs
from imports.actions.sweeping import delete_old_imports
from imports.models import Import, ImportBatch
from partnerportal.lib import tenancy
from partnerportal.lib.errors import Conflict
from partnerportal.lib.imports.results import RowOutcome, RowResult
from partnerportal.lib.leases import LeaseLost
from tests.imports.kinds import OF_ORGANIZATION, SHELF, make_shelf, shelf
from tests.threads import join_all
from tests.world import World

pytestmark = [pytest.mark.slow]
ROWS = b"key,note\na,1\nunknown b,2\nc,3\n,4\na,5\n"


@pytest.fixture
def cast(own_database: Any) -> World:
    make_shelf()
    return World()


def upload(cast: World, content: bytes = ROWS, who: str = "partner.admin", kind: Any = SHELF, **more: Any) -> Import:
    actor = cast.actor(who)
    with transaction.atomic():
        tenancy.enter_tenant(organization_id=actor.organization_id, person_id=actor.person_id)
        file = BytesIO(content)
        return requests.upload_import(
            actor=actor, kind=kind, target_id=more.get("target_id"), file=file, size=len(content)
        )


def confirm(cast: World, source: Import, mode: str = "merge", who: str = "partner.admin") -> Import:
    actor = cast.actor(who)
    with transaction.atomic():
        tenancy.enter_tenant(organization_id=actor.organization_id, person_id=actor.person_id)
        return requests.confirm_import(actor=actor, source=source, mode=mode)


def fresh(source: Import) -> Import:
    return Import.objects.get(pk=source.pk)


def results(source: Import) -> list[tuple[str, str, str]]:
    with files.open_file_for_reading(files.build_results_name(fresh(source))) as file:
        rows = list(csv.DictReader(io.StringIO(file.read().decode("utf-8-sig"), newline="")))
    return [(row["row"], row["outcome"], row["key"]) for row in rows]


OUTCOMES = [
    ("2", "new", "a"),
    ("3", "unknown", "unknown b"),
    ("4", "new", "c"),
    ("5", "bad", ""),
    ("6", "duplicate", "a"),
]
COUNTS = {"new": 2, "unknown": 1, "bad": 1, "duplicate": 1}


def test_a_file_is_checked_then_confirmed_then_applied(cast: World) -> None:
    source = upload(cast)
    assert runs.run_next_import() and not runs.run_next_import()
    checked = fresh(source)
    assert (checked.state, checked.rows_total, checked.rows_done, checked.checked) == ("checked", 5, 5, COUNTS)
    assert results(source) == OUTCOMES and shelf() == {}
    assert checked.remarks == {"merge": [], "replace": ["0 keys are not in the file."]}
    confirm(cast, source)
    assert runs.run_next_import() and not runs.run_next_import()
    done = fresh(source)
    assert (done.state, done.rows_done, done.applied, done.mode) == ("done", 5, COUNTS, "merge")
    assert results(source) == OUTCOMES and shelf() == {"a": 1, "c": 1}
    assert not ImportBatch.objects.filter(source__kind="shelf").exists()


def test_replace_takes_away_what_the_file_leaves_out(cast: World) -> None:
    for content, mode in ((b"key\na\nb\nc\n", "merge"), (b"key\nb\nunknown c\nd\n", "replace")):
        source = upload(cast, content)
        assert runs.run_next_import()
        confirm(cast, source, mode)
        assert runs.run_next_import()
    assert shelf().keys() == {"b", "d"}
    assert fresh(source).remarks == {"replace": ["2 keys were taken away."]}


def test_the_same_file_again_changes_nothing(cast: World) -> None:
    for counts in ({"new": 2}, {"already_there": 2}):
        source = upload(cast, b"key\na\nb\n")
        assert runs.run_next_import()
        assert fresh(source).checked == counts
        confirm(cast, source)
        assert runs.run_next_import()
    assert shelf() == {"a": 1, "b": 1}


def test_results_and_failed_rows_can_be_imported_again(cast: World) -> None:
    source = upload(cast)
    assert runs.run_next_import()
    with files.open_file_for_reading(files.build_results_name(fresh(source))) as file:
        again = upload(cast, file.read())
    assert runs.run_next_import()
    assert fresh(again).checked == COUNTS


@pytest.mark.parametrize("state", ["uploaded", "confirmed"])
def test_a_run_goes_on_at_its_batch(cast: World, state: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(runs, "BATCH", 2)
    source = upload(cast, b"key\na\nb\na\nc\nb\nd\n")
    if state == "confirmed":
        assert runs.run_next_import()
        confirm(cast, source)
    ask, asked = runs._ask_kind, []

    def fail_at_third(source: Import, kind: Any, rows: Any) -> Any:
        asked.append([row.number for row in rows])
        if len(asked) == 3:
            raise RuntimeError("the worker dies")
        return ask(source, kind, rows)

    monkeypatch.setattr(runs, "_ask_kind", fail_at_third)
    assert runs.run_next_import()
    assert (fresh(source).state, fresh(source).rows_done, fresh(source).error) == (state, 4, "failed")
    assert not runs.run_next_import()  # after a pause
    Import.objects.update(leased_until=None)
    assert runs.run_next_import()
    assert asked == [[2, 3], [5], [7], [7]]  # the rows 4 and 6 come twice in the file
    assert [outcome for _row, outcome, _key in results(source)] == [
        "new",
        "new",
        "duplicate",
        "new",
        "duplicate",
        "new",
    ]
    assert shelf() == ({"a": 1, "b": 1, "c": 1, "d": 1} if state == "confirmed" else {})


def test_an_import_that_fails_again_and_again_has_failed(cast: World, monkeypatch: Any) -> None:
    source = upload(cast)

    def fail(*arguments: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(runs, "_ask_kind", fail)
    for _attempt in range(Import.ATTEMPTS + 1):  # the last one only writes the results
        Import.objects.update(leased_until=None)
        assert runs.run_next_import()
    assert (fresh(source).state, fresh(source).error) == ("failed", "failed")
    assert "stopped 5 times" in fresh(source).problem and fresh(source).checked == {"not_reached": 5}


WORKER = """import django; django.setup()
import sys, time
from pathlib import Path
from imports.actions import runs
from tests.imports.kinds import kinds_of_tests
ask, runs.BATCH, asked = runs._ask_kind, 100, 0
def slow(*arguments):
    global asked
    asked += 1
    results = ask(*arguments)
    if asked == 4:
        print("within", flush=True)
        time.sleep(60)
    return results
runs._ask_kind = slow
with kinds_of_tests():
    runs.run_next_import()"""


@pytest.mark.parametrize("state", ["uploaded", "confirmed"])
def test_a_killed_worker_is_followed(
    cast: World, own_database: Any, state: str, settings: Any, monkeypatch: Any
) -> None:
    """It is killed within a batch, whose rows are written and not committed: they come once, and none is lost."""
    keys = [f"k{number}" for number in range(1000)]
    source = upload(cast, "\n".join(["key", *keys]).encode())
    if state == "confirmed":
        assert runs.run_next_import()
        confirm(cast, source)
    environment = os.environ | own_database | {"PRIVATE_ROOT": str(settings.PRIVATE_ROOT)}
    with subprocess.Popen([sys.executable, "-c", WORKER], env=environment, stdout=subprocess.PIPE) as worker:
        assert worker.stdout and worker.stdout.readline() == b"within\n"
        worker.send_signal(signal.SIGKILL)
    running = fresh(source)
    assert (running.state, running.rows_done) == (Import.PHASES[Import.State(state)], 300)
    assert not runs.run_next_import()  # its lease still runs
    Import.objects.update(leased_until=timezone.now() - dt.timedelta(seconds=1))
    assert runs.run_next_import()
    assert (fresh(source).attempts, fresh(source).rows_done) == (2, 1000)
    assert [key for _row, _outcome, key in results(source)] == keys
    assert shelf() == (dict.fromkeys(keys, 1) if state == "confirmed" else {})


def test_who_lost_the_lease_changes_nothing(cast: World, monkeypatch: Any) -> None:
    """The first worker stalls between two batches, a second one takes over and finishes; then the first wakes up."""
    monkeypatch.setattr(runs, "BATCH", 1)
    source = upload(cast, b"key\na\nb\nc\n")
    assert runs.run_next_import()
    confirm(cast, source)
    do = runs._do_batch
    stalled: list[Exception] = []

    def stall(source: Import, *arguments: Any) -> None:
        if fresh(source).rows_done == 1 and not stalled:
            stalled.append(RuntimeError())
            Import.objects.update(leased_until=timezone.now() - dt.timedelta(seconds=1))
            assert runs.run_next_import()
            try:
                do(source, *arguments)
            except LeaseLost as lost:
                stalled.append(lost)
                raise
        do(source, *arguments)

    monkeypatch.setattr(runs, "_do_batch", stall)
    assert runs.run_next_import()
    assert len(stalled) == 2 and (fresh(source).state, fresh(source).attempts) == ("done", 2)
    assert shelf() == {"a": 1, "b": 1, "c": 1}


def test_a_batch_that_takes_longer_than_the_lease_is_not_taken_over(cast: World, monkeypatch: Any) -> None:
    source = upload(cast)
    do, ask = runs._do_batch, runs._ask_kind
    taken_over: list[bool] = []

    def begin_late(*arguments: Any) -> None:
        Import.objects.update(leased_until=timezone.now() - dt.timedelta(seconds=1))
        do(*arguments)

    def take_over() -> None:
        try:
            taken_over.append(runs.run_next_import())
        finally:
            connection.close()

    def ask_slowly(*arguments: Any) -> Any:
        if not taken_over:
            other = threading.Thread(target=take_over, daemon=True)
            other.start()
            join_all([other])
        return ask(*arguments)

    monkeypatch.setattr(runs, "_do_batch", begin_late)
    monkeypatch.setattr(runs, "_ask_kind", ask_slowly)
    assert runs.run_next_import()
    assert taken_over == [False]
    assert (fresh(source).state, fresh(source).attempts) == ("checked", 1)


def test_a_late_checker_does_not_meet_the_applying_worker(cast: World) -> None:
    """Attempts are counted anew for the second phase, so their number alone would not tell the two apart."""
    source = upload(cast)
    late = runs.lease_next_due_row(Import.objects.all())
    assert late is not None
    late.finish("checked", checked={"new": 1})
    confirm(cast, source)
    applying = runs.lease_next_due_row(Import.objects.all())
    assert applying is not None and applying.attempts == late.attempts
    with pytest.raises(LeaseLost):
        late.report_progress(rows_done=5)
    applying.report_progress(rows_done=1)


def test_a_cancelled_import_is_left_alone(cast: World, monkeypatch: Any) -> None:
    source = upload(cast)
    ask = runs._do_batches

    def cancel_meanwhile(*arguments: Any) -> None:
        requests.cancel_import(actor=cast.actor("partner.admin"), source=source)
        ask(*arguments)

    monkeypatch.setattr(runs, "_do_batches", cancel_meanwhile)
    assert runs.run_next_import()
    assert fresh(source).state == "cancelled" and not ImportBatch.objects.filter(source__kind="shelf").exists()


def test_who_has_left_imports_nothing(cast: World) -> None:
    source = upload(cast)
    assert runs.run_next_import()
    confirm(cast, source)
    Operator.objects.filter(person=source.person_id).delete()
    assert runs.run_next_import()
    assert (fresh(source).state, fresh(source).error) == ("failed", "no_longer_member")
    assert shelf() == {}


def test_who_may_no_longer_imports_nothing(cast: World) -> None:
    source = upload(cast)
    assert runs.run_next_import()
    confirm(cast, source)
    Operator.objects.filter(person=source.person_id).update(roles=["reader"])
    assert runs.run_next_import()
    assert (fresh(source).state, fresh(source).error) == ("failed", "wrong_role")
    assert "Admin" in fresh(source).problem and shelf() == {}


def test_a_target_that_is_out_of_sight_is_gone(cast: World) -> None:
    source = upload(cast, kind=OF_ORGANIZATION, target_id=cast.customer.public_id)
    end_connection(actor=cast.actor("customer.admin"), connection=cast.connection("customer", "partner"))
    assert runs.run_next_import()
    assert (fresh(source).state, fresh(source).error) == ("failed", "target_gone")


def test_a_file_with_an_error_far_down_is_not_checked_at_all(cast: World) -> None:
    person = cast.person("partner.admin")
    person.language = "fr"
    person.save()
    source = upload(cast, b"key\n" + b"a\n" * 3000 + b"\xe9\n")
    assert runs.run_next_import()
    failed = fresh(source)
    assert (failed.state, failed.error, failed.checked) == (
        "failed",
        "not_utf8",
        {"not_reached": 3000, "bad": 1},
    )
    assert "3\u202f002" in failed.problem or "3 002" in failed.problem


def test_kind_acts_as_the_person_under_both_locks(cast: World, monkeypatch: Any) -> None:
    """Rows that the kind writes are written as the tenant, and the worker's own role is back afterwards."""
    seen: list[str] = []

    def role() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user || ':' || current_setting('portal.org_id')")
            return str(cursor.fetchone()[0])

    check = SHELF.check

    def look(*arguments: Any) -> Any:
        seen.append(role())
        return check(*arguments)

    monkeypatch.setitem(runs.find_import_kind.__globals__["KINDS"], "shelf", _with_check(look))
    upload(cast)
    assert runs.run_next_import()
    assert seen == [f"portal_app:{cast.partner.pk}"]
    assert not ImportBatch.objects.filter(source__kind="shelf").exists()


def _with_check(check: Any) -> Any:
    return replace(SHELF, check=check)


def test_two_confirmations_at_once_apply_once(cast: World, monkeypatch: Any) -> None:
    for _round in range(20):
        source = upload(cast, f"key\nk{_round}\n".encode())
        assert runs.run_next_import()
        barrier, answers = threading.Barrier(4), []

        def act(source: Import = source, barrier: Any = barrier, answers: list[str] = answers) -> None:
            try:
                barrier.wait(20)
                confirm(cast, source)
                answers.append("confirmed")
            except Conflict:
                answers.append("conflict")
            finally:
                connection.close()

        threads = [threading.Thread(target=act, daemon=True) for _number in range(4)]
        for thread in threads:
            thread.start()
        join_all(threads)
        assert sorted(answers) == ["confirmed", *["conflict"] * 3]
        workers = [threading.Thread(target=_work, daemon=True) for _number in range(2)]
        for worker in workers:
            worker.start()
        join_all(workers)
        assert (fresh(source).state, fresh(source).attempts) == ("done", 1)
    assert set(shelf().values()) == {1} and len(shelf()) == 20


def _work() -> None:
    try:
        runs.run_next_import()
    finally:
        connection.close()


def test_old_files_go_and_what_is_needed_stays(cast: World, tmp_path: Path) -> None:
    waiting = upload(cast)
    checked, done = upload(cast), upload(cast)
    while runs.run_next_import():
        pass
    confirm(cast, done)
    assert runs.run_next_import()
    waiting = upload(cast, b"key\nz\n")
    names = {path.name for path in (tmp_path / "imports").iterdir()}
    assert files.build_upload_name(done) in names
    assert delete_old_imports() == 3  # what was uploaded of it, and the results of its dry run
    names = {path.name for path in (tmp_path / "imports").iterdir()}
    assert files.build_upload_name(done) not in names and files.build_results_name(fresh(done)) in names
    assert {files.build_upload_name(checked), files.build_upload_name(waiting)} <= names
    Import.objects.exclude(pk=waiting.pk).update(finished_at=timezone.now() - dt.timedelta(days=8))
    delete_old_imports()
    assert {path.name for path in (tmp_path / "imports").iterdir()} == {files.build_upload_name(waiting)}
    assert (fresh(checked).state, fresh(done).state, fresh(waiting).state) == ("expired", "done", "uploaded")
    Import.objects.update(asked_at=timezone.now() - dt.timedelta(days=31))
    delete_old_imports()
    assert list(Import.objects.all()) == [waiting]


MEASURED = r"""import django; django.setup()
import re, time
from pathlib import Path
from imports.actions import runs
from tests.imports.kinds import kinds_of_tests
def most():  # ru_maxrss would begin with what the parent had
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])
before, began = most(), time.monotonic()
with kinds_of_tests():
    assert runs.run_next_import()
print(most() - before, time.monotonic() - began)"""


def test_a_hundred_thousand_rows_in_bounded_memory(cast: World, own_database: Any, settings: Any) -> None:
    """20 MB: neither the file nor its results are held in memory, only a digest of each key."""
    number = 100_000
    content = b"key,note\n" + b"".join(b"key-%06d," % row + b"n" * 180 + b"\n" for row in range(number))
    assert 18_000_000 < len(content) < SHELF.max_bytes
    source = upload(cast, content)
    environment = os.environ | own_database | {"PRIVATE_ROOT": str(settings.PRIVATE_ROOT)}
    for state in ("checked", "done"):
        if state == "done":
            confirm(cast, source)
        told = subprocess.check_output([sys.executable, "-c", MEASURED], env=environment, text=True)
        assert fresh(source).state == state
        kilobytes, seconds = map(float, told.split())
        assert kilobytes < 60_000, f"{state}: {kilobytes:.0f} kB more"
        sys.stderr.write(f"{state}: {kilobytes / 1000:.0f} MB more, {seconds:.1f} s\n")
    assert fresh(source).applied == {"new": number} and len(shelf()) == number


def test_a_kind_that_runs_as_the_system_asks_its_person_again_in_each_batch(cast: World, monkeypatch: Any) -> None:
    """Above row-level security, but never without the right of whoever uploaded the file."""
    seen: list[tuple[Any, ...]] = []

    def look(actor: Any, target: Any, rows: Any, *mode: str) -> list[RowResult]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('role'), coalesce(current_setting('portal.org_id', true), '')")
            seen.append((actor.is_system, actor.on_behalf_of.label, actor.on_behalf_of.person_id, *cursor.fetchone()))
        return [RowResult(RowOutcome.NEW) for _row in rows]

    kind = replace(SHELF, code="as_system", runs_as_system=True, check=look, apply=look, preview=None, finish=None)
    catalogue.KINDS[kind.code] = kind  # the fixture of the kinds takes it back
    admin = cast.person("partner.admin")
    source = upload(cast, b"key\na\nb\n", kind=kind)
    assert runs.run_next_import()
    confirm(cast, source)
    assert seen == [(True, admin.name, admin.pk, "none", "")]
    Operator.objects.filter(person=admin).update(roles=["reader"])
    assert runs.run_next_import()
    assert (fresh(source).state, fresh(source).error, len(seen)) == ("failed", "wrong_role", 1)
