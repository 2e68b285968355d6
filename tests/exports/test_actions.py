"""The worker's side of exports, with real commits: files, snapshots, leases, and connections that end meanwhile."""

import csv
import datetime as dt
import io
import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.actions.operators import change_operator_roles
from accounts.models import Operator
from connections.actions import change_connection_sharing, end_connection
from entitlements.models import CustomerListing
from exports import actions, files
from exports.models import Export
from notifications.actions.preferences import set_notice_choices
from notifications.models import MailMode, NoticeDeliveryChoice
from partnerportal.lib.scopes import ALL, Scope
from tests.threads import join_all
from tests.world import World

pytestmark = [pytest.mark.slow]


@pytest.fixture
def cast(own_database: Any, settings: Any, tmp_path: Any) -> World:
    settings.PRIVATE_ROOT = tmp_path
    return World()


def queue(cast: World, who: str = "partner.admin", **fields: Any) -> Export:
    actor = cast.actor(who)
    values = {"organization_id": actor.organization_id, "person_id": actor.person_id, "list": "customers", **fields}
    return Export.objects.create(**values)


def rows_in(export: Export) -> list[dict[str, str]]:
    with files.open_export_for_reading(fresh(export)) as file:
        text = file.read().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def fresh(export: Export) -> Export:
    return Export.objects.get(pk=export.pk)


def test_a_file_is_made(cast: World, tmp_path: Any) -> None:
    export = queue(cast)
    assert actions.make_next_queued_export() and not actions.make_next_queued_export()
    made = fresh(export)
    assert (made.state, made.rows, made.rows_written, made.attempts) == ("ready", 2, 2, 1)
    assert {row["name"] for row in rows_in(export)} == {cast.customer.name, cast.customer2.name}
    assert [file.name for _n, _a, file in files.list_export_files()] == [f"{export.public_id}.1"]
    path = tmp_path / "exports" / f"{export.public_id}.1"
    assert (path.stat().st_size, path.stat().st_mode & 0o077) == (made.size, 0)


def test_it_holds_what_the_page_showed(cast: World) -> None:
    """Its filters and ticked rows, as they were asked for."""
    narrowed, ticked = (
        queue(cast, query={"q": cast.customer2.org_id}),
        queue(cast, query={"ids": [cast.customer.org_id]}),
    )
    while actions.make_next_queued_export():
        pass
    assert [row["org_id"] for row in rows_in(narrowed)] == [cast.customer2.org_id]
    assert [row["org_id"] for row in rows_in(ticked)] == [cast.customer.org_id]


@pytest.mark.parametrize("key", ["usage", "usage_history"])
@pytest.mark.parametrize(
    ("who", "names"), [("distributor.admin", ("customer", "customer2")), ("distributor2.admin", ())]
)
def test_it_holds_what_the_person_may_see(key: str, who: str, names: tuple[str, ...], cast: World) -> None:
    """The one customer of the second distributor does not share its usage."""
    export = queue(cast, who, list=key)
    assert actions.make_next_queued_export()
    assert {row["name"] for row in rows_in(export)} == {cast[name].name for name in names}


def test_words_are_in_the_readers_language(cast: World) -> None:
    person = cast.person("partner.reader")
    person.language = "fr"
    person.save()
    export = queue(cast, "partner.reader", list="inbox")
    assert actions.make_next_queued_export()
    rows = rows_in(export)
    assert (fresh(export).rows, len(rows)) == (len(rows), cast.notices("partner").filter(in_reach=True).count())
    assert f"Nouvelle connexion avec {cast.customer2.name}" in {row["text"] for row in rows}


def test_days_are_those_of_the_persons_time_zone(cast: World) -> None:
    """At 02:00 on the 10th in UTC it was still the 9th in Pago Pago."""
    person = cast.person("partner.reader")
    person.time_zone = "Pacific/Pago_Pago"
    person.save()
    CustomerListing.objects.update(connected_at="2026-11-10T02:00Z")
    days = {day: queue(cast, "partner.reader", query={"connected_since": day}) for day in ("2026-11-09", "2026-11-10")}
    while actions.make_next_queued_export():
        pass
    assert {day: len(rows_in(export)) for day, export in days.items()} == {"2026-11-09": 2, "2026-11-10": 0}


