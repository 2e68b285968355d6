"""The search of the whole portal: what it finds for whom, as a page and as the list of the palette."""

import re
from html import unescape
from typing import Any

import pytest

from partnerportal.search import FIRST
from tests.entitlements.test_views import connect
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


def test_pages_and_actions_are_those_of_the_reader(web: Any) -> None:
    admin, reader = (found(web(who), "") for who in ("partner.admin", "partner.reader"))
    assert "Invite customers" in admin["Actions"] and "Invite customers" not in reader.get("Actions", [])
    assert "Renewals" in admin["Pages"] and "Trials" not in admin["Pages"]
    assert "Trials" in found(web("vendor.admin"), "trial")["Pages"]


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
