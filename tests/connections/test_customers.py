"""The frame of a customer's pages, and what apps register to it."""

import re
from typing import Any

import pytest
from django.db.models import IntegerField, Value
from django.urls import reverse

from accounts.models import Role
from connections import customers
from connections.actions import end_connection
from connections.customers import CustomerOverviewSection, CustomerPageTab
from connections.queries import get_connected_customer
from partnerportal.lib.errors import NotFound
from partnerportal.lib.parts import PagePart
from partnerportal.lib.policies import PermissionRule
from partnerportal.lib.rows import AttentionItem
from tests.world import World

ADMINS_ALONE = ({"frame.test": PermissionRule(label="Test", roles=frozenset({Role.ADMIN}))}, "frame.test")


def tabs(page: Any) -> list[tuple[str, str]]:
    """Each tab with what it counts."""
    row = page.content.decode().partition('<div class="tab-row">')[2].partition("</nav>")[0]
    return re.findall(r"<a [^>]+>([^<]+)(?:<span class=\"count\">([^<]+)</span>)?</a>", row)


@pytest.fixture
def register(monkeypatch: Any) -> Any:
    """Registers for the test alone."""
    monkeypatch.setattr(customers, "_tabs", dict(customers._tabs))
    monkeypatch.setattr(customers, "_section_builders", list(customers._section_builders))
    return customers


def test_tabs_stand_in_their_order_with_their_counts(world: World, web: Any) -> None:
    page = web("partner.admin").get(reverse("customer", args=[world.customer.public_id]))
    assert tabs(page) == [("Overview", ""), ("Services", "2"), ("Usage", ""), ("Orders", "1"), ("Activity", "")]


def test_a_tab_is_there_for_who_may_open_it(world: World, web: Any, register: Any, count_queries: Any) -> None:
    address = reverse("customer_activity", args=[world.customer.public_id])
    admin, reader = web("partner.admin"), web("partner.reader")
    admin.get(address)
    with count_queries() as before:
        admin.get(address)
    register.register_customer_page_tab(
        CustomerPageTab(
            key="test",
            label="Tickets",
            url_name="customer_orders",
            order=5,
            rule=ADMINS_ALONE,
            count=lambda actor, customer: Value(7, IntegerField()),
        )
    )
    with count_queries() as after:
        page = admin.get(address)
    assert tabs(page)[1] == ("Tickets", "7") and len(after) == len(before)
    assert "Tickets" not in dict(tabs(reader.get(address)))


def test_two_tabs_of_one_key_are_a_mistake(register: Any) -> None:
    with pytest.raises(AssertionError):
        register.register_customer_page_tab(
            CustomerPageTab(key="orders", label="Orders", url_name="customer_orders", order=1)
        )


def test_the_first_page_shows_what_apps_add(world: World, web: Any, register: Any) -> None:
    def summarize(actor: Any, customer: Any) -> CustomerOverviewSection:
        item = AttentionItem("info", "inbox", "A ticket waits", "since yesterday")
        part = PagePart("connections/parts/moments.html", {"moments": [{"icon": "inbox", "text": "From the test"}]})
        lead = PagePart("connections/parts/moments.html", {"moments": [{"icon": "inbox", "text": "Above all"}]})
        return CustomerOverviewSection(lead=[lead], attention=[item], calm="No ticket waits.", parts=[part])

    address = reverse("customer", args=[world.customer.public_id])
    register.register_customer_overview_section(summarize)
    html = web("partner.admin").get(address).content.decode()
    found = [html.index(each) for each in ("Above all", "A ticket waits", ">Licences<", "From the test", "Details")]
    assert found == sorted(found)
    register._section_builders[:] = [lambda actor, customer: CustomerOverviewSection(calm="No ticket waits.")]
    html = web("partner.admin").get(address).content.decode()
    assert "No ticket waits." in html and "A ticket waits" not in html


@pytest.mark.parametrize(
    ("who", "other"),
    [
        ("partner.admin", "stranger"),
        ("partner.admin", "ended"),
        ("partner.admin", "partner"),  # itself
        ("distributor.admin", "partner"),  # within reach, but no customer
    ],
)
def test_only_a_customer_is_found(who: str, other: str, world: World, actor_for: Any, web: Any) -> None:
    with pytest.raises(NotFound):
        get_connected_customer(actor_for(who), world[other].public_id)
    assert web(who).get(reverse("customer", args=[world[other].public_id])).status_code == 404


def test_who_has_the_connection_is_known(world: World, actor_for: Any) -> None:
    connection = world.connection("customer", "partner")
    own = get_connected_customer(actor_for("partner.admin"), world.customer.public_id)
    assert (own.organization, own.connection_id) == (world.customer, connection.public_id)
    below = get_connected_customer(actor_for("distributor.admin"), world.customer.public_id)
    assert (below.connection_id, below.connected_at) == (None, connection.connected_at)
    end_connection(actor=actor_for("customer.admin"), connection=connection)
    for who in ("partner.admin", "distributor.admin"):
        with pytest.raises(NotFound):
            get_connected_customer(actor_for(who), world.customer.public_id)
