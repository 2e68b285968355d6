"""What is new stands on the page Help, for those who can open the page that it is about."""

import re
from html import unescape
from typing import Any

import pytest

from partnerportal.glossary import GLOSSARY
from partnerportal.news import NEWS, list_news
from tests.world import World

WHO = (
    "partner.admin", "partner.reader", "customer.admin", "distributor.admin", "publisher.admin", "vendor.admin",
    "vendor.reader",
)  # fmt: skip


@pytest.mark.promise("G-28")
@pytest.mark.parametrize("who", WHO)
def test_whoever_reads_of_something_new_can_open_it(who: str, world: World, web: Any) -> None:
    browser = web(who)
    page = browser.get("/help/").content.decode()
    listed = page.partition('<ul class="news">')[2].partition("</ul>")[0]
    links = re.findall(r'href="([^"]+)"', listed)
    assert len(links) >= 2
    assert {link: browser.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def test_news_are_told_to_whom_they_concern(world: World) -> None:
    texts = {who: {str(item.text) for item in list_news(world.actor(who))} for who in WHO}

    def who_reads(text: str) -> set[str]:
        return {who for who, told in texts.items() if text in told}

    products = "See how your products are growing: licences, active users, trials and renewals by month and country."
    own = "See thirteen months of your usage, and a proposed quantity for your next renewal."
    of_all = "See thirteen months of usage for all your customers, and who is about to run out of licences."
    assert who_reads("Approve or decline trials right in the list, one or many at a time.") == {"vendor.admin"}
    assert who_reads(products) == {"publisher.admin"}
    assert who_reads(own) == {"customer.admin"}
    assert who_reads(of_all) == {"partner.admin", "partner.reader", "distributor.admin"}


@pytest.mark.promise("G-28")
def test_help_explains_the_words_of_the_portal(world: World, web: Any) -> None:
    page = unescape(web("partner.reader").get("/help/").content.decode())
    assert GLOSSARY and all(f"<dt>{one.term}</dt><dd>{one.meaning}</dd>" in page for one in GLOSSARY)


def test_the_newest_is_on_top() -> None:
    assert [item.day for item in NEWS] == sorted((item.day for item in NEWS), reverse=True)
