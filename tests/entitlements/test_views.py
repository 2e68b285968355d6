"""Customers, services and orders as pages."""

import datetime as dt
import gzip
import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organization
from connections.actions import end_connection
from connections.models import Connection
from entitlements.models import CustomerListing, Entitlement, Order, OrderLine, Sku
from partnerportal.lib.scopes import ALL
from tests.world import World

LIST = "/customers/"


def text_of(response: Any) -> str:
    """The main part in words, single-spaced."""
    html = response.content.decode()
    html = html.split("<main", 1)[-1].split("</main>")[0]
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)))


def names_in(response: Any) -> list[str]:
    """The customers of the list, in its order."""
    return [
        unescape(name)
        for name in re.findall(
            r'</span><a href="[0-9a-f-]{36}/[^"]*" title="[^"]*">([^<]+)</a>', response.content.decode()
        )
    ]


def connect(partner: Organization, name: str, **fields: Any) -> Organization:
    customer = Organization.objects.create(kind="customer", name=name, **{"country": "FR", **fields})
    names = {"partner_name": str(partner), "customer_name": name}
    Connection.objects.create(partner=partner, customer=customer, scopes=ALL, **names)
    return customer


def entitle(customer: Organization, sku: Sku, **fields: Any) -> Entitlement:
    return Entitlement.objects.create(
        customer=customer,
        sku=sku,
        external_id=f"{customer.pk}-{sku.pk}-{Entitlement.objects.count()}",
        **{"kind": "production", "state": "active", "quantity": 10, "assigned": 1, **fields},
    )


@pytest.fixture
def sku(db: None) -> Sku:
    return Sku.objects.create(code="VLT", service="Vault", name="Vault Pro")


@pytest.fixture
def partner(world: World) -> Organization:
    """The partner, with five more customers of its own."""
    for name, country in (("Ähren AG", "DE"), ("Beta KK", "JP"), ("Ｃeta", "JP"), ("delta", "FR"), ("Ωmega", "GR")):
        connect(world.partner, name, country=country)
    return world.partner


@pytest.mark.promise("CC-6", "CC-7", "CV-4", "CV-5", "CV-6")
def test_customers_in_one_view(world: World, web: Any) -> None:
    """CC-6, CC-7, CV-4…CV-6: exactly the connected ones, with seats, services and nearest expiry."""
    page = web("partner.reader").get(LIST)
    assert set(names_in(page)) == {world.customer.name, world.customer2.name}
    words = text_of(page)
    ends = CustomerListing.objects.get(viewer=world.partner, customer=world.customer)
    sku = Sku.objects.get(pk=ends.skus[0])
    assert world.customer.org_id in words and "Germany" in words and sku.name in words
    assert f"{ends.assigned} / {ends.seats}" in words


@pytest.mark.promise("E-7")
def test_distributor_sees_the_customers_of_its_partners(world: World, web: Any) -> None:
    assert set(names_in(web("distributor.admin").get(LIST))) == {world.customer.name, world.customer2.name}


@pytest.mark.promise("CC-5", "CC-8")
@pytest.mark.parametrize("who", ["customer.admin", "publisher.admin"])
def test_whom_no_badge_would_help_finds_no_page_of_customers(who: str, world: World, web: Any) -> None:
    for address in (LIST, reverse("customer", args=[world.customer.public_id])):
        page = web(who).get(address)
        assert page.status_code == 404 and "Page not found" in text_of(page)
        assert "badge" not in text_of(page) and not names_in(page)


@pytest.mark.promise("CC-5", "CC-8")
@pytest.mark.parametrize("who", ["nobadge.admin", "lapsed.admin"])
def test_without_badge_the_page_says_whom_to_ask(who: str, world: World, web: Any) -> None:
    """CC-5, CC-8: by address too, and the customers' own pages as well."""
    for address in (LIST, reverse("customer", args=[world.customer.public_id])):
        page = web(who).get(address)
        assert page.status_code == 403
        assert "Solution Advisor" in text_of(page)
        assert world.organization_of(who).account_manager_email in text_of(page)
        assert not names_in(page)


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("q=ahren", ["Ähren AG"]),
        ("q=ÄHREN", ["Ähren AG"]),
        ("q=ceta", ["Ｃeta"]),
        ("q=ωμεγα&country=GR", []),
        ("country=JP", ["Beta KK", "Ｃeta"]),
        ("country=JP&q=bet", ["Beta KK"]),
        ("q=%25", []),
        ("sku=nothing", []),
    ],
)
def test_search_and_filters(query: str, seen: list[str], partner: Organization, web: Any) -> None:
    page = web("partner.admin").get(f"{LIST}?{query}")
    assert names_in(page) == seen
    assert ("No customers match" in text_of(page)) == (not seen)


def test_orgid_finds_its_customer(partner: Organization, web: Any) -> None:
    wanted = Organization.objects.get(name="Beta KK")
    assert names_in(web("partner.admin").get(f"{LIST}?q={wanted.org_id}")) == ["Beta KK"]


