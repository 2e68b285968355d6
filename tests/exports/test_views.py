"""Exports (CC-38): what is in them, who gets them, and what becomes of them."""

import csv
import datetime as dt
import io
import os
import time
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import ProgramMembership
from connections.actions import change_connection_sharing, end_connection
from entitlements.models import Entitlement, LicenseAssignment, Order, OrderLine, UsageMonth
from exports import actions, files
from exports.catalogue import LISTS
from exports.models import Export
from notifications.models import Event
from partnerportal.lib.exports.lists import ExportSubject
from partnerportal.lib.scopes import ALL, Scope
from tests.entitlements.test_views import connect, entitle, names_in, sku  # noqa: F401
from tests.states import put
from tests.world import KINDS, World, canary

pytestmark = pytest.mark.usefixtures("private_folder")

NEW = "/exports/new/"
TREND = (
    "month,total_licenses,previously_assigned,newly_assigned,assigned_total,available,pct_assigned,monthly_active,"
    "daily_active_peak"
)


def content(response: Any) -> str:
    return b"".join(response).decode("utf-8") if response.streaming else response.content.decode("utf-8")


def table(response: Any) -> list[dict[str, str]]:
    assert response.status_code == 200, response
    text = content(response)
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def test_holds_what_the_page_shows_in_its_order(world: World, web: Any, sku: Any) -> None:  # noqa: F811
    for number in range(3):
        entitle(connect(world.partner, f"Zeta {number}", country="JP"), sku, ends_on=dt.date(2030, 1, 1 + number))
    client = web("partner.admin")
    query = "q=zeta&country=JP&sort=-expires_on"
    shown = names_in(client.get(f"/customers/?{query}"))
    rows = table(client.post(NEW, {"list": "customers", "query": query}))
    assert [row["name"] for row in rows] == shown == ["Zeta 2", "Zeta 1", "Zeta 0"]
    assert rows[0]["next_expiry_on"] == "2030-01-03" and rows[0]["skus"] == "Vault Pro" and rows[0]["seats"] == "10"
    whole = table(client.post(NEW, {"list": "customers", "query": query, "what": "all"}))
    assert len(whole) == 5


def test_ticked_rows_and_nothing_ticked(world: World, web: Any) -> None:
    client = web("partner.reader")
    data = {"list": "customers", "what": "ticked", "row": [world.customer2.org_id, world.stranger.org_id, "=1\0"]}
    assert [row["org_id"] for row in table(client.post(NEW, data))] == [world.customer2.org_id]
    answer = client.post(NEW, {"list": "customers", "what": "ticked", "next": "/customers/?q=a"})
    assert answer.url == "/customers/?q=a"
    assert client.post(NEW, {"list": "customers", "what": "ticked", "next": "//evil.example"}).url == "/customers/"


def test_head_and_type_are_those_of_a_download(world: World, web: Any) -> None:
    answer = web("partner.admin").post(NEW, {"list": "customers"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="customers-2')
    assert "no-store" in answer["Cache-Control"] and answer["X-Content-Type-Options"] == "nosniff"


def test_formulas_are_words(world: World, web: Any) -> None:
    connect(world.partner, '=HYPERLINK("http://evil";"x")')
    connect(world.partner, "＋cmd|' /C calc'!A0")
    text = content(web("partner.admin").post(NEW, {"list": "customers"}))
    assert '"\'=HYPERLINK(""http://evil"";""x"")"' in text and "\"'＋cmd" in text


@pytest.mark.promise("CC-38")
def test_trend_has_the_columns_of_section_f(world: World, web: Any) -> None:
    answer = web("partner.admin").post(NEW, {"list": "trend", "customer": world.customer.public_id})
    rows = table(answer)
    assert content(answer).splitlines()[0] == "\ufeff" + TREND
    months = UsageMonth.objects.filter(customer=world.customer, assigned__gt=0).order_by("month")
    assert [row["month"] for row in rows] == [f"{m.month:%Y-%m}" for m in months]
    last = rows[-1]
    assert [last[k] for k in TREND.split(",")[1:]] == ["10", "7", "1", "8", "2", "80.0", "6", "4"]


def test_orders_have_a_row_for_each_line(world: World, web: Any, sku: Any) -> None:  # noqa: F811
    order = Order.objects.create(
        customer=world.customer, number="=1+1", placed_on="2026-01-01", state="open", currency="EUR", total="12.5"
    )
    for position in (1, 2):
        OrderLine.objects.create(order=order, position=position, sku=sku, quantity=3, unit_price="2.10")
    rows = table(web("partner.admin").post(NEW, {"list": "orders", "customer": world.customer.public_id}))
    mine = [row for row in rows if row["number"] == "'=1+1"]
    assert [(row["line"], row["sku"], row["unit_price"], row["total"]) for row in mine] == [
        ("1", "VLT", "2.10", "12.50"),
        ("2", "VLT", "2.10", "12.50"),
    ]


OF_EVERYBODY = {"activity_log", "connections", "ended_connections", "operators", "own_requests", "pending_operators"}


@pytest.mark.promise("CC-24", "CC-32")
@pytest.mark.slow
@pytest.mark.parametrize("key", sorted(LISTS))
@pytest.mark.parametrize("who", ["partner.admin", "partner.reader_with_finance", "distributor.admin", "customer.admin"])
def test_nobody_learns_who_holds_a_licence(key: str, who: str, world: World, web: Any) -> None:
    """CC-32: the customer's own Admins alone. And nothing of whom one is not, or no longer, connected with."""
    assert LicenseAssignment.objects.filter(customer=world.customer).exists()
    is_of_one = LISTS[key].subject == ExportSubject.ONE and who != "customer.admin"
    customer = {"customer": world.customer.public_id} if is_of_one else {}
    answer = web(who).post(NEW, {"list": key, **customer})
    own = {"licence_users"} | {one.key for one in LISTS.values() if one.subject != ExportSubject.ALL}
    of_vendor = {"licence_users", "trials", "releases", "audience", "prices", "requests", "product_figures"}
    of_vendor |= {"publishers", "all_customers", "memberships", "distributors"}
    of_distributors = set() if who == "distributor.admin" else {"pending_partners", "partners"}
    of_customers = LISTS.keys() - of_vendor - of_distributors
    may = (own if who == "customer.admin" else of_customers) | OF_EVERYBODY
    assert answer.status_code == (200 if key in may else 404)
    text = content(answer)
    for name in KINDS:
        is_own = (who, key, name) == ("customer.admin", "licence_users", "customer")
        assert (canary(name, "licence holders") in text) == is_own
        assert name not in ("stranger", "ended") or canary(name, "goods") not in text


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"list": "nothing"},
        {"list": "services", "customer": "not-a-uuid"},
        {"list": "services", "customer": "00000000-0000-0000-0000-000000000000"},
    ],
)
def test_unknown_is_not_found(data: dict[str, str], web: Any) -> None:
    assert web("partner.admin").post(NEW, data).status_code == 404


