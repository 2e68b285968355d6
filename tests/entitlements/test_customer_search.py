"""The search of customers: words in any order, each of which is part of the name, the web domain or the ORGID."""

from typing import Any

import pytest

from tests.entitlements.test_views import connect, names_in
from tests.world import World

NAMES = {
    "Saint-Éloi d’Anjou": "anjou.example",
    "Ashdown & Pryce": "ap-group.example",
    "Łódź Labs": "labs.example",
    "キタムラ製作所": "kitamura.example",
}


@pytest.fixture
def customers(world: World) -> dict[str, str]:
    """The customers' ORGIDs by name."""
    return {name: connect(world.partner, name, website=site).org_id for name, site in NAMES.items()}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("saint eloi", "Saint-Éloi d’Anjou"),
        ("ELOI saint", "Saint-Éloi d’Anjou"),
        ("d'anjou", "Saint-Éloi d’Anjou"),
        ("ashdown pryce", "Ashdown & Pryce"),
        ("pryce/ashdown", "Ashdown & Pryce"),
        ("ap-group pry", "Ashdown & Pryce"),
        ("AP-Group.Example", "Ashdown & Pryce"),
        ("lodz", "Łódź Labs"),
        ("labs.example łódź", "Łódź Labs"),
        ("ｷﾀﾑﾗ", "キタムラ製作所"),
    ],
)
def test_each_word_is_found_somewhere(text: str, found: str, customers: dict[str, str], web: Any) -> None:
    assert names_in(web("partner.reader").get("/customers/", {"q": text})) == [found]
    rows = web("partner.reader").get("/api/v1/customers/", {"q": text}).json()["items"]
    assert [row["name"] for row in rows] == [found]


def test_one_word_that_is_nowhere_finds_nothing(customers: dict[str, str], web: Any) -> None:
    assert names_in(web("partner.reader").get("/customers/", {"q": "ashdown eloi"})) == []


def test_a_number_from_the_middle_of_an_orgid_finds_it(customers: dict[str, str], web: Any) -> None:
    name = "Ashdown & Pryce"
    assert names_in(web("partner.reader").get("/customers/", {"q": f"{customers[name][2:]} ash"})) == [name]
