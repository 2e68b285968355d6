"""The first page of each kind of organisation: what stands on it, in which order."""

import re
from html import unescape
from typing import Any

import pytest
from allauth.mfa.models import Authenticator

from connections.actions import end_connection
from tests.world import World

OWN_STRIP = ["Licences assigned", "Active entitlements", "Active trials", "Pending trial requests"]
OWN_PANELS = ["Licences and active users", "Needs attention", "Licences"]
STRIP = [
    "Customers",
    "Licences assigned",
    "Expiring within 30 days",
    "Over limit",
    "Falling usage",
    "Waiting for a trial",
]
PORTFOLIO = ["Licences and active users", "Next 30 days 4 services end", "Ending soon (2)", "Waiting for a trial (2)"]
OFFER_STRIP = ["Draft", "Live", "Live, with changes", "Sale stopped"]
PAGES = {
    "partner": (STRIP, [*PORTFOLIO, "Your own licences", "Latest notifications"]),
    "distributor": (
        STRIP,
        ["Partners that need help", *PORTFOLIO, "Your own licences", "Latest notifications"],
    ),
    "customer": (OWN_STRIP, [*OWN_PANELS, "Who can see your data", "Latest notifications"]),
    "stranger": (OWN_STRIP, [*OWN_PANELS, "Who can see your data", "Latest notifications"]),
    "nobadge": ([], ["Your organisation", "Your own licences", "Latest notifications"]),
    "vendor": (
        [],
        [
            "Trial requests waiting: 11",
            "Licence releases waiting: 1",
            "New partners to confirm: 0",
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


def steps_on(html: str) -> list[str]:
    return texts(r'<span class="list-text[^"]*">(.*?)</span>', html.partition('class="list checklist"')[2])


@pytest.mark.promise("CV-1", "E-1")
@pytest.mark.parametrize("who", PAGES)
def test_each_kind_finds_its_own(who: str, web: Any) -> None:
    strip, panels = PAGES[who]
    html = main(web(f"{who}.admin").get("/"))
    assert texts(r'<div class="stat"><dt>(.*?)</dt>', html) == strip
    assert panel_titles(html) == ["Get started", *panels]


def test_before_the_first_customer_a_partner_is_told_how_to_begin(world: Any, web: Any, actor_for: Any) -> None:
    for customer in ("customer", "customer2"):
        end_connection(actor=actor_for("partner.admin"), connection=world.connection(customer, "partner"))
    html = main(web("partner.admin").get("/"))
    assert texts(r"<dt>(.*?)</dt>", html) == []
    assert panel_titles(html) == ["Get started", "Your own licences", "Latest notifications"]
    assert [step.partition(" ")[0] for step in steps_on(html)] == ["Invite", "Complete", "Add", "Protect"]
    assert html.count('href="/invite/"') == 2  # beside the heading, too
    reader = main(web("partner.reader").get("/"))
    assert "/invite/" not in reader and "Only Admins, Admin agents and Sales agents can do this." in reader


def test_who_acts_for_nobody_creates_an_organisation_first(web: Any) -> None:
    assert web("nobody").get("/").headers["Location"] == "/organizations/new/"


@pytest.mark.parametrize("who", ["partner.reader", "customer.admin", "vendor.admin"])
def test_it_greets_by_name(who: str, web: Any, world: World) -> None:
    assert f"<h1>Hello, {world.person(who).name}</h1>" in web(who).get("/").content.decode()


STEPS = {
    "customer.admin": ["Complete", "Add", "Protect", "Open", "Request"],
    "customer.reader": ["Protect"],
    "partner.admin": ["Invite", "Complete", "Add", "Protect"],
    "distributor.admin": ["Invite", "Complete", "Add", "Protect"],
    "publisher.admin": ["Create", "Complete", "Add", "Protect"],
    "vendor.admin": ["Register", "Connect", "Complete", "Add", "Protect"],
}


@pytest.mark.parametrize("who", STEPS)
def test_each_kind_is_told_what_to_do_first(who: str, web: Any) -> None:
    html = main(web(who).get("/"))
    assert [step.partition(" ")[0] for step in steps_on(html)] == STEPS[who]
    for url in re.findall(r'class="button small" href="([^"]+)"', html.partition("checklist")[2].partition("</ol>")[0]):
        assert web(who).get(url, follow=True).status_code == 200, url


def test_the_first_steps_go_when_they_are_dismissed_and_come_back_when_that_is_undone(web: Any, world: World) -> None:
    client = web("partner.admin")
    answer = client.post("/me/first-steps/dismiss/", follow=True).content.decode()
    assert "The first steps have been hidden." in answer and "/me/first-steps/restore/" in answer
    assert "Get started" not in main(client.get("/"))
    assert "Get started" in main(web("partner.reader").get("/")), "a colleague decides for themselves"
    client.post("/me/first-steps/restore/")
    assert "Get started" in main(client.get("/"))


def test_help_brings_back_what_was_hidden_and_not_what_is_done(web: Any, world: World) -> None:
    client, back = web("customer.reader"), "Show the first steps"
    assert back not in client.get("/help/").content.decode()
    client.post("/me/first-steps/dismiss/")
    assert back in client.get("/help/").content.decode()
    Authenticator.objects.create(
        user=world.person("customer.reader"), type=Authenticator.Type.TOTP, data={"secret": "x"}
    )
    assert back not in client.get("/help/").content.decode()


def test_they_are_dismissed_for_one_organisation_alone(web: Any, world: World) -> None:
    client = web("many@customer")
    client.post("/me/first-steps/dismiss/")
    assert "Get started" not in main(client.get("/"))
    assert world.person("many").past_first_steps == [world.customer.pk]


def test_the_first_steps_go_for_good_once_all_are_done(web: Any, world: World) -> None:
    person = world.person("customer.reader")
    assert "Get started" in main(web("customer.reader").get("/"))
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
    assert "Get started" not in main(web("customer.reader").get("/"))
    Authenticator.objects.filter(user=person).delete()
    assert "Get started" not in main(web("customer.reader").get("/"))