def test_filters_by_what_customers_run(partner: Organization, sku: Sku, web: Any) -> None:
    today = timezone.now().date()
    names = ["Beta KK", "delta", "Ähren AG"]
    beta, delta, ahren = (Organization.objects.get(name=name) for name in names)
    entitle(beta, sku, ends_on=today + dt.timedelta(days=45), assigned=11)
    entitle(delta, sku, kind="trial", ends_on=today + dt.timedelta(days=10))
    entitle(ahren, sku, ends_on=today - dt.timedelta(days=1))
    seen = {
        query: {name for name in names_in(web("partner.admin").get(f"{LIST}?{query}")) if name in names}
        for query in ("sku=VLT", "expires_within=30", "expires_within=60", "trials=true", "over=true", "trials=false")
    }
    assert seen == {
        "sku=VLT": {"Beta KK", "delta"},
        "expires_within=30": {"delta"},
        "expires_within=60": {"Beta KK", "delta"},
        "trials=true": {"delta"},
        "over=true": {"Beta KK"},
        "trials=false": {"Beta KK", "Ähren AG"},
    }


@pytest.mark.parametrize(
    "query",
    [
        "country=XX",
        "expires_within=31",
        "expires_within=abc",
        "trials=maybe",
        "sort=password",
        "size=7",
        "size=-1",
        "cursor=rubbish",
        "q=%00",
        f"q={'x' * 201}",
        "sort=name&sort=-",
        "utm_source=mail",
    ],
)
def test_bad_values_fall_back(query: str, partner: Organization, web: Any) -> None:
    client = web("partner.admin")
    assert names_in(client.get(f"{LIST}?{query}")) == names_in(client.get(LIST))


@pytest.mark.parametrize(
    "column", ["name", "org_id", "country", "services", "seats", "assigned", "expires_on", "connected_at"]
)
def test_every_column_sorts_both_ways(column: str, partner: Organization, web: Any) -> None:
    client = web("partner.admin")
    up, down = client.get(f"{LIST}?sort={column}"), client.get(f"{LIST}?sort=-{column}")
    assert names_in(up) == names_in(down)[::-1]
    assert len(names_in(up)) == 7
    if column != "seats":  # sorted by it, without a header of its own
        assert b'aria-sort="ascending"' in up.content and b'aria-sort="descending"' in down.content


def test_pages_forth_and_back_show_everything_once(partner: Organization, web: Any) -> None:
    for number in range(60):
        connect(partner, f"Many {number:02}")
    client = web("partner.admin")
    first = client.get(f"{LIST}?size=25&sort=-country")
    assert "1–25 of 67" in text_of(first)
    seen, page, pages = names_in(first), first, 1
    while following := re.search(r'rel="next" href="([^"]+)"', page.content.decode()):
        page = client.get(unescape(following[1]))
        seen += names_in(page)
        pages += 1
    assert pages == 3 and "51–67 of 67" in text_of(page)
    assert len(seen) == len(set(seen)) == 67
    back = re.search(r'rel="prev" href="([^"]+)"', page.content.decode())
    assert back and names_in(client.get(unescape(back[1]))) == seen[25:50]


def test_fragment_for_htmx_carries_the_canonical_address(partner: Organization, web: Any) -> None:
    page = web("partner.admin").get(f"{LIST}?q=beta&country=&sku=&sort=name", headers={"HX-Request": "true"})
    assert page["HX-Push-Url"] == f"{LIST}?q=beta"
    assert "HX-Request" in page["Vary"]
    assert b"<html" not in page.content and names_in(page) == ["Beta KK"]


def test_queries_do_not_grow_with_rows(world: World, web: Any, count_queries: Any, partner: Organization) -> None:
    client = web("partner.admin")
    client.get(LIST)  # the first page writes into the session
    counts = []
    for query in ("q=beta", "q=zz", "country=JP&sort=-expires_on", ""):
        with count_queries() as queries:
            assert client.get(f"{LIST}?{query}").status_code == 200
        counts.append(len(queries))
    assert set(counts) == {counts[0]} and counts[0] <= 8  # how many match travels with the rows


def test_fifty_rows_stay_light(partner: Organization, sku: Sku, web: Any) -> None:
    today = timezone.now().date()
    for number in range(60):
        customer = connect(partner, f"Comfortably Named Customer {number:02}", website=f"customer{number}.example.com")
        entitle(customer, sku, quantity=1200, assigned=640, ends_on=today + dt.timedelta(days=20))
    page = web("partner.admin").get(LIST)
    assert len(names_in(page)) == 50
    assert len(gzip.compress(page.content)) <= 14_000  # as it travels: the proxy compresses