@pytest.mark.parametrize("query", ["q=%00", "q=" + "x" * 500, "sort=\x00", "country=ZZ&over=%ff", "ids=1", "x" * 5000])
def test_nonsense_narrows_nothing(query: str, web: Any) -> None:
    client = web("partner.admin")
    assert len(table(client.post(NEW, {"list": "customers", "query": query}))) == 2
    assert len(table(client.post(NEW, {"list": "trend", "query": "service=\x00", "what": query}))) >= 1


def queued(world: World, who: str = "partner.admin", **fields: Any) -> Export:
    actor = world.actor(who)
    values = {"organization_id": actor.organization_id, "person_id": actor.person_id, "list": "customers", **fields}
    return Export.objects.create(**values)


def ready(world: World, who: str = "partner.admin", **fields: Any) -> Export:
    export = queued(world, who, state=Export.State.READY, finished_at=timezone.now(), **fields)
    with files.open_export_for_writing(export) as file:
        file.write(b"name\n")
    return export


def test_a_large_one_waits_on_its_page(world: World, web: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(actions, "SMALL", 1)
    client = web("partner.admin")
    sorts = ("-name", "name", "country", "country", "services")  # asked for again while it is made: that one waits on
    asked = [{"list": "customers", "query": f"trials=true&sort={sort}&size=25"} for sort in sorts]
    assert [client.post(NEW, form).status_code for form in asked] == [302, 302, 302, 302, 429]
    narrowed = [{"trials": "true", "sort": sort} for sort in sorts[:3]]  # what the worker goes by
    assert (
        list(Export.objects.filter(state="queued", rows=2).order_by("pk").values_list("query", flat=True)) == narrowed
    )
    page = client.get("/exports/")
    assert b"every 2s" in page.content and b"0 of 2 rows" in page.content
    assert client.get("/exports/news/").status_code == 204
    put(Export.objects.filter(state="queued"), state="ready")
    told = client.get("/exports/news/")
    assert told.status_code == 286 and "Your export is ready" in told["HX-Trigger"]
    assert b"/exports/news/" not in client.get("/exports/").content  # nothing is waited for any more


def test_every_export_is_in_the_log(world: World, web: Any) -> None:
    web("partner.reader").post(NEW, {"list": "customers"})
    event = Event.objects.get(kind="list.exported")
    assert (event.organization_id, event.data) == (world.partner.pk, {"list": "customers", "rows": 2})


def test_the_page_asks_as_often_whatever_it_holds(world: World, web: Any, count_queries: Any) -> None:
    client, counts = web("partner.admin"), []
    client.get("/exports/")
    for _number in range(2):
        with count_queries() as queries:
            client.get("/exports/")
        counts.append(len(queries))
        for state in Export.State:
            queued(world, state=state, customer=world.customer, finished_at=timezone.now())
    assert counts[0] == counts[1] <= 6


def test_a_file_is_its_persons_alone(world: World, web: Any) -> None:
    address = reverse("export_file", args=[ready(world).public_id])
    assert content(web("partner.admin").get(address)) == "name\n"
    for who in ("partner.reader", "partner2.admin", "distributor.admin", "customer.admin", "many@partner"):
        assert web(who).get(address).status_code == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"state": "gone"}, 410),
        ({"state": "queued"}, 409),
        ({"state": "running"}, 409),
        ({"finished_at": timezone.now() - dt.timedelta(hours=25)}, 410),
    ],
)
def test_a_file_is_given_only_while_it_lives(change: dict[str, Any], status: int, world: World, web: Any) -> None:
    export = ready(world)
    put(Export.objects.filter(pk=export.pk), **change)
    assert web("partner.admin").get(reverse("export_file", args=[export.public_id])).status_code == status


