"""Customers as a distributor sees them: through which partner, and by what everybody may narrow the list."""

import datetime as dt
import re
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organization
from connections.models import Connection, CustomerPartner
from entitlements.models import CustomerListing, CustomerUsage, Sku
from tests.entitlements.test_views import connect, entitle, names_in, text_of
from tests.exports.test_views import table
from tests.portfolio import differences
from tests.world import World


@pytest.fixture
def second(world: World) -> Organization:
    """A second partner of the distributor, to which one of the customers of the first is connected too."""
    partner = Organization.objects.create(kind="partner", name="Second", country="FR", parent=world.distributor)
    names = {"partner_name": "Second", "customer_name": str(world.customer2)}
    Connection.objects.create(partner=partner, customer=world.customer2, scopes=63, **names)
    connect(partner, "Alone")
    return partner


@pytest.mark.promise("CV-8")
def test_the_filter_by_partner_finds_customers_of_either(second: Organization, world: World, web: Any) -> None:
    client = web("distributor.reader")
    found = {
        partner.org_id: set(names_in(client.get(f"/customers/?partner={partner.org_id}")))
        for partner in (world.partner, second, world.partner2)
    }
    assert found == {
        world.partner.org_id: {world.customer.name, world.customer2.name},
        second.org_id: {world.customer2.name, "Alone"},
        world.partner2.org_id: set(),  # another distributor's, though it has one of these customers
    }


@pytest.mark.promise("CV-8")
def test_rows_and_pages_name_the_partners(second: Organization, world: World, web: Any) -> None:
    client = web("distributor.reader")
    words = text_of(client.get("/customers/"))
    assert f"{world.partner.name}, Second" in words or f"Second, {world.partner.name}" in words
    page = client.get(f"/customers/{world.customer2.public_id}/").content.decode()
    assert f'href="/partners/{second.public_id}/"' in page and f'href="/partners/{world.partner.public_id}/"' in page
    assert world.partner2.name not in page
    rows = {row["name"]: row for row in table(client.post("/exports/new/", {"list": "customers"}))}
    assert rows["Alone"]["partners"] == "Second"
    assert sorted(rows[world.customer2.name]["partners"].split("; ")) == sorted(["Second", world.partner.name])


def test_only_who_is_above_partners_has_the_column_and_the_filter(world: World, web: Any) -> None:
    for who, key, has_it in (
        ("vendor.reader", "all_customers", True),
        ("distributor.reader", "customers", True),
        ("partner.reader", "customers", False),
    ):
        html = web(who).get("/customers/").content.decode()
        assert ('name="partner"' in html) is has_it
        assert ("Partner" in text_of(web(who).get(f"/lists/{key}/display/"))) is has_it
    page = web("partner.reader").get(f"/customers/{world.customer2.public_id}/").content.decode()
    assert "/partners/" not in page


@pytest.mark.promise("E-4")
def test_an_end_and_a_move_bite_at_the_next_request(second: Organization, world: World, web: Any) -> None:
    client = web("distributor.reader")
    path = f"/customers/?partner={second.org_id}"
    ended = Connection.objects.filter(partner=second, customer=world.customer2)
    ended.update(state="ended", ended_at=timezone.now(), ended_by=second)
    assert names_in(client.get(path)) == ["Alone"]
    assert "Second" not in text_of(client.get(f"/customers/{world.customer2.public_id}/"))
    Organization.objects.filter(pk=second.pk).update(parent=world.distributor2)
    assert names_in(client.get(path)) == []
    assert names_in(web("distributor2.reader").get(path)) == ["Alone"]


def listed(response: Any) -> list[str]:
    """The customers of the vendor's list."""
    return re.findall(r'href="/organizations/[0-9a-f-]{36}/(?:\?[^"]*)?" title="([^"]*)"', response.content.decode())


