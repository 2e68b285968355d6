"""The search of the whole portal: what it finds for whom, as a page and as the list of the palette."""

import re
from html import unescape
from typing import Any

import pytest

from accounts.models import Operator
from connections.models import Connection
from entitlements.models import Order, Sku
from partnerportal.lib.scopes import ALL, Scope
from partnerportal.search import FIRST
from tests.entitlements.test_views import connect, entitle
from tests.world import World

HTMX = {"HX-Request": "true"}


def groups_in(html: str) -> dict[str, list[str]]:
    """The found labels by the heading of their group, as the palette lists them."""
    groups = {}
    for part in html.split('<p class="menu-label"')[1:]:
        heading = re.search(r">([^<]+)</p>", part)
        assert heading
        groups[unescape(heading[1])] = [unescape(label) for label in re.findall(r"<span>([^<]+?)(?: <|<)", part)]
    return groups


def found(client: Any, text: str) -> dict[str, list[str]]:
    answer = client.get("/search/", {"q": text}, headers=HTMX)
    assert answer.status_code == 200 and "HX-Request" in answer["Vary"]
    return groups_in(answer.content.decode())


def test_a_partner_finds_its_customers_by_words(world: World, web: Any) -> None:
    connect(world.partner, "Ashdown & Pryce", website="ashdown.example")
    assert found(web("partner.reader"), "pryce ash")["Customers"] == ["Ashdown & Pryce"]
    assert found(web("partner.reader"), "ashdown.example")["Customers"] == ["Ashdown & Pryce"]
    html = web("partner.reader").get("/search/", {"q": "pryce"}).content.decode()
    customer = connect(world.partner, "Pryce Two")
    assert "Ashdown &amp; Pryce" in html and "Pryce Two" not in html
    assert f"/customers/{customer.public_id}/" in web("partner.reader").get("/search/", {"q": "two"}).content.decode()


@pytest.mark.parametrize("who", ["stranger.admin", "publisher.admin", "customer.admin"])
def test_nobody_finds_what_is_not_theirs(who: str, world: World, web: Any) -> None:
    connect(world.partner, "Ashdown & Pryce")
    assert "Customers" not in found(web(who), "ashdown")


def test_the_vendor_finds_every_kind_on_its_own_pages(world: World, web: Any) -> None:
    connect(world.partner, "Ashdown & Pryce")
    client = web("vendor.reader")
    groups = found(client, "ashdown")
    assert groups["Customers"] == ["Ashdown & Pryce"]
    for heading, organization in (
        ("Partners", world.partner),
        ("Distributors", world.distributor),
        ("Publishers", world.publisher),
    ):
        html = client.get("/search/", {"q": organization.org_id}, headers=HTMX).content.decode()
        assert groups_in(html)[heading] == [organization.name]
        assert f"/organizations/{organization.public_id}/" in html


def test_the_first_of_many_and_the_way_to_all(world: World, web: Any) -> None:
    for number in range(FIRST + 1):
        connect(world.partner, f"Many {number}")
    html = web("partner.reader").get("/search/", {"q": "many"}, headers=HTMX).content.decode()
    assert len(groups_in(html)["Customers"]) == FIRST
    assert '/customers/?q=many"' in html and "All results" in html
    assert "All results" not in web("partner.reader").get("/search/", {"q": "many 1"}, headers=HTMX).content.decode()


def test_one_letter_finds_no_record(world: World, web: Any) -> None:
    connect(world.partner, "Zebra")
    assert "Customers" not in found(web("partner.reader"), "z") and "Customers" not in found(
        web("partner.reader"), "z&"
    )
    assert found(web("partner.reader"), "ze")["Customers"] == ["Zebra"]


@pytest.mark.parametrize("text", ["ze%00", "%00%00", "ze%0A", "%F0%9F%98%80" * 30])
def test_no_character_is_a_fault(text: str, web: Any) -> None:
    assert web("partner.reader").get(f"/search/?q={text}").status_code == 200


def test_pages_and_actions_are_those_of_the_reader(web: Any) -> None:
    admin, reader = (found(web(who), "") for who in ("partner.admin", "partner.reader"))
    assert "Invite customers" in admin["Actions"] and "Invite customers" not in reader.get("Actions", [])
    assert "Renewals" in admin["Pages"] and "Trials" not in admin["Pages"]
    assert "Trials" in found(web("vendor.admin"), "trial")["Pages"]


@pytest.mark.parametrize("who", ["partner.reader", "customer.admin", "vendor.admin"])
def test_everybody_finds_the_pages_of_the_help(who: str, web: Any) -> None:
    pages = found(web(who), "")["Pages"]
    assert {"Help", "Who can do what", "API reference"} <= set(pages)
    assert found(web(who), "api")["Pages"] == ["API reference"]


def test_a_person_of_no_organisation_finds_their_own_pages(web: Any) -> None:
    assert set(found(web("nobody"), "")) == {"Pages", "Appearance", "Language"}


def test_an_organisation_a_theme_and_a_language_are_switched_from_it(world: World, web: Any) -> None:
    client = web("many@customer")
    assert found(client, world.partner.name)["Switch organisation"] == [world.partner.name]
    assert found(client, "dark")["Appearance"] == ["Dark"]
    assert client.post("/me/set/?next=/inbox/", {"theme": "dark"})["Location"] == "/inbox/"
    client.post("/me/set/", {"language": "fr"})
    person = world.person("many")
    assert (person.theme, person.language) == ("dark", "fr")


@pytest.mark.parametrize("text", ["theme", "dark mode", "theme dark"])
def test_the_appearance_is_found_by_other_words_for_it(text: str, web: Any) -> None:
    assert "Dark" in found(web("partner.reader"), text)["Appearance"]


