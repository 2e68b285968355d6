"""What is new stands on the page Help, for those who can open the page that it is about."""

import re
from typing import Any

import pytest

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
    texts = {who: {str(item.text)[:20] for item in list_news(world.actor(who))} for who in WHO}
    trials, own, products = "Approve or decline t", "See thirteen months o", "Follow how your prod"
    assert {who for who, told in texts.items() if trials in told} == {"vendor.admin"}
    assert {who for who, told in texts.items() if products in told} == {"publisher.admin"}
    assert own[:20] in texts["customer.admin"]


def test_the_newest_is_on_top() -> None:
    assert [item.day for item in NEWS] == sorted((item.day for item in NEWS), reverse=True)
