"""The first page of each kind of organisation: what stands on it, in which order."""

import re
from html import unescape
from typing import Any

import pytest

from connections.actions import end_connection
from tests.world import World

OWN_STRIP = ["Active entitlements", "Active trials", "Pending trial requests"]
STRIP = ["Customers", "Licences assigned", "Expiring in 30 days", "Over limit", "Falling usage", "Waiting for a trial"]
OFFER_STRIP = ["Draft", "Live", "Live, with changes", "Sale stopped"]
PAGES = {
    "partner": (STRIP, ["Needs attention", "Your own licences", "Latest notifications"]),
    "distributor": (
        STRIP,
        ["Partners that need help", "Needs attention", "Your own licences", "Latest notifications"],
    ),
    "customer": (OWN_STRIP, ["Needs attention", "Who can see your data", "Latest notifications"]),
    "stranger": (OWN_STRIP, ["Needs attention", "Who can see your data", "Latest notifications"]),
    "nobadge": ([], ["Your organisation", "Your own licences", "Latest notifications"]),
    "vendor": (
        [],
        [
            "Trial requests waiting: 11",
            "Licence releases waiting: 1",
            "New partners to confirm",
            "Requests waiting: 4",
            "Feeds",
            "Badges ending soon",
            "Organisations without an Admin",
            "Latest notifications",
        ],
    ),
    "publisher": (
        OFFER_STRIP,
        ["Drafts", "Your products", "Your organisation", "Your own licences", "Latest notifications"],
    ),
}


def main(page: Any) -> str:
    return unescape(page.content.decode().partition("<main")[2].partition("</main>")[0])


def texts(pattern: str, html: str) -> list[str]:
    return [re.sub(r"<[^>]+>", "", text).strip() for text in re.findall(pattern, html, re.DOTALL)]


def panel_titles(html: str) -> list[str]:
    return texts(r'<header class="panel-head">\s*<h2[^>]*>(.*?)</h2>', html)


@pytest.mark.promise("CV-1", "E-1")
@pytest.mark.parametrize("who", PAGES)
def test_each_kind_finds_its_own(who: str, web: Any) -> None:
    strip, panels = PAGES[who]
    html = main(web(f"{who}.admin").get("/"))
    assert texts(r"<dt>(.*?)</dt>", html) == strip
    assert panel_titles(html) == panels


def test_before_the_first_customer_a_partner_is_told_how_to_begin(world: Any, web: Any, actor_for: Any) -> None:
    for customer in ("customer", "customer2"):
        end_connection(actor=actor_for("partner.admin"), connection=world.connection(customer, "partner"))
    html = main(web("partner.admin").get("/"))
    assert texts(r"<dt>(.*?)</dt>", html) == []
    assert panel_titles(html) == ["Get started", "Your own licences", "Latest notifications"]
    steps = texts(r'<span class="list-text[^"]*">(.*?)</span>', html)
    assert [step.partition(" ")[0] for step in steps] == ["Invite", "Complete", "Add"]
    assert html.count('href="/invite/"') == 2  # beside the heading, too
    reader = main(web("partner.reader").get("/"))
    assert "/invite/" not in reader and "Only Admins, Admin agents and Sales agents can do this." in reader


def test_who_acts_for_nobody_creates_an_organisation_first(web: Any) -> None:
    assert web("nobody").get("/").headers["Location"] == "/organizations/new/"


@pytest.mark.parametrize("who", ["partner.reader", "customer.admin", "vendor.admin"])
def test_it_greets_by_name(who: str, web: Any, world: World) -> None:
    assert f"<h1>Hello, {world.person(who).name}</h1>" in web(who).get("/").content.decode()
