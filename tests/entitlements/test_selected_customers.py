"""What can be done with selected customers besides files: their e-mail addresses, and a list of their renewals."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from accounts.models import Organization, SavedView
from connections.actions import end_connection
from entitlements.filters import MOST_CUSTOMERS
from exports.models import Export
from tests.entitlements.test_views import connect, text_of
from tests.exports.test_views import NEW, table
from tests.world import World

pytestmark = pytest.mark.usefixtures("private_folder")


def emails_in(page: Any) -> dict[str, str]:
    """The addresses on a page of customers, by ORGID, of those that have one."""
    assert page.status_code == 200
    return dict(re.findall(r'name="row" value="(\d{8})" data-email="([^"]+)"', page.content.decode()))


@pytest.mark.promise("G-31")
@pytest.mark.parametrize("who", ["partner.admin", "partner.reader", "distributor.reader"])
def test_rows_have_the_addresses_that_the_customers_page_shows(who: str, world: World, web: Any) -> None:
    client = web(who)
    connect(world.partner, "Without")
    Organization.objects.filter(pk=world.customer.pk).update(contact_email='a"b@example.com')
    page = client.get("/customers/")
    found = emails_in(page)
    assert unescape(found[world.customer.org_id]) == 'a"b@example.com' and "Without" in text_of(page)
    assert len(found) == page.content.decode().count('name="row"') - 1
    for org_id, email in found.items():
        customer = Organization.objects.get(org_id=org_id)
        assert unescape(email) in unescape(client.get(f"/customers/{customer.public_id}/").content.decode())


def test_staff_of_the_vendor_have_the_addresses_of_all(world: World, web: Any) -> None:
    found = emails_in(web("vendor.reader").get("/customers/"))
    assert found[world.stranger.org_id] == world.stranger.contact_email
    assert world.stranger.org_id not in emails_in(web("partner.admin").get("/customers/"))


def test_the_list_of_usage_reads_no_addresses(web: Any) -> None:
    rows = web("partner.admin").get("/usage/customers/").context["list"].page.rows
    assert rows and not hasattr(rows[0], "contact_email")


@pytest.mark.parametrize(("who", "has_renewals"), [("partner.reader", True), ("vendor.admin", False)])
def test_the_bar_leads_to_renewals_of_customers_that_one_sees(who: str, has_renewals: bool, web: Any) -> None:
    html = web(who).get("/customers/").content.decode()
    assert ('data-open-ticked="/renewals/?within=90&amp;customer="' in html) is has_renewals
    assert "Copy emails" in html and "Copy ORGIDs" in html


def customers_in(page: Any) -> set[str]:
    assert page.status_code == 200
    return {row.customer.org_id for row in page.context["list"].page.rows}


def chips_in(page: Any) -> list[str]:
    chips = re.findall(r'<li class="chip">.*?</li>', page.content.decode(), re.S)
    return [unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", chip))).strip() for chip in chips]


@pytest.fixture
def both(world: World) -> tuple[str, str]:
    """The ORGIDs of two customers of the partner, each of which has renewals."""
    return world.customer.org_id, world.customer2.org_id


@pytest.mark.promise("G-27", "G-31")
def test_renewals_are_those_of_the_customers_in_the_address(both: tuple[str, str], world: World, web: Any) -> None:
    client, (one, two) = web("partner.reader"), both
    connect(world.partner, "Third")
    assert customers_in(client.get("/renewals/?within=90")) >= {one, two}
    for value, found in ((one, {one}), (f"{two},{one},{two}", {one, two}), (f"{one},10000000", {one})):
        page = client.get("/renewals/", {"within": "90", "customer": value})
        assert customers_in(page) == found
        assert client.get("/renewals/", {"show": "calendar", "customer": value}).status_code == 200
        query = {"customer": value}
        assert {row["customer"]["org_id"] for row in client.get("/api/v1/renewals/", query).json()["items"]} == found
        assert {
            row["org_id"] for row in table(client.post(NEW, {"list": "renewals", "query": f"customer={value}"}))
        } == found
    page = client.get("/renewals/", {"within": "90", "customer": f"{one},{two}", "kind": "production"})
    names = sorted([world.customer.name, world.customer2.name])
    assert chips_in(page) == [f"Customer {', '.join(names)}"]
    [way_out] = re.findall(r'class="chip-end" href="([^"]+)"', page.content.decode())
    assert parse_qs(urlsplit(unescape(way_out)).query) == {"within": ["90"], "kind": ["production"]}


def test_a_customer_that_one_does_not_see_has_no_renewals_and_no_name(world: World, web: Any) -> None:
    client, foreign = web("partner.admin"), world.stranger
    for value in (foreign.org_id, f"{foreign.org_id},x", "'--", "1" * 9):
        page = client.get("/renewals/", {"within": "90", "customer": value})
        assert not customers_in(page) and "No renewals match these filters" in text_of(page)
        dialog = client.get("/lists/renewals/filters/", {"customer": value})
        client.post(NEW, {"list": "renewals", "query": f"customer={value}"})
        for shown in (page, dialog, client.get("/exports/")):
            assert foreign.name not in unescape(shown.content.decode())
    assert chips_in(client.get("/renewals/", {"customer": foreign.org_id})) == [f"Customer {foreign.org_id}"]
    query = {"customer": f"{world.customer.org_id},{foreign.org_id}", "within": "90"}
    assert customers_in(client.get("/renewals/", query)) == {world.customer.org_id}


def test_whose_connection_ends_is_named_no_longer(world: World, web: Any, actor_for: Any) -> None:
    client, query = web("partner2.admin"), {"within": "90", "customer": world.customer2.org_id}
    client.post(NEW, {"list": "renewals", "query": f"customer={world.customer2.org_id}"})
    assert world.customer2.name in text_of(client.get("/renewals/", query))
    assert f"Customer: {world.customer2.name}" in text_of(client.get("/exports/"))
    end_connection(actor=actor_for("customer2.admin"), connection=world.connection("customer2", "partner2"))
    assert world.customer2.name not in text_of(client.get("/renewals/", query))
    assert f"Customer: {world.customer2.org_id}" in text_of(client.get("/exports/"))


def test_a_customers_own_renewals_are_its_own(world: World, web: Any) -> None:
    client = web("customer.admin")
    assert client.get("/renewals/", {"within": "90"}).context["list"].page.rows
    assert not client.get("/renewals/", {"within": "90", "customer": world.customer2.org_id}).context["list"].page.rows


def test_as_many_as_a_page_of_customers_has_and_no_more(both: tuple[str, str], web: Any) -> None:
    client, others = web("partner.admin"), [str(10_000_000 + number) for number in range(MOST_CUSTOMERS - 1)]
    assert customers_in(client.get("/renewals/", {"customer": ",".join([*others, both[0]]), "within": "90"})) == {
        both[0]
    }
    many = {"customer": ",".join([*others, *both])}
    answer = client.get("/api/v1/renewals/", many)
    assert answer.status_code == 400 and answer.json()["errors"][0]["attr"] == "customer"
    assert client.get("/renewals/", many).context["list"].filter_values.get("customer") is None


def test_a_view_keeps_the_customers_and_the_dialog_offers_them_alone(
    both: tuple[str, str], world: World, web: Any
) -> None:
    client, query = web("partner.admin"), f"customer={'%2C'.join(both)}"
    client.post("/lists/renewals/views/new/", {"name": "Both", "query": query})
    assert SavedView.objects.get(name="Both").query == {"customer": ",".join(both)}
    connect(world.partner, "Third")
    dialog = client.get(f"/lists/renewals/filters/?{query}").content.decode()
    assert set(re.findall(r'name="customer" value="(\d+)"[^>]*checked', dialog)) == set(both)
    assert "Third" not in dialog
    assert 'name="customer"' not in client.get("/lists/renewals/filters/").content.decode()
    answer = client.post("/lists/renewals/filters/", {"query": query, "customer": [both[1]]})
    assert parse_qs(urlsplit(answer.url).query) == {"customer": [both[1]]}


def test_names_are_read_once_for_all_exports_of_a_page(world: World, web: Any, count_queries: Any) -> None:
    client, customers = web("partner.admin"), [connect(world.partner, f"Many {number}") for number in range(5)]

    def count() -> int:
        client.get("/exports/")
        with count_queries() as asked:
            assert customers[0].name in text_of(client.get("/exports/"))
        return len(asked)

    client.post(NEW, {"list": "renewals", "query": f"customer={customers[0].org_id}"})
    few = count()
    for customer in customers[1:]:
        client.post(NEW, {"list": "renewals", "query": f"customer={customer.org_id}"})
    assert count() == few and all(customer.name in text_of(client.get("/exports/")) for customer in customers)
    assert Export.objects.filter(list="renewals").count() >= 5
