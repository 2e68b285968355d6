"""The whole menu of each kind of organisation, as its pages show it."""

import re
from html import unescape
from typing import Any

import pytest

from entitlements.models import Entitlement
from entitlements.queries.releases import count_waiting_licence_releases
from entitlements.queries.trials import count_undecided_trial_requests
from notifications.queries import count_unread_notices
from support.queries import count_waiting_requests
from tests.world import World

OVERVIEW = ("Overview", "layout-dashboard", "/")
RENEWALS = ("Renewals", "calendar-clock", "/renewals/")
EVERYBODY = [("Inbox", "inbox", "/inbox/"), ("Exports", "file-down", "/exports/")]
SETTINGS = [
    ("Account details", "building", "/account/"),
    ("Operators", "users", "/operators/"),
    ("Domains", "globe", "/domains/"),
    ("Security", "lock", "/security/"),
    ("Activity", "history", "/activity/"),
]
CATALOGUE = ("Catalogue settings", "list-tree", "/marketplace/settings/")  # the vendor alone
PERSON = [
    ("Preferences", "settings-2", "/me/"),
    ("Notifications", "bell", "/me/notices/"),
    ("Two-factor authentication", "shield-check", "/sign-in/two-factor/"),
    ("Password", "key-round", "/sign-in/password/change/"),
    ("Email address", "mail", "/sign-in/email/"),
    ("Sessions", "monitor-smartphone", "/sign-in/sessions/"),
]
ALONE = [link for link in PERSON if link[0] != "Notifications"]  # of who acts for nobody
HELP = [
    ("Help", "life-buoy", "/help/"),
    ("Who can do what", "circle-question-mark", "/help/roles/"),
    ("API reference", "book-open", "/api/docs/"),
]
SIMULATOR = ("Sale simulator", "circle-check", "/marketplace/simulator/")
OF_CUSTOMERS = [
    ("Customers", "building-2", "/customers/"),
    ("Usage", "chart-line", "/usage/customers/"),
    ("Marketplace", "store", "/marketplace/offers/"),
    SIMULATOR,
    RENEWALS,
]
OF_OWN = [
    ("Services", "package", "/services/"),
    ("Usage", "chart-line", "/usage/"),
    ("Orders", "receipt-text", "/orders/"),
    ("Marketplace", "store", "/marketplace/"),
    RENEWALS,
    ("Partners", "users", "/connections/"),
]
OF_VENDOR = [
    ("Distributors", "network", "/distributors/"),
    ("Partners", "users", "/partners/"),
    ("Customers", "building-2", "/customers/"),
    ("Publishers", "building", "/publishers/"),
    ("Programmes", "badge-check", "/programmes/"),
    SIMULATOR,
    ("Offers", "store", "/marketplace/all/"),
    ("Requests", "clipboard-list", "/requests/queue/"),
    ("Trials", "flask-conical", "/trials/"),
    ("Licence releases", "user-minus", "/releases/"),
    ("Feeds", "file-up", "/feeds/"),
]
ASKING = [("Requests", "clipboard-list", "/requests/")]
WORK = {
    "partner": [*OF_CUSTOMERS, *ASKING],
    "distributor": [("Partners", "users", "/partners/"), *OF_CUSTOMERS, *ASKING],
    "nobadge": ASKING,
    "lapsed": ASKING,
    "customer": OF_OWN,
    "vendor": OF_VENDOR,
    "publisher": [("Offers", "tags", "/offers/"), ("Your products", "chart-line", "/products/"), SIMULATOR, *ASKING],
}
LINK = re.compile(
    r'<a class="[\w-]+"[^>]* href="([^"]+)"[^>]*><svg[^>]*><use href="[^"#]+#([\w-]+)"/></svg>(?:<span>)?([^<]+)'
)


def links(html: str) -> list[tuple[str, str, str]]:
    return [(unescape(label).strip(), icon, url) for url, icon, label in LINK.findall(html)]


def part(page: Any, beginning: str, end: str) -> str:
    return page.content.decode().partition(beginning)[2].partition(end)[0]


def pages_found(client: Any) -> list[tuple[str, str, str]]:
    """The pages that the palette offers before anything is typed."""
    return links(part(client.get("/search/", headers={"HX-Request": "true"}), 'id="found-pages"', "</div>"))


def sections(page: Any, beginning: str = '<nav aria-label="Main">') -> list[tuple[str, list[tuple[str, str, str]]]]:
    groups = part(page, beginning, "</nav>").split('<div class="nav-group">')[1:]
    labels = [re.search(r'<p class="nav-label"[^>]*>([^<]+)', group) for group in groups]
    return [(label[1] if label else "", links(group)) for label, group in zip(labels, groups, strict=True)]


def frame(page: Any) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """The pages of the settings beside one of them."""
    return sections(page, '<nav class="settings-nav" aria-label="Settings">')


@pytest.mark.parametrize("who", ["partner.admin", "customer.reader"])
def test_all_settings_stand_beside_each_of_them(who: str, web: Any) -> None:
    client = web(who)
    for _label, _icon, address in [*PERSON, *SETTINGS]:
        page = client.get(address)
        assert frame(page) == [("Your account", PERSON), ("Settings", SETTINGS)], address
        navigation = part(page, '<nav class="settings-nav" aria-label="Settings">', "</nav>")
        assert re.findall(r'href="([^"]+)" aria-current="page"', navigation) == [address]
    for address in ("/", "/inbox/", "/exports/"):
        assert frame(client.get(address)) == []