@pytest.mark.promise("CV-9")
def test_vendor_staff_know_whose_customers_these_are(
    second: Organization, world: World, web: Any, as_tenant: Any, count_queries: Any
) -> None:
    """By name and nothing else, until the connection ends; a customer of nobody has nobody."""
    client = web("vendor.reader")
    path = f"/customers/?partner={second.org_id}"
    assert set(listed(client.get(path))) == {world.customer2.name, "Alone"}
    rows = {row["name"]: row for row in table(client.post("/exports/new/", {"list": "all_customers"}))}
    assert sorted(rows[world.customer2.name]["partners"].split("; ")) == sorted(
        ["Second", world.partner.name, world.partner2.name]
    )
    assert rows[world.stranger.name]["partners"] == ""
    page = client.get(f"/organizations/{world.customer2.public_id}/").content.decode()
    for partner in (second, world.partner, world.partner2):
        assert f'<a href="/organizations/{partner.public_id}/">{partner.name}</a>' in page
    for where in ("/partners/", f"/organizations/{second.public_id}/"):
        assert f'<a href="/customers/?partner={second.org_id}">' in client.get(where).content.decode()
    actor = world.actor("vendor.reader")
    with as_tenant(actor):
        assert CustomerPartner.objects.count() == CustomerPartner.objects.visible_to(actor).count() == 6
        assert not Connection.objects.exists() and not CustomerUsage.objects.exists()
    Organization.objects.filter(pk=second.pk).update(parent=None)
    assert set(listed(client.get(path))) == {world.customer2.name, "Alone"}
    Connection.objects.filter(partner=second).update(state="ended", ended_at=timezone.now(), ended_by=second)
    assert listed(client.get(path)) == []
    with count_queries() as before:
        client.get("/customers/")
    connect(world.partner2, "Another")
    with count_queries() as after:
        client.get("/customers/")
    assert len(before) == len(after)
    assert differences() == []


def test_a_long_list_of_partners_is_no_choice(
    second: Organization, world: World, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entitlements.queries.partners.CHOICES", 1)
    page = text_of(web("vendor.reader").get(f"/customers/?partner={second.org_id}"))
    assert "Second" in page
    html = web("vendor.reader").get("/customers/").content.decode()
    assert f'value="{second.org_id}"' not in html and 'name="partner"' not in html


@pytest.fixture
def customers(world: World) -> None:
    product = Sku.objects.create(code="VLT", service="Vault", name="Vault Pro")
    add_on = Sku.objects.create(code="VLT-X", service="Vault", name="Vault Extra", kind="add_on")
    buys, tries, none = (
        connect(world.partner, name, website=f"{name.lower()}.Example") for name in ("Buys", "Tries", "None")
    )
    entitle(buys, product)
    entitle(buys, add_on)
    entitle(tries, product, kind="trial")
    Organization.objects.filter(pk=none.pk).update(state="suspended")
    CustomerListing.objects.filter(customer=none).update(created_at=timezone.now() - dt.timedelta(days=100))


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("level=production", {"Buys"}),
        ("level=trial", {"Tries"}),
        ("state=suspended", {"None"}),
        ("state=active", {"Buys", "Tries"}),
        ("kind=customer", {"Buys", "Tries", "None"}),
        ("kind=publisher", set()),
        ("created_within=30", {"Buys", "Tries"}),
        ("created_within=365", {"Buys", "Tries", "None"}),
        ("sku=VLT-X", {"Buys"}),
        ("q=tries.example", {"Tries"}),
        ("q=TRIES.EX", {"Tries"}),
        ("q=.example", {"Buys", "Tries", "None"}),
        ("partner=12345678", set()),
    ],
)
def test_filters_for_everybody(query: str, seen: set[str], customers: None, web: Any) -> None:
    client = web("partner.reader")
    known = {"Buys", "Tries", "None"}
    assert known & set(names_in(client.get(f"/customers/?{query}&size=100"))) == seen
    rows = table(client.post("/exports/new/", {"list": "customers", "query": query}))
    assert known & {row["name"] for row in rows} == seen


def test_add_ons_stand_apart_from_services(customers: None, web: Any) -> None:
    client = web("partner.reader")
    columns = ["services", "add_ons", "level", "kind", "created", "status"]
    client.post("/lists/customers/display/", {"column": columns, "show": columns, "density": "compact"})
    row = text_of(client.get("/customers/?q=buys"))
    assert "Vault Pro" in row and "Vault Extra" in row and "Production" in row and "Customer" in row
    (exported,) = table(client.post("/exports/new/", {"list": "customers", "query": "q=buys"}))
    assert (exported["skus"], exported["add_ons"], exported["level"]) == ("Vault Pro", "Vault Extra", "production")
    assert (exported["type"], exported["status"]) == ("customer", "active")
