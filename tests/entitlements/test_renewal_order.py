"""The list of renewals by value, owner and state, what they are worth together, and the same through API and file."""

import datetime as dt
import re
import uuid
from decimal import Decimal
from typing import Any

import pytest

from entitlements.models import Entitlement, Order, RenewalState, RenewalWork
from entitlements.queries.renewal_work import add_up_renewals
from entitlements.queries.renewals import list_upcoming_renewals
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from tests.entitlements.test_bulk_actions import confirm, start
from tests.world import World

SOON = dt.timedelta(days=10)


@pytest.fixture
def four(world: World) -> dict[str, Entitlement]:
    """Four renewals of the partner's customers: worth 100 and 900 euros, 50,000 yen, and one of unknown value.

    The order of their values, of their last days and of their states are different ones.
    """
    Entitlement.objects.filter(state="active").update(ends_on=None)
    mine = Entitlement.objects.get(customer=world.customer, kind="production", state="active")
    other = Entitlement.objects.get(customer=world.customer2, kind="production", state="active")
    order = Order.objects.get(customer=world.customer)
    Order.objects.filter(customer__in=(world.customer, world.customer2)).exclude(pk=order.pk).delete()
    order.lines.update(unit_price=10)
    yen = Order.objects.create(
        customer=world.customer2, number="YEN-1", placed_on=today(), state="open", currency="JPY", total=50_000
    )
    yen.lines.create(position=1, sku=mine.sku, quantity=5, unit_price=10_000)
    rows = {}
    for name, source, sku, quantity, left in (
        ("large", mine, mine.sku, 90, 4),
        ("small", mine, mine.sku, 10, 3),
        ("yen", other, mine.sku, 5, 2),
        ("unknown", other, other.sku, 7, 1),
    ):
        row = Entitlement.objects.get(pk=source.pk)
        row.pk, row.public_id, row.external_id = None, uuid.UUID(int=len(rows) + 1), f"order-{name}"
        row.sku, row.quantity, row.ends_on = sku, quantity, today() + dt.timedelta(days=left)
        row.save(force_insert=True)
        rows[name] = row
    assert other.sku_id != mine.sku_id
    return rows


def names_in_order(page: str, rows: dict[str, Entitlement]) -> list[str]:
    by_id = {str(row.public_id): name for name, row in rows.items()}
    return [by_id[found] for found in re.findall(r'class="state" href="/renewals/([0-9a-f-]+)/', page)]


def note(world: World, row: Entitlement, state: str, owner: str = "") -> None:
    person = world.person(owner).pk if owner else None
    work = RenewalWork.objects.create(organization=world.partner, entitlement=row, ends_on=row.ends_on)
    RenewalWork.objects.filter(pk=work.pk).update(state=state, owner_id=person)


# --- What they are worth together ---------------------------------------------------------------------------


