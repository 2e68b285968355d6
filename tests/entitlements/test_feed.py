"""The feed: good lines in, bad lines reported, nothing half-stored, and a second run that changes nothing."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from entitlements.ingest.importing import import_feed
from entitlements.ingest.lines import MAX_ORDER_LINES
from entitlements.models import CustomerListing, Entitlement, Order, OrderLine, Sku
from notifications.actions.outbox import write_due_notices
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused
from partnerportal.lib.json_lines.reading import MAX_LINE_BYTES
from tests.counts import count
from tests.world import World

FEED = Actor.system("feed under test")


@pytest.fixture
def org_id(world: World) -> str:
    Sku.objects.create(code="GATE", service="Gateway", name="Gateway Standard")
    return world.customer.org_id


def entitlement(org_id: str, key: str = "E1", **changes: Any) -> dict[str, Any]:
    return {
        "type": "entitlement", "external_id": key, "customer": org_id, "sku": "GATE", "kind": "production",
        "state": "active", "quantity": 10, "starts_on": "2026-01-01", "ends_on": "2096-12-31",
    } | changes  # fmt: skip


def order(org_id: str, number: str = "O1", **changes: Any) -> dict[str, Any]:
    return {
        "type": "order", "number": number, "customer": org_id, "placed_on": "2026-01-01", "state": "open",
        "currency": "EUR", "total": "30.00",
        "lines": [{"sku": "GATE", "quantity": 3, "unit_price": 10.00}],
    } | changes  # fmt: skip


def run(*rows: dict[str, Any] | bytes, **options: Any) -> list[tuple[str, list[str]]]:
    """Outcome and problem codes, per line."""
    lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    results = []
    import_feed(actor=FEED, stream=io.BytesIO(b"\n".join(lines)), report_result=results.append, **options)
    return [(str(r.outcome), [f"{p.field}:{p.code}" for p in r.problems]) for r in results]


def news() -> list[Event]:
    return list(Event.objects.filter(actor_label=FEED.label).order_by("pk"))


def test_facts_come_in_and_the_listing_follows(org_id: str, world: World) -> None:
    before = CustomerListing.objects.get(viewer=world.partner, customer=world.customer)
    assert run(entitlement(org_id, quantity=10, assigned=4), order(org_id)) == [("added", []), ("added", [])]
    stored = Entitlement.objects.get(external_id="E1")
    assert (stored.customer, stored.sku.code, stored.quantity, stored.source) == (world.customer, "GATE", 10, "bought")
    after = CustomerListing.objects.get(viewer=world.partner, customer=world.customer)
    assert (after.seats - before.seats, after.assigned - before.assigned) == (10, 4)
    line = OrderLine.objects.get(order__number="O1")
    assert (line.position, line.quantity, str(line.unit_price)) == (1, 3, "10.00")


def test_a_line_is_the_whole_fact(org_id: str) -> None:
    run(entitlement(org_id, assigned=4, source="granted"))
    bare = {k: v for k, v in entitlement(org_id).items() if k not in ("starts_on", "ends_on")}
    assert run(bare) == [("changed", [])]
    stored = Entitlement.objects.get(external_id="E1")
    assert (stored.assigned, stored.source, stored.starts_on, stored.ends_on) == (0, "bought", None, None)


def test_the_same_again_touches_no_row_and_tells_nobody(org_id: str) -> None:
    rows = [entitlement(org_id), order(org_id), {"type": "sku", "code": "NEW", "service": "S", "name": "N"}]
    assert [outcome for outcome, _ in run(*rows)] == ["added"] * 3
    before, told = versions(), len(news())
    assert [outcome for outcome, _ in run(*rows)] == ["unchanged"] * 3
    assert versions() == before
    assert len(news()) == told


def versions() -> list[tuple[Any, ...]]:
    """The physical versions of every row the feed may write."""
    tables = ("sku", "entitlement", "order", "orderline", "customerlisting")
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{t}', id, ctid::text FROM entitlements_{t}" for t in tables))
        return sorted(cursor.fetchall())


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"quantity": -1}, "quantity:min_value"),
        ({"quantity": 10**12}, "quantity:max_value"),
        ({"quantity": 10**4000}, "quantity:max_value"),
        ({"quantity": None}, "quantity:null"),
        ({"quantity": True}, "quantity:invalid"),
        ({"quantity": 1.5}, "quantity:invalid"),
        ({"ends_on": "2026-02-30"}, "ends_on:invalid"),
        ({"ends_on": "2025-12-31"}, "ends_on:end_before_start"),
        ({"ends_on": 5}, "ends_on:invalid"),
        ({"customer": "99999999"}, "customer:unknown_customer"),
        ({"customer": "12"}, "customer:invalid"),
        ({"customer": "１２３４５６７８"}, "customer:invalid"),
        ({"sku": "NONE"}, "sku:unknown_sku"),
        ({"state": "flying"}, "state:invalid_choice"),
        ({"state": []}, "state:invalid_choice"),
        ({"external_id": ""}, "external_id:blank"),
        ({"external_id": "trial-1"}, "external_id:reserved_key"),
        ({"source": "link"}, "source:invalid_choice"),
        ({"external_id": "x" * 81}, "external_id:max_length"),
        ({"external_id": "a\0b"}, "external_id:null_characters_not_allowed"),
        ({"external_id": "a\x1b[2Jb"}, "external_id:control_characters"),
        ({"external_id": "\ud800"}, "external_id:surrogate_characters_not_allowed"),
        ({"quantitty": 5}, "quantitty:unknown_field"),
        ({"type": "invoice"}, "type:unknown_type"),
        ({"type": ["sku"]}, "type:unknown_type"),
    ],
)
def test_bad_entitlements_are_refused_with_their_reason(org_id: str, changes: dict[str, Any], problem: str) -> None:
    (outcome, problems), good = run(entitlement(org_id) | changes, entitlement(org_id, "E2"))
    assert outcome == "error"
    assert problem in problems
    assert good == ("added", [])
    assert not Entitlement.objects.filter(external_id="E1").exists()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"type": "sku", "code": "\xff"}', "not_utf8"),
        ('{"type": "sku"}'.encode("utf-16-be"), "not_json"),
        (b'{"type": "sku"', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"type": "sku", "code": NaN}', "not_json"),
        (b'{"type": "sku", "code": 1e99999999999999999999}', "not_json"),
        (b'{"type": "sku", "code": ' + b"9" * 5000 + b"}", "not_json"),
        (b'"text"', "not_an_object"),
        (b'{"type": "sku", "code": "a", "code": "b"}', "repeated_field"),
        (b'{"type": "sku", "code": "' + b"x" * MAX_LINE_BYTES + b'"}', "line_too_long"),
    ],
)
def test_lines_that_cannot_be_read_do_not_stop_the_others(org_id: str, raw: bytes, code: str) -> None:
    assert run(raw, entitlement(org_id)) == [("error", [f":{code}"]), ("added", [])]


def test_a_byte_order_mark_windows_line_ends_and_blank_lines_are_fine(org_id: str) -> None:
    text = "\ufeff" + json.dumps(entitlement(org_id)) + "\r\n\r\n" + json.dumps(entitlement(org_id, "E2")) + "\r\n"
    results = []
    import_feed(actor=FEED, stream=io.BytesIO(text.encode()), report_result=results.append)
    assert [(r.line, str(r.outcome)) for r in results] == [(1, "added"), (3, "added")]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"sku": "NONE", "quantity": 1, "unit_price": 1}, "lines.2.sku:unknown_sku"),
        ({"sku": "GATE", "quantity": 0, "unit_price": 1}, "lines.2.quantity:min_value"),
        ({"sku": "GATE", "quantity": 1, "unit_price": 1.005}, "lines.2.unit_price:max_decimal_places"),
        ({"sku": "GATE", "quantity": 1, "unit_price": -1}, "lines.2.unit_price:min_value"),
        ({"sku": "GATE", "quantity": 1}, "lines.2.unit_price:required"),
        ("text", "lines.2:invalid"),
    ],
)
def test_an_order_with_a_bad_line_is_refused_whole(org_id: str, line: Any, problem: str) -> None:
    bad = order(org_id, lines=[*order(org_id)["lines"], line])
    assert run(bad, order(org_id, "O2")) == [("error", [problem]), ("added", [])]
    assert not Order.objects.filter(number="O1").exists()
    assert set(OrderLine.objects.filter(sku__code="GATE").values_list("order__number", flat=True)) == {"O2"}


def test_orders_need_a_currency_and_lines_within_bounds(org_id: str) -> None:
    one = order(org_id)["lines"]
    assert run(
        order(org_id, currency="ZZZ"), order(org_id, lines=[]), order(org_id, lines=one * (MAX_ORDER_LINES + 1))
    ) == [
        ("error", ["currency:unknown_currency"]),
        ("error", ["lines:empty"]),
        ("error", ["lines:max_length"]),
    ]


def test_changed_lines_change_the_order_and_keep_its_public_id(org_id: str) -> None:
    run(order(org_id))
    before = Order.objects.get(number="O1")
    more = [{"sku": "GATE", "quantity": q, "unit_price": 10} for q in (1, 2)]
    assert run(order(org_id, lines=more)) == [("changed", [])]
    after = Order.objects.get(number="O1")
    assert (after.pk, after.public_id) == (before.pk, before.public_id)
    assert list(after.lines.order_by("position").values_list("quantity", flat=True)) == [1, 2]
    assert run(order(org_id, lines=more[:1])) == [("changed", [])]
    assert after.lines.count() == 1


def test_the_second_line_about_the_same_thing_is_refused(org_id: str) -> None:
    assert run(entitlement(org_id), entitlement(org_id, quantity=99)) == [("added", []), ("error", [":duplicate"])]
    assert Entitlement.objects.get(external_id="E1").quantity == 10


def test_nothing_moves_to_another_customer(org_id: str, world: World) -> None:
    run(entitlement(org_id), order(org_id))
    other = world.stranger.org_id
    assert run(entitlement(other), order(other)) == [("error", ["customer:other_customer"])] * 2
    assert Entitlement.objects.get(external_id="E1").customer == world.customer


def test_a_line_that_only_the_database_refuses_takes_no_other_with_it(org_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE entitlements_entitlement ADD CONSTRAINT t CHECK (external_id <> 'E3') NOT VALID")
    outcomes = run(*(entitlement(org_id, f"E{n}") for n in range(1, 8)))
    assert [o for o, _ in outcomes] == ["added", "added", "error", "added", "added", "added", "added"]
    assert outcomes[2][1] == [":refused_by_database"]


def test_only_the_system_imports(world: World) -> None:
    with pytest.raises(ActionRefused):
        import_feed(actor=world.actor("partner.admin"), stream=io.BytesIO(b""))


@pytest.mark.parametrize(
    ("first", "then", "kind"),
    [
        (None, {}, "entitlement.added"),
        (None, {"kind": "trial", "state": "requested"}, "trial.requested"),
        ({"kind": "trial"}, {"kind": "trial", "state": "expired"}, "trial.expired"),
        ({"kind": "trial", "state": "requested"}, {"kind": "trial"}, "entitlement.added"),
        ({}, {"quantity": 20}, "entitlement.changed"),
        ({}, {"assigned": 5}, None),
    ],
)
def test_news_says_what_changed(
    org_id: str, world: World, first: dict[str, Any] | None, then: dict[str, Any], kind: str | None
) -> None:
    if first is not None:
        run(entitlement(org_id, **first), with_events=False)
    run(entitlement(org_id, **then))
    assert [event.kind for event in news()] == ([kind] if kind else [])
    for event in news():
        assert event.customer_id == world.customer.pk
        assert event.subject_id == Entitlement.objects.get(external_id="E1").public_id
        assert event.data["sku_name"] == "Gateway Standard"
        old, new = entitlement(org_id, **(first or {})), entitlement(org_id, **then)
        changed = {name: [old[name], new[name]] for name in new if new[name] != old[name]}
        assert event.changes == ({} if first is None else changed)


def test_news_reaches_the_customer_and_its_partners_only(org_id: str, world: World) -> None:
    run(entitlement(org_id))
    while write_due_notices():
        pass
    recipients = set(news()[0].notice_set.values_list("recipient_id", flat=True))
    assert {world.names[pk] for pk in recipients} == {"customer", "partner", "lapsed", "distributor"}


def test_statements_do_not_grow_with_the_batch(org_id: str) -> None:
    def statements(count: int, prefix: str) -> int:
        rows = [entitlement(org_id, f"{prefix}{n}") for n in range(count)]
        rows += [order(org_id, f"{prefix}{n}") for n in range(count)]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            run(*rows)
        return len(queries)

    assert statements(2, "a") == statements(60, "b") <= 20


LINES = count(10_000)


def many(org_ids: list[str]) -> bytes:
    lines = []
    for number in range(LINES):
        org_id = org_ids[number % len(org_ids)]
        row = order(org_id, f"O{number}") if number % 3 == 0 else entitlement(org_id, f"E{number}")
        if number % 10 == 7:
            row |= [{"customer": "99999999"}, {"total": -1, "quantity": -1}, {"state": "?"}][number % 3]
        lines.append(json.dumps(row).encode())
    return b"\n".join(lines)


@pytest.mark.slow
@pytest.mark.no_cover
def test_thousands_of_lines_one_in_ten_bad_twice(org_id: str, world: World, tmp_path: Any) -> None:
    file, report = tmp_path / "feed.jsonl", tmp_path / "report.jsonl"
    file.write_bytes(many([world.customer.org_id, world.customer2.org_id, world.stranger.org_id]))
    stored, told = Entitlement.objects.count() + Order.objects.count(), Event.objects.count()
    for outcome in ("added", "unchanged"):
        with pytest.raises(CommandError, match=f"{LINES // 10:,} of {LINES:,} lines"):
            call_command("ingest", str(file), report=str(report), stdout=io.StringIO(), stderr=io.StringIO())
        results = [json.loads(line) for line in report.read_text().splitlines()]
        assert [row["line"] for row in results] == list(range(1, LINES + 1))
        assert [row["result"] for row in results] == ["error" if n % 10 == 7 else outcome for n in range(LINES)]
        assert all(row["errors"][0]["code"] for row in results if row["result"] == "error")
        if outcome == "added":
            before = versions()
    assert Entitlement.objects.count() + Order.objects.count() == stored + LINES // 10 * 9
    assert Event.objects.count() == told + LINES // 10 * 9
    assert versions() == before
