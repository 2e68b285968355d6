"""What an import that failed leaves to its person: a result for each row, so that it is known where to go on."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from imports import catalogue
from imports.actions import results as result_files
from imports.actions import runs
from imports.models import Import
from tests.conftest import PageClient, sign_in
from tests.imports.kinds import SHELF, shelf
from tests.imports.test_runs import cast, confirm, fresh, results, upload  # noqa: F401  (cast is a fixture)
from tests.world import World

pytestmark = [pytest.mark.slow]


def read_failed(cast: World, source: Import) -> bytes:  # noqa: F811
    """Return the file of the rows that failed, as its person downloads it."""
    response: Any = result_files.download_results(
        actor=cast.actor("partner.admin"), source=fresh(source), only_failed=True
    )
    return b"".join(response.streaming_content)


@pytest.mark.parametrize(
    ("broken", "says"),
    [(b"\xe9\n", "not in UTF-8"), (b'x,"a"b\n', "quotation mark"), (b"x\0\n", "NUL"), (b"x" * 300_000, "too long")],
    ids=["encoding", "quotes", "NUL", "a line without an end"],
)
def test_the_row_that_cannot_be_read_is_named_in_the_results(cast: World, broken: bytes, says: str) -> None:  # noqa: F811
    source = upload(cast, b"key,note\n" + b"a,1\n" * 3 + broken + b"b,2\n")
    assert runs.run_next_import()
    failed = fresh(source)
    assert (failed.state, failed.checked) == ("failed", {"not_reached": 3, "bad": 1})
    assert results(source) == [(str(row), "not_reached", "a") for row in (2, 3, 4)] + [("5", "bad", "")]
    last = read_failed(cast, source).decode().splitlines()[-1]
    assert last.startswith('"5","bad",') and says in last
    assert result_files.get_results_deadline(failed)


def test_a_file_with_too_many_rows_is_cut_where_it_must_be_split(cast: World) -> None:  # noqa: F811
    catalogue.KINDS["shelf"] = replace(SHELF, max_rows=2)  # the fixture of the kinds takes it back
    source = upload(cast, b"key\na\nb\nc\nd\n")
    assert runs.run_next_import()
    assert results(source) == [("2", "not_reached", "a"), ("3", "not_reached", "b"), ("4", "bad", "c")]
    assert "Split it before row 4." in read_failed(cast, source).decode()


@pytest.mark.parametrize("how", ["the kind fails each time", "the person has left"])
def test_what_was_applied_is_told_from_what_was_not(cast: World, monkeypatch: Any, how: str) -> None:  # noqa: F811
    """The rows that were not reached are a file that is imported again, and completes it."""
    monkeypatch.setattr(runs, "BATCH", 2)
    source = upload(cast, b"key\na\nunknown b\nc\nd\ne\n")
    assert runs.run_next_import()
    confirm(cast, source)
    ask = runs._ask_kind

    def fail_at_second(source: Import, kind: Any, rows: Any) -> Any:
        if rows[0].values["key"] != "c":
            return ask(source, kind, rows)
        if how == "the person has left":
            raise runs.ActionRefused(
                "no_longer_member", "The person who started this action no longer acts for the organisation."
            )
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(runs, "_ask_kind", fail_at_second)
        while fresh(source).state != "failed":
            Import.objects.update(leased_until=None)
            assert runs.run_next_import()
    assert shelf() == {"a": 1}
    assert results(source) == [
        ("2", "new", "a"),
        ("3", "unknown", "unknown b"),
        *((row, "not_reached", key) for row, key in ("4c", "5d", "6e")),
    ]
    again = upload(cast, read_failed(cast, source))
    assert runs.run_next_import()
    confirm(cast, again)
    assert runs.run_next_import()
    assert shelf() == {"a": 1, "c": 1, "d": 1, "e": 1}


KILLED = """import django; django.setup()
import os, signal
from imports.actions import runs
from tests.imports.kinds import kinds_of_tests
ask, runs.BATCH = runs._ask_kind, 2
def die(source, kind, rows):
    results = ask(source, kind, rows)
    if rows[0].values["key"] == "c":
        os.kill(os.getpid(), signal.SIGKILL)
    return results
runs._ask_kind = die
with kinds_of_tests():
    runs.run_next_import()"""


def kill_workers(source: Import, own_database: Any, settings: Any) -> None:
    """Let each attempt of the run be killed within its second batch, and its lease be over."""
    environment = os.environ | own_database | {"PRIVATE_ROOT": str(settings.PRIVATE_ROOT)}
    for attempt in range(1, Import.ATTEMPTS + 1):
        worker = subprocess.run([sys.executable, "-c", KILLED], env=environment, check=False)
        assert worker.returncode == -signal.SIGKILL
        assert (fresh(source).attempts, fresh(source).rows_done) == (attempt, 2)
        Import.objects.update(leased_until="2020-01-01T00:00Z")


def read_page(source: Import) -> str:
    client = PageClient()
    sign_in(client, "partner.admin")
    page = client.get(f"/imports/{source.public_id}/")
    assert page.status_code == 200
    return page.content.decode()


def test_workers_that_are_killed_each_time_leave_the_rows_that_are_in(
    cast: World,  # noqa: F811
    own_database: Any,
    settings: Any,
) -> None:
    source = upload(cast, b"key\na\nunknown b\nc\nd\ne\n")
    assert runs.run_next_import()
    confirm(cast, source)
    kill_workers(source, own_database, settings)
    assert fresh(source).state == "applying" and runs.run_next_import()
    failed = fresh(source)
    assert (failed.state, failed.error) == ("failed", "interrupted") and shelf() == {"a": 1}
    assert failed.applied == {"new": 1, "unknown": 1, "not_reached": 3}
    page = read_page(source)
    assert "stopped 5 times" in page and "2 of 5; their changes have been kept" in page and "?only=failed" in page
    assert "Upload the same file again" in page and "Upload another file" in page
    again = upload(cast, read_failed(cast, source))
    assert runs.run_next_import()
    confirm(cast, again)
    assert runs.run_next_import() and not runs.run_next_import()
    assert shelf() == {"a": 1, "c": 1, "d": 1, "e": 1}


def test_a_check_whose_workers_are_killed_each_time_has_changed_nothing(
    cast: World,  # noqa: F811
    own_database: Any,
    settings: Any,
) -> None:
    person = cast.person("partner.admin")
    person.language = "fr"
    person.save()
    source = upload(cast, b"key\na\nunknown b\nc\nd\ne\n")
    kill_workers(source, own_database, settings)
    assert runs.run_next_import()
    failed = fresh(source)
    assert (failed.state, failed.error, failed.mode) == ("failed", "interrupted", "") and shelf() == {}
    assert failed.checked == {"new": 1, "unknown": 1, "not_reached": 3}
    assert "Rien n’a été modifié" in read_page(source) and result_files.get_results_deadline(failed)


def test_the_last_worker_is_killed_too(cast: World) -> None:  # noqa: F811
    """It was to write the results. The import ends without them, and its page has words of its own."""
    source = upload(cast)
    Import.objects.filter(pk=source.pk).update(
        state="checking", attempts=Import.ATTEMPTS + 1, leased_until="2020-01-01T00:00Z"
    )
    assert not runs.run_next_import()
    failed = fresh(source)
    assert (failed.state, failed.error, failed.problem) == ("failed", "interrupted", "")
    assert result_files.get_results_deadline(failed) is None
    assert "Upload the file again" in read_page(source)