def test_it_leaves_out_what_the_person_switched_off_in_the_inbox(cast: World) -> None:
    queued = [queue(cast, who, list="inbox") for who in ("partner.reader", "partner.admin")]
    off = {"customer_connected": NoticeDeliveryChoice(MailMode.OFF, inbox=False)}
    set_notice_choices(actor=cast.actor("partner.reader"), choices=off)
    while actions.make_next_queued_export():
        pass
    mine, theirs = ({row["kind"] for row in rows_in(export)} for export in queued)
    assert theirs - mine == {"customer_connected"}


def test_the_second_lock_alone_would_do(cast: World, monkeypatch: Any) -> None:
    from entitlements.models.listing import CustomerListingQuerySet

    monkeypatch.setattr(CustomerListingQuerySet, "rows_for", lambda self, actor: self.all())
    export = queue(cast, "distributor2.admin")
    assert actions.make_next_queued_export()
    assert {row["name"] for row in rows_in(export)} == {cast.customer2.name}


def test_who_has_left_gets_no_file(cast: World) -> None:
    export = queue(cast, "partner.reader")
    Operator.objects.filter(person=export.person_id).delete()
    assert actions.make_next_queued_export()
    assert fresh(export).state == "queued"
    Export.objects.filter(pk=export.pk).update(attempts=2, leased_until=None)
    assert actions.make_next_queued_export()
    assert (fresh(export).state, fresh(export).error) == ("failed", "failed")
    assert not list(files.list_export_files())


def test_a_lease_that_ran_out_is_taken_over_three_times(cast: World) -> None:
    export = queue(cast, state="running", attempts=1, leased_until=timezone.now() + dt.timedelta(seconds=30))
    assert not actions.make_next_queued_export()  # it lives
    Export.objects.update(leased_until=timezone.now() - dt.timedelta(seconds=1))
    assert actions.make_next_queued_export()
    assert (fresh(export).state, fresh(export).attempts) == ("ready", 2)
    again = queue(cast, state="running", attempts=3, leased_until=timezone.now() - dt.timedelta(seconds=1))
    assert not actions.make_next_queued_export()
    assert (fresh(again).state, fresh(again).error) == ("failed", "interrupted")


def test_two_workers_make_one_file(cast: World) -> None:
    exports = [queue(cast) for _number in range(4)]

    def work() -> None:
        try:
            while actions.make_next_queued_export():
                pass
        finally:
            connection.close()

    workers = [threading.Thread(target=work, daemon=True) for _number in range(3)]
    for worker in workers:
        worker.start()
    join_all(workers)
    assert {(fresh(e).state, fresh(e).attempts) for e in exports} == {("ready", 1)}
    assert len(list(files.list_export_files())) == 4


def test_who_lost_the_lease_leaves_nothing_behind(cast: World, monkeypatch: Any) -> None:
    """The first worker stalls, a second one takes over and finishes; then the first wakes up."""
    export = queue(cast)
    copy = actions._copy

    def stall(export: Export, file: Any) -> int:
        monkeypatch.setattr(actions, "_copy", copy)
        Export.objects.filter(pk=export.pk).update(leased_until=timezone.now() - dt.timedelta(seconds=1))
        assert actions.make_next_queued_export()
        return copy(export, file)

    monkeypatch.setattr(actions, "_copy", stall)
    assert actions.make_next_queued_export()
    assert (fresh(export).state, fresh(export).attempts) == ("ready", 2)
    assert [file.name for _n, _a, file in files.list_export_files()] == [f"{export.public_id}.2"]


def test_a_connection_that_ends_while_the_file_is_written(cast: World, monkeypatch: Any) -> None:
    export = queue(cast)
    copy = actions._copy

    def end_meanwhile(export: Export, file: Any) -> int:
        written = copy(export, file)
        end_connection(actor=cast.actor("customer.admin"), connection=cast.connection("customer", "partner"))
        return written

    monkeypatch.setattr(actions, "_copy", end_meanwhile)
    assert actions.make_next_queued_export()
    assert (fresh(export).state, fresh(export).error) == ("gone", "connection_ended")
    assert not list(files.list_export_files())