def total_of(page: str) -> str:
    (line,) = re.findall(r'<p class="renewals-total">(.*?)</p>', page, re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", line).split())


@pytest.mark.promise("G-21")
def test_the_list_says_what_its_renewals_are_worth_together(web: Any, four: dict[str, Entitlement]) -> None:
    """In each currency on its own, and of how many the value is known: also of those on further pages."""
    client = web("partner.admin")
    assert (
        total_of(client.get("/renewals/").content.decode()) == "Value €1,000.00 + JP¥50,000 3 of 4 with a known value"
    )
    assert total_of(client.get("/renewals/?within=7").content.decode()).endswith("3 of 4 with a known value")
    day = four["small"].ends_on
    assert total_of(client.get(f"/renewals/?on={day}").content.decode()) == "Value €100.00 1 of 1 with a known value"


def test_pages_of_one_row_say_the_total_of_all(web: Any, four: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("partnerportal.lib.personal_lists.SIZES", (1, 50))
    assert "€1,000.00" in total_of(web("partner.admin").get("/renewals/?size=1").content.decode())


def test_a_trial_is_worth_nothing_in_the_total(actor_for: Any, four: dict[str, Entitlement]) -> None:
    Entitlement.objects.filter(pk=four["large"].pk).update(kind="trial")
    actor = actor_for("partner.admin")
    total = add_up_renewals(actor, list_upcoming_renewals(actor))
    assert ([(one.amount, one.currency) for one in total.sums], total.known) == (
        [(Decimal(100), "EUR"), (Decimal(50_000), "JPY")],
        2,
    )


@pytest.mark.parametrize("who", ["partner.reader", "partner.sales_agent", "distributor.reader"])
def test_who_does_not_see_prices_gets_no_total(who: str, web: Any, four: Any) -> None:
    assert "renewals-total" not in web(who).get("/renewals/").content.decode()


def test_ones_own_renewals_have_a_total(web: Any, four: Any) -> None:
    assert "€1,000.00" in total_of(web("customer.reader").get("/renewals/").content.decode())


def test_too_many_are_not_added_up(web: Any, four: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("queries.renewal_work", "lists.renewals", "rows.renewal_work"):
        monkeypatch.setattr(f"entitlements.{module}.ADDED_UP", 3)
    client = web("partner.admin")
    assert total_of(client.get("/renewals/").content.decode()).endswith("Narrow the list to 3 or fewer.")
    assert "€1,000.00" in total_of(client.get(f"/renewals/?q={four['small'].customer.org_id}").content.decode())


# --- The order ----------------------------------------------------------------------------------------------


@pytest.mark.promise("G-21")
@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", ["unknown", "yen", "small", "large"]),
        ("-ends_on", ["large", "small", "yen", "unknown"]),
        ("value", ["small", "large", "yen", "unknown"]),
        ("-value", ["yen", "large", "small", "unknown"]),
        ("state", ["small", "large", "yen", "unknown"]),
        ("-state", ["unknown", "yen", "large", "small"]),
        ("owner", ["unknown", "small", "large", "yen"]),
        ("-owner", ["small", "unknown", "yen", "large"]),
    ],
)
def test_renewals_are_sorted_with_the_unknown_last(
    sort: str, order: list[str], web: Any, world: World, four: dict[str, Entitlement]
) -> None:
    first, second = sorted(("partner.admin", "partner.sales_agent"), key=lambda who: world.person(who).name.lower())
    note(world, four["unknown"], "will_lapse", first)
    note(world, four["yen"], "quoted")
    note(world, four["small"], "open", second)
    note(world, four["large"], "contacted")
    RenewalWork.objects.filter(entitlement=four["large"]).update(owner_id=0)  # who is no operator any more
    client = web("partner.admin")
    assert names_in_order(client.get(f"/renewals/?sort={sort}").content.decode(), four) == order


@pytest.mark.parametrize("sort", ["value", "-value", "state", "-owner", "-ends_on"])
def test_a_sorted_list_goes_on_from_page_to_page(
    sort: str, web: Any, world: World, four: dict[str, Entitlement], monkeypatch: pytest.MonkeyPatch
) -> None:
    note(world, four["yen"], "quoted", "partner.admin")
    monkeypatch.setattr("partnerportal.lib.personal_lists.SIZES", (1, 50))
    client, found, url = web("partner.admin"), [], f"/renewals/?sort={sort}&size=1"
    whole = names_in_order(client.get(f"/renewals/?sort={sort}").content.decode(), four)
    while url:
        page = client.get(url).content.decode()
        found += names_in_order(page, four)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        url = following[1].replace("&amp;", "&") if following else ""
    assert found == whole
    assert sorted(found) == sorted(four)


def test_weeks_stand_beside_rows_in_the_order_of_days_alone(web: Any, four: Any) -> None:
    client = web("partner.admin")
    for sort, weeks in (("", True), ("-ends_on", True), ("-value", False), ("owner", False), ("nonsense", True)):
        assert ("cell-week" in client.get(f"/renewals/?sort={sort}").content.decode()) is weeks, sort


def test_without_prices_the_order_by_value_tells_nothing(web: Any, four: dict[str, Entitlement]) -> None:
    """Else a Reader could tell from the order who pays more."""
    page = web("partner.reader").get("/renewals/?sort=value").content.decode()
    assert [four[name].pk for name in names_in_order(page, four)] == sorted(row.pk for row in four.values())


@pytest.mark.parametrize("sort", ["value", "owner", "state"])
def test_queries_of_a_sorted_list_do_not_grow(
    sort: str, web: Any, four: dict[str, Entitlement], count_queries: Any
) -> None:
    client, path = web("partner.admin"), f"/renewals/?sort=-{sort}"
    Entitlement.objects.exclude(pk=four["small"].pk).filter(ends_on__isnull=False).update(ends_on=today() + 9 * SOON)
    client.get(path)
    with count_queries() as one:
        client.get(path)
    Entitlement.objects.filter(ends_on=today() + 9 * SOON).update(ends_on=today() + SOON)
    with count_queries() as many:
        client.get(path)
    assert len(many) <= len(one)


def test_a_file_has_the_order_of_the_page(actor_for: Any, as_tenant: Any, four: dict[str, Entitlement]) -> None:
    from entitlements.renewal_imports import RENEWALS

    actor: Actor = actor_for("partner.admin")
    with as_tenant(actor):
        rows = RENEWALS.rows(actor, RENEWALS.pick_filters({"sort": "-value"}), None)
        found = [row.pk for row in rows if row.ends_on]
    assert found == [four[name].pk for name in ("yen", "large", "small", "unknown")]


# --- The API ------------------------------------------------------------------------------------------------


@pytest.mark.promise("G-21")
def test_the_api_says_value_and_own_work_in_the_order_that_is_asked(
    api: Any, world: World, four: dict[str, Entitlement]
) -> None:
    note(world, four["small"], "quoted", "partner.admin")
    client = api("partner.admin")
    rows = client.get("/api/v1/renewals/?sort=-value").json()["items"]
    assert [row["id"] for row in rows] == [str(four[name].public_id) for name in ("yen", "large", "small", "unknown")]
    assert [row["value"] for row in rows] == [
        {"amount": "50000.00", "currency": "JPY"},
        {"amount": "900.00", "currency": "EUR"},
        {"amount": "100.00", "currency": "EUR"},
        None,
    ]
    operator = world.operator("partner.admin")
    owner = {"id": str(operator.public_id), "name": operator.person.name}
    noted = {"state": "quoted", "owner": owner, "note": "", "noted_at": None}
    assert [row["work"] for row in rows] == [None, None, noted, None]
    cursor = client.get("/api/v1/renewals/?sort=-value&limit=1").json()["links"]["next"]
    assert client.get(cursor).json()["items"][0]["id"] == str(four["large"].public_id)
    assert client.get("/api/v1/renewals/?sort=price").status_code == 400


def test_the_api_tells_no_price_without_prices_and_no_work_of_others(
    api: Any, world: World, four: dict[str, Entitlement]
) -> None:
    note(world, four["small"], "quoted", "partner.admin")
    rows = api("partner.reader").get("/api/v1/renewals/?sort=value").json()["items"]
    assert len(rows) == 4 and {str(row["value"]) for row in rows} == {"None"}
    for who in ("distributor.admin", "customer.admin"):
        rows = api(who).get("/api/v1/renewals/").json()["items"]
        assert rows and {str(row["work"]) for row in rows} == {"None"}, who


def test_queries_of_the_api_do_not_grow(api: Any, four: dict[str, Entitlement], count_queries: Any) -> None:
    client = api("partner.admin")
    client.get("/api/v1/renewals/?sort=value")
    with count_queries() as many:
        client.get("/api/v1/renewals/?sort=value")
    Entitlement.objects.exclude(pk=four["small"].pk).update(ends_on=None)
    with count_queries() as one:
        client.get("/api/v1/renewals/?sort=value")
    assert len(many) <= len(one)


# --- One note for many --------------------------------------------------------------------------------------


@pytest.mark.promise("G-21")
def test_one_note_for_many_is_set_and_dated(
    web: Any, world: World, four: dict[str, Entitlement], settings: Any, tmp_path: Any
) -> None:
    settings.PRIVATE_ROOT = tmp_path
    note(world, four["small"], "quoted")
    client = web("partner.admin")
    rows = [str(four[name].public_id) for name in ("small", "large")]
    source = start(client, "/imports/bulk/renewal_note/", row=rows, is_chosen="1", note="Quotes sent on Monday.")
    assert source.checked == {"changed": 2}
    assert confirm(client, source, "set").applied == {"changed": 2}
    work = RenewalWork.objects.filter(organization=world.partner, entitlement__in=(four["small"], four["large"]))
    assert {row.note for row in work} == {"Quotes sent on Monday."}
    assert {row.state for row in work} == {RenewalState.QUOTED, RenewalState.OPEN}
    assert all(row.noted_at for row in work)
    again = start(client, "/imports/bulk/renewal_note/", row=rows, is_chosen="1", note="Quotes sent on Monday.")
    assert again.checked == {"already_there": 2}
