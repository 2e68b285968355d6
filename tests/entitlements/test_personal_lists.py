"""Saved views, columns and density on the lists beside the partner's of customers."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.urls import reverse

from accounts.models import ListSettings, SavedView
from entitlements.lists.releases import RELEASES
from entitlements.lists.renewals import RENEWALS
from entitlements.lists.trials import TRIALS
from entitlements.models import Entitlement, LicenseAssignment
from tests.entitlements.test_list_settings import tabs
from tests.entitlements.test_views import text_of
from tests.exports.test_views import table
from tests.world import SKU_OF_NOBODY, World

# key, who, page, filters that a view keeps, and others
LISTS = (
    ("inbox", "partner.reader", "/inbox/", "kind=ends_soon&unread=true", "kind=ends_soon"),
    ("renewals", "partner.reader", "/renewals/", "kind=trial&within=90", "kind=production&within=90"),
    ("own_renewals", "customer.reader", "/renewals/", "kind=trial&within=90", "within=7"),
    ("trials", "vendor.reader", "/trials/", "q=a&state=running", "q=b&state=running"),
    ("releases", "vendor.reader", "/releases/", "q=a&state=released", "q=a&state=waiting"),
    ("activity_log", "customer.reader", "/activity/", "q=a&topic=files", "q=b&topic=files"),
    ("partners", "distributor.reader", "/partners/", "q=a&country=DE", "q=b&country=DE"),
    ("distributors", "vendor.reader", "/distributors/", "q=a&country=DE", "q=b&country=DE"),
    ("all_customers", "vendor.reader", "/customers/", "q=a&country=DE", "q=b&country=DE"),
    ("pending_customers", "partner.reader", "/customers/pending/", "q=a&state=open", "q=b&state=open"),
    ("pending_partners", "distributor.reader", "/partners/pending/", "q=a&state=open", "q=b&state=open"),
    ("operators", "partner.reader", "/operators/", "q=a&role=admin", "q=b&role=admin"),
    ("pending_operators", "partner.reader", "/operators/pending/", "q=a&step=sent", "q=b&step=sent"),
)
each_list = pytest.mark.parametrize(("key", "who", "path", "query", "other"), LISTS, ids=[row[0] for row in LISTS])


def save(client: Any, key: str, query: str, **data: str) -> SavedView:
    answer = client.post(f"/lists/{key}/views/new/", {"name": "Mine", "query": query, **data})
    assert answer.status_code == 302, text_of(answer)
    return SavedView.objects.get(name="Mine", list_key=key)


@pytest.fixture(autouse=True)
def _no_views(db: None) -> None:
    SavedView.objects.all().delete()


@pytest.mark.promise("G-14")
@each_list
def test_a_view_of_each_list(key: str, who: str, path: str, query: str, other: str, web: Any) -> None:
    client = web(who)
    view = save(client, key, f"{query}&rubbish=1&cursor=x&size=25")
    assert view.query == dict(parse_qsl(query))
    page = client.get(f"{path}?{query}&view={view.public_id}")
    assert [label for label in tabs(page) if label.startswith("*")] == ["*Mine"]
    assert "unsaved changes" not in text_of(page)
    changed = client.get(f"{path}?{other}&view={view.public_id}")
    assert "“Mine” has unsaved changes." in text_of(changed)
    answer = client.post(reverse("view_query", args=[view.public_id]), {"query": other})
    assert answer.url.startswith(f"{path}?") and "unsaved changes" not in text_of(client.get(answer.url))


@each_list
def test_each_list_opens_with_the_default_view(key: str, who: str, path: str, query: str, other: str, web: Any) -> None:
    client = web(who)
    view = save(client, key, query, is_default="on")
    opened = client.get(path)
    assert opened.status_code == 302 and f"view={view.public_id}" in opened.url
    assert "*Mine" in tabs(client.get(opened.url))
    assert client.get(path, headers={"HX-Request": "true"}).status_code == 200


@each_list
def test_each_list_offers_to_save_what_narrows_it(
    key: str, who: str, path: str, query: str, other: str, web: Any
) -> None:
    page = web(who).get(f"{path}?{query}")
    assert "Save view" in text_of(page) and "Clear" in text_of(page)
    (address,) = re.findall(rf'<a href="/lists/{key}/views/new/\?([^"]*)" data-dialog>Save view', page.content.decode())
    assert sorted(unescape(address).split("&")) == sorted(query.split("&"))
    plain = web(who).get(path)
    assert ">Save view<" not in plain.content.decode()
    assert plain.headers["Vary"].count("HX-Request") == 1


@each_list
def test_each_list_can_be_dense(key: str, who: str, path: str, query: str, other: str, web: Any) -> None:
    client = web(who)
    form = client.get(f"/lists/{key}/display/").content.decode()
    assert ("column-list" in form) is (key != "inbox"), "few columns leave nothing to choose"
    assert client.post(f"/lists/{key}/display/", {"reset": "1", "density": "compact", "next": path}).url == path
    settings = ListSettings.objects.get(list_key=key)
    assert (settings.density, settings.columns) == ("compact", [])
    tab = {"trials": "?state=running", "renewals": "?within=90", "own_renewals": "?within=90"}.get(key, "")
    assert re.search(r'class="(table[^"]*|list) compact"', client.get(path + tab).content.decode())


@pytest.fixture
def released(world: World) -> None:
    LicenseAssignment.objects.filter(customer=world.customer).update(release_asked_at="2026-01-01T00:00Z")


@pytest.mark.parametrize(
    ("definition", "who", "path", "fixed"),
    [  # `fixed`: heads that nobody chooses, of weeks, ticks or actions
        (RENEWALS, "partner.reader", "/renewals/?within=90", 2),
        (TRIALS, "vendor.admin", "/trials/", 2),
        (RELEASES, "vendor.admin", "/releases/", 1),
    ],
    ids=["renewals", "trials", "releases"],
)
def test_columns_of_each_list(
    definition: Any, who: str, path: str, fixed: int, released: None, world: World, web: Any
) -> None:
    client = web(who)
    assert table_of(client.get(path))[0] == len(definition.columns) + fixed - ("releases" in path)
    names = [column.name for column in reversed(definition.columns[1:])]
    client.post(f"/lists/{definition.key}/display/", {"column": names, "show": names[-2:], "density": "comfortable"})
    page = client.get(path)
    shown = [str(definition.columns[0].label), str(definition.columns[2].label), str(definition.columns[1].label)]
    assert [head for head in all_heads(page) if head not in ("", "Actions", "Week")] == shown
    assert table_of(page) == (3 + fixed, 3 + fixed), "each column has its cell"


def all_heads(page: Any) -> list[str]:
    html = page.content.decode().split("<thead>")[1].split("</thead>")[0]
    return [unescape(re.sub(r"<[^>]+>", "", head)).strip() for head in re.findall(r"<th.*?</th>", html, re.DOTALL)]


def table_of(page: Any) -> tuple[int, int]:
    """How many heads and cells of the first row there are."""
    row = page.content.decode().split("</thead>")[1].split("<tr>")[1].split("</tr>")[0]
    return len(all_heads(page)), len(re.findall(r"<t[dh]\b", row))


def test_filters_of_renewals_narrow_list_tabs_calendar_and_file(world: World, web: Any) -> None:
    client = web("partner.reader")
    trials = Entitlement.objects.filter(state="active", kind="trial", customer__in=[world.customer, world.customer2])
    page = client.get("/renewals/?within=90&kind=trial")
    assert tabs(page)["*90 days"] == str(trials.count()) != tabs(client.get("/renewals/?within=90"))["*90 days"]
    assert page.content.decode().count('class="kind"') == trials.count()
    rows = table(client.post("/exports/new/", {"list": "renewals", "query": "within=90&kind=trial"}))
    assert len(rows) == trials.count() and {row["kind"] for row in rows} == {"trial"}
    month = client.get("/renewals/?show=calendar&kind=production").content.decode()
    assert "Trial" not in month.split('class="month"')[1].split("</table>")[0]
    assert 'name="show" value="calendar"' in month, "another filter stays in the calendar"
    none = client.get(f"/renewals/?within=90&sku={SKU_OF_NOBODY}")
    assert "No renewals match these filters" in text_of(none)


def test_filters_of_requests_narrow_list_and_file(world: World, released: None, web: Any) -> None:
    client = web("vendor.reader")
    for path, key in (("/trials/", "trials"), ("/releases/", "releases")):
        for query, is_there in (
            (f"q={world.customer.name[:6].upper()}", True),
            (f"q={world.customer.org_id}", True),
            ("q=nobody", False),
            (f"sku={SKU_OF_NOBODY}", False),
        ):
            page = client.get(f"{path}?{query}")
            assert (world.customer.org_id in page.content.decode().split("<tbody>")[-1]) is is_there, (path, query)
            assert ("Nothing matches these filters" in text_of(page)) is not is_there
            rows = table(client.post("/exports/new/", {"list": key, "query": f"{query}&state=waiting"}))
            assert (world.customer.org_id in str(rows)) is is_there


def test_a_decision_leads_back_to_the_list_as_it_was(world: World, web: Any) -> None:
    client = web("vendor.admin")
    trial = Entitlement.objects.get(customer=world.customer, kind="trial", state="active")
    listed = f"/trials/?q={world.customer.org_id}&state=running"
    page = client.get(listed).content.decode()
    (url,) = re.findall(rf'href="(/trials/{trial.public_id}/extend/\?next=[^"]+)"', page)
    dialog = client.get(unescape(url)).content.decode()
    (back,) = re.findall(r'name="next" value="([^"]+)"', dialog)
    assert unescape(back) == listed
    assert client.post(f"/trials/{trial.public_id}/cancel/", {"next": listed}).url == listed
