"""Previous and next: from a record's page through the list from which it was opened."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse

from accounts.models import Organization, SavedView
from connections.actions import end_connection
from connections.models import Connection
from entitlements.models import CustomerListing
from partnerportal.lib.lists import build_query_string
from partnerportal.lib.neighbours import find_neighbours, list_record_lists
from tests.entitlements.test_views import connect
from tests.world import World

WHO = {  # who walks a list, and with which filters as well as with none
    "customers": ("partner.admin", ("q=an", "country=FR", "country=FR,JP", "q=nobody")),
    "customer_usage": ("partner.admin", ("country=JP", "over=true")),
    "all_customers": ("vendor.admin", ("country=FR", "q=an")),
    "partners": ("vendor.admin", ("q=p", "country=DE")),
    "distributors": ("vendor.admin", ("q=d",)),
    "publishers": ("vendor.admin", ("q=p",)),
    "own_requests": ("partner.admin", ("state=closed",)),
    "requests": ("vendor.admin", ("q=p", "state=closed")),
    "offers": ("publisher.admin", ("state=live",)),
    "products": ("publisher.admin", ("type=sku", "country=DE")),
    "catalogue": ("partner.admin", ("sellable=true", "sellable=false")),
    "storefront": ("customer.admin", ("type=saas",)),
    "all_offers": ("vendor.admin", ("audience=any",)),
}


PAGES = {  # the URL names of the records' pages
    "customers": "customer",
    "customer_usage": "customer_usage",
    "own_requests": "request",
    "requests": "request",
    "offers": "offer",
    "products": "product",
    "catalogue": "catalogue_offer",
    "storefront": "storefront_offer",
    "all_offers": "vendor_offer",
    **dict.fromkeys(("all_customers", "partners", "distributors", "publishers"), "organization"),
}
FEW = ("own_requests", "publishers")  # lists of one record


def find_record_list(key: str) -> Any:
    return next(one for one in list_record_lists() if one.definition.key == key)


def ask(actor: Any, url: str) -> Any:
    """What stands beside the record at a URL, without its page."""
    request: Any = RequestFactory().get(url)
    request.actor, request.resolver_match = actor, resolve(request.path)
    return find_neighbours(request)


def links_in(answer: Any) -> list[str]:
    """The URLs to which the rows of a list lead, in its order."""
    assert answer.status_code == 200, answer.status_code
    path = answer.request["PATH_INFO"]
    cells = re.findall(r'<td class="cell-name">.*?<a href="([^"]+)"', answer.content.decode(), re.DOTALL)
    return [unescape(url) if url.startswith("/") else f"{path}{unescape(url)}" for url in cells]


def beside(answer: Any, rel: str) -> str:
    """The URL of the record before or after the one that is shown ("prev" or "next"), or "" at an end."""
    found = re.search(rf'<nav class="neighbours".*?rel="{rel}" href="([^"]+)"', answer.content.decode(), re.DOTALL)
    return unescape(found[1]) if found else ""


def walk(client: Any, url: str, rel: str = "next") -> list[str]:
    """The pages from a record on to the end of its list."""
    visited = [url]
    while url := beside(client.get(visited[-1]), rel):
        assert url not in visited
        visited.append(url)
    return visited


@pytest.fixture
def many(world: World) -> World:
    """Of customers that have the same country, and the same numbers, are several."""
    for name, country in (("Anna", "FR"), ("Änne", "JP"), ("anouk", "FR"), ("Anton", "FR"), ("Zoë", "JP")):
        connect(world.partner, name, country=country)
    return world


def test_each_list_of_records_is_walked_here() -> None:
    assert {one.definition.key for one in list_record_lists()} == WHO.keys()


@pytest.mark.promise("G-30")
@pytest.mark.parametrize("key", WHO)
def test_next_visits_exactly_the_rows_in_their_order(key: str, many: World, web: Any) -> None:
    """And previous leads back the same way."""
    client = web(WHO[key][0])
    rows = links_in(client.get(reverse(find_record_list(key).definition.url_name)))
    assert walk(client, rows[0]) == rows and walk(client, rows[-1], "prev") == rows[::-1]


@pytest.mark.promise("G-30")
@pytest.mark.parametrize("key", WHO)
def test_it_does_so_in_every_order_and_with_filters(key: str, many: World, actor_for: Any, as_tenant: Any) -> None:
    who, filters = WHO[key]
    record_list, actor = find_record_list(key), actor_for(who)
    queries = [f"sort={sign}{name}" for name in record_list.definition.sorts for sign in ("", "-")]
    seen = 0
    with as_tenant(actor):
        for query in ["", *queries, *filters, *(f"{one}&{queries[-1]}" for one in filters if queries)]:
            shown = record_list(actor, QueryDict(query))
            kept = {name: shown.filter_values.get(name, "") for name in record_list.kept_parameters}
            begins = f"?{build_query_string(kept)}" if any(kept.values()) else ""  # as the rows' own URLs do
            pages = [reverse(PAGES[key], args=[row.public_id]) for row in shown.page.rows]
            rows = [f"{page}{begins}{shown.record_query}" for page in pages]
            visited = rows[:1]
            while rows and (following := ask(actor, visited[-1]).next):
                visited.append(following.url)
                assert ask(actor, following.url).previous.url == visited[-2], query
            assert visited == rows, query
            seen = max(seen, len(rows))
    assert seen > (0 if key in FEW else 1), "nothing to walk through"


def test_a_record_that_the_filter_no_longer_finds_keeps_its_place(many: World, web: Any) -> None:
    client = web("partner.admin")
    rows = links_in(client.get("/customers/?country=FR&sort=-name"))
    middle = Organization.objects.get(name="anouk")
    middle.country = "JP"
    middle.save()
    at = next(at for at, url in enumerate(rows) if str(middle.public_id) in url)
    page = client.get(rows[at])
    assert (beside(page, "prev"), beside(page, "next")) == (rows[at - 1], rows[at + 1])
    assert rows[at] not in walk(client, rows[0])


def test_whoever_ended_its_connection_is_left_out(many: World, web: Any, actor_for: Any) -> None:
    client = web("partner.admin")
    rows = links_in(client.get("/customers/?country=FR"))
    ended = Connection.objects.get(customer__name="anouk")
    end_connection(actor=actor_for("partner.admin"), connection=ended)
    left = [url for url in rows if str(ended.customer.public_id) not in url]
    assert len(left) == len(rows) - 1 and walk(client, rows[0]) == left
    assert client.get(next(url for url in rows if url not in left)).status_code == 404


def test_nobody_is_led_to_what_is_another_tenants(many: World, web: Any) -> None:
    own = {str(row.public_id) for row in CustomerListing.objects.filter(viewer=many.partner2)}
    client = web("partner2.admin")
    rows = links_in(client.get("/customers/"))
    for sort in ("name", "-name", "connected_at", "seats"):
        url = f"{rows[0].partition('?')[0]}?{urlencode({'list': f'customers?sort={sort}'})}"
        visited = walk(client, url) + walk(client, url, "prev")
        assert {re.findall(r"[0-9a-f-]{36}", one)[0] for one in visited} <= own
    assert client.get(f"/customers/{many.customer.public_id}/?list=customers").status_code == 404
    foreign = client.get(f"{rows[0].partition('?')[0]}?list=all_customers")
    assert foreign.status_code == 200 and 'class="neighbours"' not in foreign.content.decode()


@pytest.mark.parametrize(
    "value",
    ["", "x", "customers?", "customers?sort=--name&country=%00&cursor=x", "partners", "inbox", "requests?state=x", "?"],
)
def test_a_list_that_is_nonsense_leads_nowhere_or_as_the_whole_list(value: str, many: World, web: Any) -> None:
    client = web("partner.admin")
    customer = links_in(client.get("/customers/"))[0].partition("?")[0]
    answer = client.get(customer, {"list": value})
    assert answer.status_code == 200
    assert bool(beside(answer, "next")) is value.startswith("customers")


def test_three_queries_lead_on_and_none_without_a_list(many: World, web: Any) -> None:
    """However long the list is, which stands in the URL."""
    client = web("partner.admin")
    page = f"/customers/{many.customer.public_id}/"
    client.get(page)
    with CaptureQueriesContext(connection) as without:
        assert 'class="neighbours"' not in client.get(page).content.decode()
    for number in range(3):
        connect(many.partner, f"Later {number}")
        with CaptureQueriesContext(connection) as with_others:
            assert beside(client.get(f"{page}?list=customers"), "next")
        assert len(with_others) == len(without) + 3


def test_tabs_and_the_way_back_keep_the_list(many: World, web: Any) -> None:
    client = web("partner.admin")
    first = links_in(client.get("/customers/?country=FR&sort=-name"))[0]
    html = unescape(client.get(first).content.decode())
    asked = urlencode({"list": "customers?country=FR&sort=-name"})
    services = f"{first.partition('?')[0]}services/?{asked}"
    assert f'href="{services}"' in html and 'href="/customers/?country=FR&sort=-name"' in html
    assert beside(client.get(services), "next").endswith(f"/services/?{asked}")  # the same tab of the next


def test_a_saved_view_is_walked_as_it_is_shown(many: World, web: Any) -> None:
    client = web("partner.admin")
    view = SavedView.objects.create(
        organization=many.partner,
        person_id=many.person("partner.admin").pk,
        list_key="customers",
        name="French",
        query={"country": "FR"},
    )
    rows = links_in(client.get(f"/customers/?country=FR&view={view.public_id}"))
    assert len(rows) == 3 and walk(client, rows[0]) == rows
    assert f"view={view.public_id}" in unescape(client.get(rows[0]).content.decode())
