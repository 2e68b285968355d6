"""A bulk action that is cancelled while it runs ends between two rows: those before stay done, the others are not."""

import csv
import io
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

import entitlements.imports
from entitlements.actions.trials import request_trial
from entitlements.imports import APPROVE_TRIALS
from entitlements.models import Entitlement, Sku
from imports import files
from imports.actions import runs
from imports.actions.bulk import start_bulk_action
from imports.actions.requests import cancel_import, confirm_import
from imports.models import Import
from partnerportal.lib import tenancy
from tests.threads import join_all
from tests.world import World, events_of

pytestmark = [pytest.mark.slow]
SELECTED = 12  # trials
State = Entitlement.State


@pytest.fixture
def cast(own_database: Any, settings: Any, tmp_path: Any) -> World:
    settings.PRIVATE_ROOT = tmp_path
    return World()


def as_staff(cast: World, act: Callable[..., Any], **arguments: Any) -> Any:
    actor = cast.actor("vendor.admin")
    with transaction.atomic():
        tenancy.enter_tenant(organization_id=actor.organization_id, person_id=actor.person_id)
        return act(actor=actor, **arguments)


@pytest.fixture
def uploaded(cast: World) -> Import:
    """The approval of twelve trials, which waits for its check."""
    skus = Sku.objects.bulk_create(Sku(code=f"TRY-{n}", service="Trying", name=f"Try {n}") for n in range(SELECTED))
    asked = [request_trial(actor=cast.actor("customer.admin"), sku=sku, quantity=5) for sku in skus]
    ids = [str(trial.public_id) for trial in asked]
    source: Import = as_staff(cast, start_bulk_action, action=APPROVE_TRIALS, query={"ids": ids}, chosen={})
    return source


@pytest.fixture
def confirmed(cast: World, uploaded: Import) -> Import:
    """The approval of twelve trials, checked and confirmed: it waits for its worker."""
    assert runs.run_next_import()
    uploaded.refresh_from_db()
    assert uploaded.checked == {"changed": SELECTED}
    confirmed: Import = as_staff(cast, confirm_import, source=uploaded, mode="approve")
    return confirmed


class Cancelling:
    """The person who cancels a bulk action by a connection of their own, in a thread."""

    def __init__(self, cast: World, source: Import) -> None:
        self.backend = 0
        self.thread = threading.Thread(target=self._cancel, args=(cast, source), daemon=True)

    def _cancel(self, cast: World, source: Import) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self.backend = cursor.fetchone()[0]
            as_staff(cast, cancel_import, source=source)
        finally:
            connection.close()

    def begin(self) -> None:
        """Return once it waits for the row that is being done, or is done itself."""
        self.thread.start()
        while self.thread.is_alive() and not self._is_waiting():
            self.thread.join(0.01)

    def _is_waiting(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [self.backend])
            return bool(cursor.fetchone()[0])

    def end(self) -> None:
        if self.thread.ident:
            join_all([self.thread])


def assert_ended_after(source: Import, number: int) -> None:
    """So many rows are done, each wholly; of the others nothing is."""
    source.refresh_from_db()
    assert (source.state, source.rows_done) == (Import.State.CANCELLED, number)
    assert source.applied == {"changed": number, "not_reached": SELECTED - number}
    with files.open_file_for_reading(files.build_results_name(source)) as file:
        rows = list(csv.DictReader(io.StringIO(file.read().decode("utf-8-sig"), newline="")))
    assert [row["outcome"] for row in rows] == ["changed"] * number + ["not_reached"] * (SELECTED - number)
    states = {str(trial.public_id): trial.state for trial in Entitlement.objects.filter(sku__code__startswith="TRY-")}
    assert [states[row["trial"]] for row in rows] == [State.ACTIVE] * number + [State.REQUESTED] * (SELECTED - number)
    approved = {str(event.subject_id) for event in events_of("trial.approved")}
    assert approved == {row["trial"] for row in rows[:number]}
    assert events_of("import.cancelled").filter(subject_id=source.public_id).count() == 1
    assert not runs.run_next_import()


def test_a_row_that_is_being_done_is_done_wholly_and_the_next_not_at_all(
    cast: World, confirmed: Import, monkeypatch: Any
) -> None:
    cancelling, approve, approved = Cancelling(cast, confirmed), entitlements.imports.approve_trial, []

    def approve_while_cancelled(*, trial: Entitlement, **arguments: Any) -> Entitlement:
        approved.append(trial.pk)
        if len(approved) == 4:
            cancelling.begin()
        return approve(trial=trial, **arguments)

    do = runs._do_batch

    def answer_first(*arguments: Any) -> None:  # so that the number does not depend on which thread the system wakes
        cancelling.end()
        do(*arguments)

    monkeypatch.setattr(entitlements.imports, "approve_trial", approve_while_cancelled)
    monkeypatch.setattr(runs, "_do_batch", answer_first)
    assert runs.run_next_import()
    assert len(approved) == 4
    assert_ended_after(confirmed, 4)


def test_no_row_begins_once_the_cancellation_is_answered(cast: World, confirmed: Import, monkeypatch: Any) -> None:
    """Not even one whose worker is about to lock the bulk action at that moment."""
    lock, begun = Import.report_progress, []

    def cancel_before(source: Import, **changes: Any) -> None:
        if not changes:
            begun.append(source)
            if len(begun) == 6:
                cancelling = Cancelling(cast, confirmed)
                cancelling.begin()
                cancelling.end()
        lock(source, **changes)

    monkeypatch.setattr(Import, "report_progress", cancel_before)
    assert runs.run_next_import()
    assert len(begun) == 6
    assert_ended_after(confirmed, 5)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("uploaded", "The check stopped 5 times before it finished, so it was cancelled. Nothing was changed. Select"),
        ("confirmed", "The bulk action stopped 5 times before it finished, so it was cancelled. Rows done: 0 of 12;"),
    ],
)
def test_one_that_stops_each_time_speaks_of_no_file(request: Any, state: str, said: str) -> None:
    source: Import = request.getfixturevalue(state)
    Import.objects.filter(pk=source.pk).update(attempts=Import.ATTEMPTS)
    assert runs.run_next_import()
    source.refresh_from_db()
    assert source.state == Import.State.FAILED and source.problem.startswith(said)
    assert "file" not in source.problem and "Select the rows again" in source.problem


def test_one_whose_rows_are_lost_asks_to_select_them_again(confirmed: Import) -> None:
    files.delete_file(files.build_upload_name(confirmed))
    assert runs.run_next_import()
    confirmed.refresh_from_db()
    assert (confirmed.state, confirmed.error) == (Import.State.FAILED, "file_lost")
    assert confirmed.problem == "The selected rows are no longer stored. Select them again."