def test_first_use_invites_and_readers_are_told_why_not(world: World, web: Any) -> None:
    Connection.objects.filter(partner=world.partner2).update(
        state="ended", ended_at=timezone.now(), ended_by=world.partner2
    )
    admin, reader = (web(f"partner2.{role}").get(LIST) for role in ("admin", "reader"))
    assert "No customers yet" in text_of(admin)
    assert reverse("invite") in admin.content.decode()
    assert reverse("invite") not in reader.content.decode()
    assert "Only Admins, Admin agents and Sales agents can do this." in text_of(reader)


@pytest.mark.promise("CC-20")
def test_row_menu_ends_only_own_connections(world: World, web: Any) -> None:
    own = str(world.connection("customer", "partner").public_id)
    assert f'data-row-menu="{own}">' in web("partner.admin").get(LIST).content.decode()
    assert "Only Admins can do this." in text_of(web("partner.reader").get(LIST))
    indirect = web("distributor.admin").get(LIST)
    assert own not in indirect.content.decode() and "own partner can end the connection" in text_of(indirect)


@pytest.mark.promise("CC-29")
@pytest.mark.parametrize("tab", ["customer", "customer_services", "customer_orders", "customer_activity"])
def test_customer_is_gone_with_its_connection(tab: str, world: World, web: Any, actor_for: Any) -> None:
    """CC-29. Somebody else's customer looks the same."""
    client, address = web("partner.admin"), reverse(tab, args=[world.customer.public_id])
    assert client.get(address).status_code == 200
    assert client.get(reverse(tab, args=[world.stranger.public_id])).status_code == 404
    end_connection(actor=actor_for("customer.admin"), connection=world.connection("customer", "partner"))
    assert client.get(address).status_code == 404


@pytest.mark.promise("CC-26", "CV-16")
def test_basic_account_data(world: World, web: Any) -> None:
    """CC-26, for a Reader too (CV-16)."""
    words = text_of(web("partner.reader").get(reverse("customer", args=[world.customer.public_id])))
    customer = world.customer
    for fact in (customer.name, customer.org_id, str(customer.tenant_id), customer.street, customer.contact_email):
        assert fact in words


@pytest.mark.promise("CC-13", "CC-28", "CC-47", "CC-48", "CC-49", "CC-50", "CC-51", "CC-52")
def test_services_are_grouped_with_count_and_expiry(world: World, web: Any) -> None:
    """CC-47…CC-52."""
    page = web("partner.admin").get(reverse("customer_services", args=[world.customer.public_id]))
    html = page.content.decode()
    groups = re.findall(r'id="section-(\w+)">(?:[^<]+)<span class="count">(\d+)', html)
    assert groups == [
        ("active", "1"),
        ("active_trials", "1"),
        ("pending_trials", "1"),
        ("expired_trials", "1"),
        ("past", "1"),
    ]
    active = Entitlement.objects.get(customer=world.customer, kind="production", state="active")
    assert f"{active.assigned} / {active.quantity}" in text_of(page)
    assert f'datetime="{active.ends_on}"' in html


@pytest.mark.promise("CC-27")
def test_an_order_shows_its_lines_and_total(world: World, sku: Sku, web: Any) -> None:
    """CC-27; newest first."""
    order = Order.objects.create(
        customer=world.customer,
        number="SO-1",
        placed_on=timezone.now().date(),
        state="open",
        currency="EUR",
        total="1234.5",
    )
    OrderLine.objects.create(order=order, position=1, sku=sku, quantity=3, unit_price=Decimal("411.50"))
    words = text_of(web("partner.admin").get(reverse("customer_orders", args=[world.customer.public_id])))
    assert "€1,234.50" in words and "€411.50" in words and "Vault Pro" in words
    assert words.index("SO-1") < words.index("PO-")
    own = text_of(web("customer.reader").get(reverse("orders")))
    assert "SO-1" in own and own.count("PO-") == 1


def test_activity_names_nobody_of_the_other_side(world: World, web: Any) -> None:
    address = reverse("customer_activity", args=[world.customer.public_id])
    words = text_of(web("partner.admin").get(address))
    assert f"{world.customer.name} connected to {world.partner.name}" in words
    assert world.person("customer.admin").name not in words
    assert world.lapsed.name not in words


@pytest.mark.parametrize("tab", ["customer", "customer_services", "customer_orders", "customer_activity"])
def test_customer_pages_ask_as_often_whatever_they_hold(
    tab: str, world: World, sku: Sku, web: Any, count_queries: Any
) -> None:
    client, address = web("partner.admin"), reverse(tab, args=[world.customer.public_id])
    client.get(address)  # the first page writes into the session
    with count_queries() as before:
        client.get(address)
    for number in range(3):
        entitle(world.customer, sku)
        order = Order.objects.create(
            customer=world.customer, number=f"N{number}", placed_on="2026-01-01", state="open", currency="EUR", total=1
        )
        OrderLine.objects.create(order=order, position=1, sku=sku, quantity=1, unit_price=1)
    with count_queries() as after:
        client.get(address)
    assert len(after) == len(before) <= (10 if tab == "customer" else 9)  # with the months of its chart
