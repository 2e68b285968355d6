"""A page that a role may not open names the roles that may, and the colleagues to ask."""

from typing import Any

import pytest

from partnerportal.lib.formats import join_alternatives
from tests.entitlements.test_views import text_of
from tests.world import World

ADMINS = "Ask {} or {}."  # of the partner


def names(world: World, *who: str) -> list[str]:
    return [str(world.person(one)) for one in who]


@pytest.mark.promise("G-28")
def test_a_reader_is_told_whom_to_ask(world: World, web: Any) -> None:
    page = web("partner.reader").get("/invite/")
    words = text_of(page)
    assert page.status_code == 403 and "Only Admins, Admin agents and Sales agents can do this. Ask " in words
    (admin,) = names(world, "partner.admin")
    assert f"Ask {admin}, " in words, "an Admin comes first, who can also change roles"
    assert words.count(" or ") == 1 and not any(
        name in words for name in names(world, "partner.reader", "partner2.admin")
    )


def test_only_who_may_do_it_is_named(world: World, web: Any) -> None:
    words = text_of(web("partner.sales_agent").get("/operators/add/"))
    assert "Only Admins can do this." in words
    for who in ("partner.admin_agent", "partner.reader", "customer.admin"):
        assert names(world, who)[0] not in words
    assert ADMINS.format(*names(world, "partner.admin", "many")) in words


def test_who_is_locked_out_is_not_asked(world: World, web: Any) -> None:
    world.person("partner.admin").__class__.objects.filter(pk=world.person("partner.admin").pk).update(is_active=False)
    words = text_of(web("partner.reader").get("/operators/add/"))
    assert "Only Admins can do this." in words and names(world, "partner.admin")[0] not in words


def test_the_sight_of_prices_is_asked_of_an_admin(world: World, web: Any) -> None:
    page = web("partner.reader").get(f"/customers/{world.customer.public_id}/orders/")
    assert page.status_code == 403 and ADMINS.format(*names(world, "partner.admin", "many")) in text_of(page)


@pytest.mark.parametrize(
    ("asked", "joined"),
    [([], ""), (["A"], "A"), (["A", "B"], "A or B"), (["A", "B", "C"], "A, B or C")],
)
def test_names_are_joined(asked: list[str], joined: str) -> None:
    assert join_alternatives(asked) == joined


@pytest.mark.parametrize("path", ["/customers/", "/marketplace/offers/"])
def test_who_lacks_a_badge_is_sent_to_no_colleague(path: str, world: World, web: Any) -> None:
    page = web("lapsed.reader").get(path)
    words = text_of(page)
    assert page.status_code == 403 and "Ask " not in words and "Who to ask" in words
    assert names(world, "lapsed.admin")[0] not in words