@pytest.mark.parametrize("key", ["customers", "renewals", "inbox"])
def test_a_file_is_gone_with_the_badge(key: str, world: World, web: Any) -> None:
    export = ready(world, list=key)
    past = {"starts_on": dt.date(2019, 1, 1), "ends_on": dt.date(2020, 1, 1)}
    ProgramMembership.objects.filter(organization=world.partner).update(**past)
    assert web("partner.admin").get(reverse("export_file", args=[export.public_id])).status_code == 403


@pytest.mark.promise("E-14")
def test_sharing_less_takes_every_file_that_may_hold_it_and_sharing_more_takes_none(
    world: World, web: Any, actor_for: Any
) -> None:
    whole, of_it, of_another = (ready(world, customer=c) for c in (None, world.customer, world.customer2))
    above, others = ready(world, "distributor.admin"), ready(world, "partner2.admin")
    files_made = (whole, of_it, of_another, above, others)
    connected, customer = world.connection("customer", "partner"), actor_for("customer.admin")
    change_connection_sharing(actor=customer, connection=connected, scopes=ALL & ~Scope.ORDERS)
    state = dict(Export.objects.values_list("pk", "state"))
    assert [state[e.pk] for e in files_made] == ["gone", "gone", "ready", "gone", "ready"]
    assert web("partner.admin").get(reverse("export_file", args=[whole.public_id])).status_code == 410
    made_since = ready(world, customer=world.customer)
    change_connection_sharing(actor=customer, connection=connected, scopes=ALL)
    assert Export.objects.get(pk=made_since.pk).state == "ready"


@pytest.mark.promise("E-4")
def test_the_end_of_a_connection_takes_every_file_that_may_hold_it(world: World, web: Any, actor_for: Any) -> None:
    whole, of_it, of_another = (ready(world, customer=c) for c in (None, world.customer, world.customer2))
    above, others = ready(world, "distributor.admin"), ready(world, "partner2.admin")
    own = ready(world, "customer.admin", customer=world.customer, list="orders")
    end_connection(actor=actor_for("customer.admin"), connection=world.connection("customer", "partner"))
    state = dict(Export.objects.values_list("pk", "state"))
    assert [state[e.pk] for e in (whole, of_it, of_another, above, others, own)] == [
        "gone", "gone", "ready", "gone", "ready", "ready",
    ]  # fmt: skip
    assert web("partner.admin").get(reverse("export_file", args=[whole.public_id])).status_code == 410
    assert b"a connection has ended" in web("partner.admin").get("/exports/").content
    assert actions.delete_old_exports() == 3
    lying = {public_id for public_id, _attempt, _file in files.list_export_files()}
    assert str(whole.public_id) not in lying and str(of_another.public_id) in lying


def test_the_sweep_keeps_what_lives(world: World, tmp_path: Any) -> None:
    old, fresh, running = ready(world), ready(world), queued(world, state="running", attempts=2)
    Export.objects.filter(pk=old.pk).update(finished_at=timezone.now() - dt.timedelta(hours=25))
    of_running = [f"{running.public_id}.{rest}" for rest in ("1", "1.part", "2.part", "2")]  # 2: not yet committed
    foreign = ["README", "00000000-0000-4000-8000-000000000001.1", "00000000-0000-4000-8000-000000000002.1"]
    for name in of_running + foreign:
        (tmp_path / "exports" / name).write_bytes(b"x")
    os.utime(tmp_path / "exports" / foreign[2], (time.time() - 90_000, time.time() - 90_000))
    assert actions.delete_old_exports() == 4
    left = {path.name for path in (tmp_path / "exports").iterdir()}
    assert left == {f"{fresh.public_id}.0", *of_running[2:], *foreign[:2]}
    old.refresh_from_db()
    assert (old.state, old.error) == ("gone", "expired")
    Export.objects.update(asked_at=timezone.now() - dt.timedelta(days=31))
    actions.delete_old_exports()
    assert not Export.objects.filter(pk=old.pk).exists() and Export.objects.filter(pk=fresh.pk).exists()


def test_entitlements_in_every_state_are_listed(world: World, web: Any) -> None:
    rows = table(web("customer.reader").post(NEW, {"list": "services"}))
    assert {row["state"] for row in rows} == {"active", "requested", "expired", "cancelled"}
    assert len(rows) == Entitlement.objects.filter(customer=world.customer).count()