@pytest.mark.promise("E-14")
def test_less_is_shared_while_the_file_is_written(cast: World, monkeypatch: Any) -> None:
    export = queue(cast)
    copy = actions._copy

    def share_less_meanwhile(export: Export, file: Any) -> int:
        written = copy(export, file)
        connected, actor = cast.connection("customer", "partner"), cast.actor("customer.admin")
        change_connection_sharing(actor=actor, connection=connected, scopes=ALL & ~Scope.USAGE)
        return written

    monkeypatch.setattr(actions, "_copy", share_less_meanwhile)
    assert actions.make_next_queued_export()
    assert (fresh(export).state, fresh(export).error) == ("gone", "sharing_narrowed")
    assert not list(files.list_export_files())


@pytest.mark.promise("E-13")
def test_a_file_made_with_sight_of_orders_goes_with_it(cast: World) -> None:
    operator = cast.operator("partner.reader_with_finance")
    mine = {"organization_id": operator.organization_id, "person_id": operator.person_id, "list": "activity"}
    made, others = (Export.objects.create(**mine, state="ready"), queue(cast))
    change_operator_roles(actor=cast.actor("partner.admin"), operator=operator, roles=["reader"], finance_granted=True)
    assert fresh(made).state == "ready"
    change_operator_roles(actor=cast.actor("partner.admin"), operator=operator, roles=["reader"])
    assert (fresh(made).state, fresh(made).error) == ("gone", "role_narrowed")
    assert fresh(others).state == "queued"


def test_a_file_begun_while_a_connection_ends_comes_after_the_end(cast: World) -> None:
    """The end has looked for exports already and is not committed: the export asked for now waits for it."""
    connected = cast.connection("customer", "partner")
    ended, made, actor = threading.Event(), threading.Event(), cast.actor("customer.admin")
    seen: list[bool] = []

    def end_slowly() -> None:
        try:
            with transaction.atomic():
                end_connection(actor=actor, connection=connected)
                ended.set()
                seen.append(made.wait(1.5))
        finally:
            connection.close()

    slow = threading.Thread(target=end_slowly, daemon=True)
    slow.start()
    assert ended.wait(10)
    export = queue(cast)
    assert actions.make_next_queued_export()
    made.set()
    join_all([slow])
    assert seen == [False]
    assert fresh(export).state == "ready"
    assert {row["name"] for row in rows_in(export)} == {cast.customer2.name}


def test_no_room_on_the_disk_is_a_clear_failure(cast: World, monkeypatch: Any) -> None:
    export = queue(cast, attempts=2)

    def full(export: Export, file: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(actions, "_copy", full)
    assert actions.make_next_queued_export()
    assert (fresh(export).state, fresh(export).error) == ("failed", "failed")
    assert not list(files.list_export_files())


def test_a_hurried_stop_of_reading_ends_the_writer(cast: World, monkeypatch: Any) -> None:
    """An error on this side of the pipe neither hangs nor leaves a connection behind."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO entitlements_usagemonth (customer_id, sku_id, purchased, assigned, newly_assigned, month,
                   last_day, days, monthly_active, daily_active_peak)
               SELECT %s, s.id, 9, 8, 1, ('1000-01-01'::date + n * interval '1 month')::date, '2000-01-01', 1, 1, 1
               FROM generate_series(0, 9000) n, (SELECT min(id) AS id FROM entitlements_sku) s""",
            [cast.customer.pk],
        )
    export = queue(cast, list="usage_history")

    def lose(export: Export, **progress: int) -> None:
        raise actions.LeaseLost

    monkeypatch.setattr(Export, "report_progress", lose)
    before = threading.active_count()
    assert actions.make_next_queued_export()
    assert threading.active_count() == before
    assert fresh(export).state == "running" and not list(files.list_export_files())