@pytest.mark.parametrize(
    ("who", "exports"),
    [
        ("partner.admin", ["Export customers", "Export renewals", "Export usage"]),
        ("vendor.admin", ["Export customers", "Export partners", "Export distributors"]),
        ("customer.admin", []),
        ("publisher.admin", []),
        ("nobody", []),
    ],
)
def test_the_lists_that_one_sees_are_exported_from_it(who: str, exports: list[str], web: Any) -> None:
    client = web(who)
    assert found(client, "export").get("Actions", []) == exports
    html = client.get("/search/", {"q": "export"}).content.decode()
    for key in re.findall(r'name="list" value="(\w+)"', html):
        assert client.post("/exports/new/", {"list": key})["Content-Type"].startswith("text/csv"), key


@pytest.mark.parametrize("chosen", [{"theme": "loud"}, {"language": "xx"}])
def test_an_unknown_choice_changes_nothing(chosen: dict[str, str], web: Any, world: World) -> None:
    client = web("partner.admin")
    before = world.person("partner.admin")
    assert client.post("/me/set/", chosen).status_code == 400
    after = world.person("partner.admin")
    assert (after.theme, after.language) == (before.theme, before.language)


def test_nothing_found_says_what_to_try(web: Any) -> None:
    for headers in (HTMX, {}):
        page = web("partner.admin").get("/search/", {"q": "zzz"}, headers=headers).content.decode()
        assert "Try fewer words" in page


def test_services_are_found_by_their_name_and_that_of_a_customer(world: World, web: Any) -> None:
    vault = Sku.objects.create(code="VLT", service="Vault", name="Cloud Vault")
    birch, oak = (connect(world.partner, f"{name} Mills") for name in ("Birch", "Oak"))
    for customer in (birch, oak):
        entitle(customer, vault)
    client = web("partner.reader")
    assert found(client, "vault")["Services"] == ["Cloud Vault", "Cloud Vault"]
    html = client.get("/search/", {"q": "birch vlt"}, headers=HTMX).content.decode()
    assert groups_in(html)["Services"] == ["Cloud Vault"] and "Birch Mills" in html
    assert f"/customers/{birch.public_id}/services/" in html and str(oak.public_id) not in html
    assert (
        f"/organizations/{birch.public_id}/services/"
        in web("vendor.reader").get("/search/", {"q": "vault birch"}, headers=HTMX).content.decode()
    )
    assert "Services" not in found(web("partner2.reader"), "vault")
    assert "Services" not in found(client, "vault elm") and "Services" not in found(client, "mills")


def test_all_customers_of_a_service_are_one_click_away(world: World, web: Any) -> None:
    vault = Sku.objects.create(code="VLT", service="Vault", name="Cloud Vault")
    for number in range(FIRST + 1):
        entitle(connect(world.partner, f"Many {number}"), vault)
    html = web("partner.reader").get("/search/", {"q": "vault many"}, headers=HTMX).content.decode()
    assert len(groups_in(html)["Services"]) == FIRST and "/customers/?sku=VLT&amp;q=many" in html


def test_a_service_that_is_not_shared_is_not_found(world: World, web: Any) -> None:
    vault = Sku.objects.create(code="VLT", service="Vault", name="Cloud Vault")
    entitle(connect(world.partner, "Birch Mills"), vault)
    assert "Services" in found(web("partner.reader"), "vault")
    Connection.objects.filter(customer__name="Birch Mills").update(scopes=ALL & ~Scope.ENTITLEMENTS)
    assert "Services" not in found(web("partner.reader"), "vault")


def test_a_customer_finds_its_own_services(world: World, web: Any) -> None:
    vault = Sku.objects.create(code="VLT", service="Vault", name="Cloud Vault")
    entitle(world.customer, vault)
    entitle(world.customer2, Sku.objects.create(code="OTH", service="Other", name="Cloud Other"))
    assert found(web("customer.reader"), "cloud v")["Services"] == ["Cloud Vault"]
    assert "Services" not in found(web("customer.reader"), "cloud other")


def test_an_order_is_found_by_its_number(world: World, web: Any) -> None:
    order = Order.objects.create(
        customer=world.customer, number="SO-9001", placed_on="2026-01-01", state="open", currency="EUR", total="1"
    )
    for who, page in (
        ("partner.admin", f"/customers/{world.customer.public_id}/orders/"),
        ("customer.reader", "/orders/"),
        ("vendor.admin", f"/organizations/{world.customer.public_id}/orders/"),
    ):
        html = web(who).get("/search/", {"q": " so-9001 "}, headers=HTMX).content.decode()
        assert groups_in(html)["Orders"] == [order.number] and f'href="{page}"' in html, who
    for who in ("partner2.admin", "stranger.admin", "lapsed.admin", "publisher.admin"):
        assert "Orders" not in found(web(who), order.number), who


def test_whoever_does_not_see_prices_finds_no_order_of_a_customer(world: World, web: Any) -> None:
    order = Order.objects.filter(customer=world.customer).earliest("pk")
    Operator.objects.filter(organization=world.partner).update(finance_granted=False)
    assert "Orders" in found(web("partner.admin"), order.number)
    assert "Orders" not in found(web("partner.reader"), order.number)


def test_a_service_is_found_though_many_before_have_the_words_and_not_the_service(
    world: World, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = Sku.objects.create(code="VLT", service="Vault", name="Cloud Vault")
    for name in ("Birch One", "Birch Two", "Birch Zed"):
        customer = connect(world.partner, name)
    entitle(customer, vault)
    monkeypatch.setattr("entitlements.searches.LOOKED_AT", 1)
    assert found(web("partner.reader"), "vault birch")["Services"] == ["Cloud Vault"]