def test_the_time_zone_of_the_device_is_offered(web: Any) -> None:
    page = web("partner.admin").get("/me/").content.decode()
    assert 'data-device-zone="id_time_zone" hidden' in page and 'id="id_time_zone"' in page


@pytest.mark.promise("CV-1")
@pytest.mark.parametrize("role", ["admin", "reader"])
@pytest.mark.parametrize("who", WORK)
def test_the_menu_of_each_kind(who: str, role: str, web: Any) -> None:
    client = web(f"{who}.{role}")
    page = client.get("/me/")
    may_act_on_many = role == "admin" and who in ("publisher", "partner", "distributor", "vendor")
    imports = [("Imports and bulk actions", "file-up", "/imports/")] if may_act_on_many else []
    work = [OVERVIEW, *WORK[who], *EVERYBODY, *imports]
    settings = [*SETTINGS[:3], CATALOGUE, *SETTINGS[3:]] if who == "vendor" else SETTINGS
    assert sections(page) == [("", work), ("Settings", settings)]
    assert links(part(page, 'id="user-menu"', "</div>")) == [*PERSON, HELP[0]]
    assert pages_found(client) == [*work, *settings, *PERSON, *HELP]


@pytest.mark.parametrize("who", ["partner", "distributor", "publisher"])
def test_who_owns_no_licences_is_not_led_to_them(who: str, world: World, web: Any) -> None:
    Entitlement.objects.filter(customer=world[who]).delete()
    assert "Your own licences" not in web(f"{who}.admin").get("/").content.decode()


@pytest.mark.parametrize(
    ("who", "has"), [("partner", True), ("publisher", True), ("customer", False), ("vendor", False)]
)
def test_the_account_leads_to_ones_own_licences(who: str, has: bool, web: Any) -> None:
    page = part(web(f"{who}.reader").get("/account/"), "<main", "</main>")
    assert ("Your own licences" in page and 'href="/services/"' in page) is has


@pytest.mark.parametrize(("who", "title"), [("partner", "Your own licences"), ("customer", "Services")])
def test_the_page_of_own_services_says_whose_they_are(who: str, title: str, web: Any) -> None:
    page = part(web(f"{who}.admin").get("/services/"), "<main", "</main>")
    assert re.findall(r"<h1[^>]*>([^<]+)", page) == [title]
    others = [url in page for url in ('href="/usage/"', 'href="/orders/"')]
    assert others == ([True, True] if who == "partner" else [False, False])  # the menu of a customer has them


@pytest.mark.parametrize("who", ["partner", "distributor", "publisher", "customer"])
def test_ones_own_licences_lead_back_to_the_account(who: str, web: Any) -> None:
    """No entry of the menu leads there, nor is one lit there, but for customers."""
    for url in ("/services/", "/usage/", "/orders/"):
        way = re.findall(r'<a href="([^"]+)"', part(web(f"{who}.admin").get(url), 'class="breadcrumb"', "</ol>"))
        own = ["/account/"] if url == "/services/" else ["/account/", "/services/"]
        assert way == ([] if who == "customer" else own), url


def test_who_acts_for_nobody_finds_their_own_pages_alone(web: Any) -> None:
    page = web("nobody").get("/me/")
    assert sections(page) == []
    assert links(part(page, 'id="user-menu"', "</div>")) == [*ALONE, HELP[0]]
    assert pages_found(web("nobody")) == [*ALONE, *HELP]
    assert [label for label, _links in frame(page)] == ["Your account"]


def test_the_menu_counts_what_waits(world: World, web: Any, as_tenant: Any) -> None:
    actor = world.actor("vendor.admin")
    with as_tenant(actor):
        expected = {
            "/trials/": count_undecided_trial_requests(actor, 100),
            "/releases/": count_waiting_licence_releases(actor, 100),
            "/requests/queue/": count_waiting_requests(actor, 100),
            "/inbox/": count_unread_notices(actor),
        }
    assert all(expected.values())
    assert counts(web("vendor.admin").get("/me/")) == expected
    page = web("partner.admin").get("/me/")
    unread = counts(page)["/inbox/"]
    assert f'data-unread aria-label="Inbox, {unread} unread"' in page.content.decode()


def counts(page: Any) -> dict[str, int]:
    found = re.findall(r'href="([^"]+)"[^>]*><svg.*?</svg>[^<]+<span class="count">(\d+)</span>', page.content.decode())
    return {url: int(count) for url, count in found}


@pytest.mark.parametrize(
    ("address", "current"),
    [("/", "/"), ("/customers/", "/customers/"), ("/usage/customers/", "/usage/customers/"), ("/me/", None)],
)
def test_the_page_one_is_on_is_marked(address: str, current: str | None, web: Any) -> None:
    navigation = part(web("partner.admin").get(address), '<nav aria-label="Main">', "</nav>")
    marked = re.findall(r'href="([^"]+)" aria-current="page"', navigation)
    assert marked == ([current] if current else [])
