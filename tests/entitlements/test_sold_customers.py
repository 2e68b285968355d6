"""What the vendor's staff see of every customer: what the vendor sold it, and nothing that only consent gives."""

from typing import Any

import pytest
from django.db.models import Q
from django.urls import reverse

from accounts.models import Operator, Organization
from connections.models import Connection, Portfolio
from entitlements.models import CustomerListing, CustomerUsage, Entitlement, Order, Sku, UsageDay, UsageMonth
from notifications.models import Notice
from partnerportal.lib.scopes import Scope
from tests.entitlements.test_views import entitle, text_of
from tests.exports.test_views import table
from tests.portfolio import differences
from tests.world import KINDS, World, canary

CUSTOMERS = sorted(name for name, kind in KINDS.items() if kind == "customer")


def page_of(world: World, name: str, tab: str = "") -> str:
    return reverse(f"organization{tab}", args=[world[name].public_id])


@pytest.mark.promise("CV-9", "E-14")
def test_all_customers_with_what_they_bought(world: World, web: Any) -> None:
    client = web("vendor.reader")
    page = client.get("/customers/")
    html, words = page.content.decode(), text_of(page)
    assert {name for name in KINDS if f'href="{page_of(world, name)}' in html} == set(CUSTOMERS)
    for name in CUSTOMERS:
        listed = CustomerListing.objects.get(viewer=world.vendor, customer=world[name])
        assert f"{listed.assigned} / {listed.seats}" in words and listed.seats > 0
    rows = {row["org_id"]: row for row in table(client.post("/exports/new/", {"list": "all_customers"}))}
    assert set(rows) == {world[name].org_id for name in CUSTOMERS}
    assert not {"shared", "unusual_use", "usage_as_of", "connected_at"} & rows[world.stranger.org_id].keys()


def test_a_new_customer_is_there_and_follows_what_it_buys(world: World, as_tenant: Any) -> None:
    customer = Organization.objects.create(kind="customer", name="Founded", country="FR")
    entitle(customer, Sku.objects.earliest("pk"), quantity=7)
    row = CustomerListing.objects.get(customer=customer)
    assert (row.viewer_id, row.seats, row.name) == (world.vendor.pk, 7, "Founded")
    Organization.objects.filter(pk=customer.pk).update(name="Renamed", state="suspended")
    row.refresh_from_db()
    assert (row.name, row.state) == ("Renamed", "suspended")
    Organization.objects.create(kind="partner", name="A partner", country="FR")
    assert not CustomerListing.objects.filter(customer__name="A partner").exists()
    assert differences() == []


def test_a_second_vendor_begins_with_all_customers(world: World) -> None:
    second = Organization.objects.create(kind="vendor", name="Second", country="FR")
    assert CustomerListing.objects.filter(viewer=second).count() == len(CUSTOMERS)
    assert differences() == []


@pytest.mark.promise("E-14")
def test_nothing_follows_from_it(world: World, as_tenant: Any) -> None:
    """No portfolio, no notice, no usage: those need consent."""
    vendor = world.actor("vendor.admin")
    assert not Portfolio.objects.filter(viewer=world.vendor).exclude(subject=world.vendor).exists()
    assert not Notice.objects.filter(recipient_id=world.vendor.pk, about_id__isnull=False).exists()
    rows = CustomerListing.objects.filter(viewer=world.vendor)
    assert {row.scopes for row in rows} == {Scope.ACCOUNT | Scope.ENTITLEMENTS | Scope.ORDERS}
    assert all(row.unusual == [] for row in rows)
    with as_tenant(vendor):
        for model in (UsageDay, UsageMonth, CustomerUsage):
            assert not model.objects.filter(customer=world.customer.pk).exists(), model.__name__


@pytest.mark.promise("E-13")
@pytest.mark.parametrize(("who", "sees"), [("vendor.admin", True), ("vendor.reader", False), ("granted", True)])
def test_orders_need_finance_sight(who: str, sees: bool, world: World, web: Any, as_tenant: Any) -> None:
    if who == "granted":
        who = "vendor.reader"
        Operator.objects.filter(organization=world.vendor, roles=["reader"]).update(finance_granted=True)
    actor = world.actor(who)
    assert Order.objects.visible_to(actor).exists() is sees
    with as_tenant(actor):
        assert Order.objects.exists() is sees
    page = web(who).get(page_of(world, "customer", "_orders"))
    assert (canary("customer", "orders") in page.content.decode()) is sees
    assert ("You can’t see orders and prices" in text_of(page)) is not sees


def test_services_of_a_customer_that_is_connected_to_nobody(world: World, web: Any) -> None:
    words = text_of(web("vendor.reader").get(page_of(world, "stranger", "_services")))
    assert f"Plan {canary('stranger', 'skus')}" in words
    overview = web("vendor.reader").get(page_of(world, "stranger")).content.decode()
    assert page_of(world, "stranger", "_services") in overview and page_of(world, "stranger", "_orders") in overview


@pytest.mark.parametrize("who", ["partner.admin", "distributor.admin", "customer.admin", "publisher.admin"])
def test_nobody_else_has_these_pages(who: str, world: World, web: Any) -> None:
    client = web(who)
    for tab in ("_services", "_orders"):
        assert client.get(page_of(world, "customer", tab)).status_code == 404
    assert client.post("/exports/new/", {"list": "all_customers"}).status_code == 404


@pytest.mark.parametrize("query", ["over=true", "level=trial", "state=suspended", "q=stranger", "trials=true"])
def test_the_list_has_the_filters_of_customers(query: str, world: World, web: Any) -> None:
    client = web("vendor.reader")
    html = client.get(f"/customers/?{query}").content.decode()
    shown = {world[name].org_id for name in CUSTOMERS if page_of(world, name) in html}
    rows = table(client.post("/exports/new/", {"list": "all_customers", "query": query}))
    assert {row["org_id"] for row in rows} == shown
    assert 'name="unusual"' not in html and ">Trend" not in html


@pytest.mark.parametrize("who", ["partner", "distributor"])
def test_the_customers_of_a_partner_or_distributor(who: str, world: World, web: Any) -> None:
    client, seller = web("vendor.reader"), world[who]
    sellers = Organization.objects.filter(Q(pk=seller.pk) | Q(parent=seller.pk))
    connected = Connection.objects.active().filter(partner__in=sellers, customer__kind="customer")
    expected = set(connected.values_list("customer__org_id", flat=True))
    address = f"/customers/?partner={seller.org_id}"
    html = client.get(address).content.decode()
    shown = {world[name].org_id for name in CUSTOMERS if page_of(world, name) in html}
    assert expected and shown == expected
    rows = table(client.post("/exports/new/", {"list": "all_customers", "query": f"partner={seller.org_id}"}))
    assert {row["org_id"] for row in rows} == expected
    page = client.get("/partners/" if who == "partner" else "/distributors/").content.decode()
    assert address in page, "the row leads there"
    nobody = client.get("/customers/?partner=00000000").content.decode()
    assert not any(page_of(world, name) in nobody for name in CUSTOMERS)


def test_both_locks_show_the_vendor_every_entitlement(world: World, as_tenant: Any) -> None:
    actor, everything = world.actor("vendor.reader"), Entitlement.objects.count()
    assert Entitlement.objects.visible_to(actor).count() == everything
    with as_tenant(actor):
        assert Entitlement.objects.count() == everything
