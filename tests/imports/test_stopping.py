"""An import that is cancelled while it is applied: it ends between two batches, and what they have done stays."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction

from imports import catalogue
from imports.actions import requests, runs
from imports.models import Import
from partnerportal.lib import tenancy
from partnerportal.lib.errors import Conflict
from tests.imports.kinds import SHELF, shelf
from tests.imports.test_failures import read_page
from tests.imports.test_runs import cast, confirm, fresh, results, upload  # noqa: F401
from tests.world import World

pytestmark = [pytest.mark.slow]
FOUR = b"key,note\na,1\nb,2\nc,3\nd,4\n"


def cancel(cast: World, source: Import, who: str = "partner.admin") -> Import:  # noqa: F811
    actor = cast.actor(who)
    with transaction.atomic():
        tenancy.enter_tenant(organization_id=actor.organization_id, person_id=actor.person_id)
        return requests.cancel_import(actor=actor, source=source)


@pytest.fixture
def row_by_row() -> Callable[[Callable[[int], None]], None]:
    """Have each row applied in a transaction of its own, and a function called with its number before that."""

    def watch(before: Callable[[int], None]) -> None:
        def apply(actor: Any, target: Any, rows: Any, mode: str) -> Any:
            before(rows[0].number)
            return SHELF.apply(actor, target, rows, mode)

        catalogue.KINDS["shelf"] = replace(SHELF, batch_rows=1, apply=apply)  # the fixture of the kinds takes it back

    return watch


def checked_and_confirmed(cast: World) -> Import:  # noqa: F811
    source = upload(cast, FOUR)
    assert runs.run_next_import()
    return confirm(cast, source)


def test_it_ends_after_the_row_that_is_being_applied(cast: World, row_by_row: Any) -> None:  # noqa: F811
    source = checked_and_confirmed(cast)
    applied: list[int] = []

    def before(number: int) -> None:
        applied.append(number)
        if number == 3:  # in the transaction of that row, because no other connection can write while it holds the row
            Import.objects.filter(pk=source.pk).update(is_stop_asked=True)

    row_by_row(before)
    assert runs.run_next_import()
    row = fresh(source)
    assert row.state == Import.State.CANCELLED and row.rows_done == 2 and applied == [2, 3]
    assert shelf() == {"a": 1, "b": 1}
    assert results(source) == [
        ("2", "new", "a"),
        ("3", "new", "b"),
        ("4", "not_reached", "c"),
        ("5", "not_reached", "d"),
    ]
    assert row.applied == {"new": 2, "not_reached": 2}
    page = read_page(row)
    assert "Rows done: 2 of 4. Their changes have been kept." in page and "Cancel the import" not in page
    assert not runs.run_next_import()


def test_what_waits_for_its_worker_changes_nothing(cast: World, row_by_row: Any) -> None:  # noqa: F811
    row_by_row(lambda number: pytest.fail("no row may be applied"))
    source = checked_and_confirmed(cast)
    cancel(cast, source)
    assert "Being cancelled" in read_page(fresh(source))
    assert cancel(cast, source).is_stop_asked  # pressed twice, it is cancelled once
    assert runs.run_next_import()
    assert fresh(source).state == Import.State.CANCELLED and shelf() == {}
    assert {outcome for _row, outcome, _key in results(source)} == {"not_reached"}
    page = read_page(fresh(source))
    assert "Nothing was changed." in page and "Rows done" not in page


def test_the_worker_that_follows_a_killed_one_ends_it(cast: World, row_by_row: Any) -> None:  # noqa: F811
    source = checked_and_confirmed(cast)

    def die(number: int) -> None:
        if number == 4:
            raise KeyboardInterrupt

    row_by_row(die)
    with pytest.raises(KeyboardInterrupt):
        runs.run_next_import()
    cancel(cast, source)
    Import.objects.filter(pk=source.pk).update(leased_until=None)
    row_by_row(lambda number: pytest.fail("no further row may be applied"))
    assert runs.run_next_import()
    assert fresh(source).state == Import.State.CANCELLED and shelf() == {"a": 1, "b": 1}


def test_what_is_done_is_not_cancelled(cast: World) -> None:  # noqa: F811
    source = checked_and_confirmed(cast)
    assert runs.run_next_import()
    with pytest.raises(Conflict):
        cancel(cast, source)
    assert fresh(source).state == Import.State.DONE and not fresh(source).is_stop_asked
