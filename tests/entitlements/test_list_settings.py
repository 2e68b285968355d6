"""Saved views, columns, density, ticked rows: how somebody likes to see the customer list."""

import re
from html import unescape
from typing import Any

import pytest
from django.urls import reverse

from accounts.actions import lists as actions
from accounts.models import ListSettings, Organization, SavedView
from entitlements.lists.customers import CUSTOMERS, SOLD_CUSTOMERS
from entitlements.lists.partners import DISTRIBUTORS, PARTNERS
from entitlements.models import CustomerUsage, Sku, UnusualUse
from notifications.models import Event
from partnerportal.lib import formats
from partnerportal.lib.errors import ActionRefused, InvalidInput, NotFound, TooManyAttempts
from partnerportal.lib.lists import ListDefinition
from tests.entitlements.test_views import LIST, connect, entitle, names_in, text_of
from tests.exports.test_views import table
from tests.world import World

NEW, DISPLAY = "/lists/customers/views/new/", "/lists/customers/display/"


@pytest.fixture
def partner(world: World) -> Organization:
    SavedView.objects.all().delete()
    for name, country in (("Beta KK", "JP"), ("Ceta", "JP"), ("delta", "FR")):
        connect(world.partner, name, country=country)
    return world.partner


def tabs(page: Any) -> dict[str, str]:
    """Label -> count, of the tabs of the list, above which those of pages may stand."""
    html = page.content.decode().rpartition('class="view-tabs"')[2].split('class="tabs"', 1)[1].split("</nav>")[0]
    found = re.findall(r'<a href="[^"]*"( aria-current="page")?>([^<]+)(?:<span class="count">(\d+)</span>)?', html)
    return {f"{'*' if current else ''}{unescape(label)}": count for current, label, count in found}


def save(client: Any, name: str, query: str, **data: str) -> SavedView:
    answer = client.post(NEW, {"name": name, "query": query, **data})
    assert answer.status_code == 302, text_of(answer)
    return SavedView.objects.get(name=name)


def test_the_usual_views_have_their_counts(partner: Organization, web: Any) -> None:
    page = web("partner.reader").get(f"{LIST}?over=true")
    assert list(tabs(page)) == ["All", "*Over limit", "Expiring within 30 days", "Trials", "Falling usage"]
    assert tabs(page)["All"] == "5" and tabs(page)["Trials"] == "2"


def test_over_limit_begins_with_the_largest_excess(partner: Organization, web: Any, api: Any) -> None:
    sku = Sku.objects.create(code="VLT", service="Vault", name="Vault Pro")
    for name, assigned in (("Beta KK", 6), ("Ceta", 30), ("delta", 12)):
        entitle(Organization.objects.get(name=name), sku, quantity=5, assigned=assigned)
    client = web("partner.admin")
    html = client.get(LIST).content.decode()
    (url,) = re.findall(r'<a href="([^"]+)"[^>]*>Over limit<', html)
    page = client.get(unescape(url))
    assert names_in(page) == ["Ceta", "delta", "Beta KK"] and "*Over limit" in tabs(page)
    assert unescape(url) in unescape(client.get("/").content.decode())
    assert unescape(url) in unescape(client.get("/usage/customers/").content.decode())
    client.post(DISPLAY, {"column": ["over"], "show": ["over"], "density": "comfortable"})
    page = client.get(unescape(url))
    assert heads(page) == ["Customer", "Over limit"] and 'aria-sort="descending"' in page.content.decode()
    assert re.findall(r'<td class="num wide-only">(.+?)</td>', page.content.decode()) == ["25", "7", "1"]
    found = api("partner.admin").get("/api/v1/customers/?over=true&sort=-over").json()["items"]
    assert [row["name"] for row in found] == ["Ceta", "delta", "Beta KK"]


def test_falling_use_is_a_filter(partner: Organization, world: World, web: Any, api: Any) -> None:
    CustomerUsage.objects.filter(customer=world.customer).update(unusual=["falling", "new"])
    page = web("partner.admin").get(f"{LIST}?unusual=falling")
    assert names_in(page) == [world.customer.name] and tabs(page)["*Falling usage"] == "1"
    found = api("partner.admin").get("/api/v1/customers/?unusual=falling").json()
    assert [row["name"] for row in found["items"]] == [world.customer.name]


@pytest.mark.parametrize("kind", UnusualUse)
def test_each_kind_of_unusual_use_is_a_choice_with_its_count(
    kind: UnusualUse, partner: Organization, world: World, web: Any, api: Any
) -> None:
    CustomerUsage.objects.filter(customer=world.customer).update(unusual=[kind])
    client = web("partner.admin")
    page = client.get(f"{LIST}?unusual={kind}")
    assert names_in(page) == [world.customer.name]
    choices = dict(re.findall(r'<option value="(\w+)"[^>]*>([^<]+ \(\d+\))</option>', page.content.decode()))
    assert choices == {one.value: f"{one.label} ({int(one == kind)})" for one in UnusualUse}
    as_of = CustomerUsage.objects.get(customer=world.customer).as_of
    assert f"Usage as of {formats.format_date(as_of)}" in text_of(page)
    save(client, "Watch", f"unusual={kind}")
    assert tabs(client.get(LIST))["Watch"] == "1"
    (found,) = api("partner.admin").get(f"/api/v1/customers/?unusual={kind}").json()["items"]
    assert (found["unusual_use"], found["usage_as_of"]) == ([kind], as_of.isoformat())
    one = api("partner.admin").get(f"/api/v1/customers/{found['id']}/").json()
    assert (one["unusual_use"], one["usage_as_of"]) == ([kind], as_of.isoformat())
    (row,) = table(client.post("/exports/new/", {"list": "customers", "query": f"unusual={kind}"}))
    assert (row["unusual_use"], row["usage_as_of"]) == (kind, as_of.isoformat())


@pytest.mark.promise("G-14")
def test_a_view_keeps_filters_and_sort(partner: Organization, web: Any) -> None:
    client = web("partner.reader")
    view = save(client, "Japan", "country=JP&sort=-name&size=25&cursor=x&rubbish=1&q=")
    assert view.query == {"country": "JP", "sort": "-name"}
    page = client.get(f"{LIST}?country=JP&sort=-name&view={view.public_id}")
    assert names_in(page) == ["Ceta", "Beta KK"]
    assert tabs(page)["*Japan"] == "2"  # a filter by country alone has a kept figure
    assert "unsaved changes" not in text_of(page)


def test_modified_saved_and_reset(partner: Organization, web: Any) -> None:
    client = web("partner.admin")
    view = save(client, "Japan", "country=JP")
    page = client.get(f"{LIST}?country=FR&view={view.public_id}")
    assert "“Japan” has unsaved changes." in text_of(page)
    assert f"{LIST}?country=JP&amp;view={view.public_id}" in page.content.decode()
    answer = client.post(reverse("view_query", args=[view.public_id]), {"query": "country=FR&sort=-seats"})
    view.refresh_from_db()
    assert view.query == {"country": "FR", "sort": "-seats"}
    assert "unsaved changes" not in text_of(client.get(answer.url))


def test_the_list_opens_with_the_default_view(partner: Organization, web: Any) -> None:
    client = web("partner.admin")
    view = save(client, "Japan", "country=JP", is_default="on")
    opened = client.get(LIST)
    assert opened.url == f"{LIST}?country=JP&view={view.public_id}"
    page = client.get(opened.url)
    assert f'href="{LIST}?view=all"' in page.content.decode()
    assert len(names_in(client.get(f"{LIST}?view=all"))) == 5
    assert len(names_in(client.get(LIST, headers={"HX-Request": "true"}))) == 5
    client.post(reverse("view_default", args=[view.public_id]), {"default": "no"})
    assert client.get(LIST).status_code == 200
    client.post(reverse("view_default", args=[view.public_id]), {"default": "yes"})
    client.post(reverse("view_delete", args=[view.public_id]))
    assert client.get(LIST).status_code == 200 and ListSettings.objects.filter(person_id=view.person_id).exists()


@pytest.mark.promise("G-14")
def test_shared_in_the_organisation_and_nowhere_else(partner: Organization, world: World, web: Any) -> None:
    view = save(web("partner.admin"), "Ours", "country=JP", is_shared="on")
    own = save(web("partner.admin"), "Mine alone", "country=FR")
    colleague = web("partner.reader")
    menu = colleague.get(LIST).content.decode()
    assert "Ours" in menu and "Mine alone" not in menu
    assert "*Ours" in tabs(colleague.get(f"{LIST}?country=JP&view={view.public_id}"))
    assert Event.objects.get(kind="view.shared").subject_label == "Ours"
    for who in ("distributor.admin", "partner2.admin"):
        assert "Ours" not in web(who).get(f"{LIST}?view={view.public_id}").content.decode()
        for name in ("view_change", "view_delete"):
            assert web(who).get(reverse(name, args=[view.public_id])).status_code == 404
    assert colleague.get(reverse("view_change", args=[own.public_id])).status_code == 404


def test_only_admins_share_and_only_owners_change(partner: Organization, web: Any) -> None:
    reader = web("partner.reader")
    assert b"is_shared" not in reader.get(NEW).content
    assert save(reader, "Try", "", is_shared="on").is_shared is False
    view = save(web("partner.admin"), "Ours", "country=JP", is_shared="on")
    assert reader.post(reverse("view_query", args=[view.public_id]), {"query": ""}).status_code == 404
    assert reader.post(reverse("view_change", args=[view.public_id]), {"name": "X"}).status_code == 404
    assert reader.post(reverse("view_delete", args=[view.public_id])).status_code == 403
    assert web("many@partner").post(reverse("view_delete", args=[view.public_id])).status_code == 302


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "This field is required"),
        ("\u200b \n", "This field is required"),
        ("x" * 61, "at most 60 characters"),
        ("JAPAN", "already have a view with this name"),
        ("a\0b", "Null characters"),
    ],
)
def test_bad_names(name: str, words: str, partner: Organization, web: Any) -> None:
    client = web("partner.admin")
    save(client, "Japan", "country=JP")
    answer = client.post(NEW, {"name": name, "query": "country=FR"})
    assert answer.status_code == 200 and words in text_of(answer)
    assert 'value="country=FR"' in answer.content.decode() and SavedView.objects.count() == 1


def test_hostile_queries_are_left_out(partner: Organization, web: Any) -> None:
    view = save(web("partner.admin"), "Odd", "q=%00&country=ZZ&sort=--name&over=maybe&person_id=1&" + "q=" + "y" * 300)
    assert view.query == {}


def test_at_most_fifty(partner: Organization, actor_for: Any) -> None:
    actor = actor_for("partner.admin")
    for number in range(50):
        actions.create_saved_view(actor=actor, list_definition=CUSTOMERS, name=f"V{number}", query={})
    with pytest.raises(TooManyAttempts):
        actions.create_saved_view(actor=actor, list_definition=CUSTOMERS, name="One more", query={})
    actions.create_saved_view(
        actor=actor_for("partner.reader"), list_definition=CUSTOMERS, name="V1", query={}
    )  # names are each person's own


def test_actions_refuse(partner: Organization, actor_for: Any) -> None:
    reader, admin = actor_for("partner.reader"), actor_for("partner.admin")
    with pytest.raises(ActionRefused):
        actions.create_saved_view(actor=reader, list_definition=CUSTOMERS, name="A", query={}, is_shared=True)
    with pytest.raises(ActionRefused):
        actions.create_saved_view(actor=actor_for("customer.admin"), list_definition=CUSTOMERS, name="A", query={})
    mine = actions.create_saved_view(actor=admin, list_definition=CUSTOMERS, name="A", query={})
    with pytest.raises(NotFound):
        actions.change_saved_view(actor=reader, view=mine, name="B", is_shared=False)
    with pytest.raises(NotFound):
        actions.delete_saved_view(actor=reader, view=mine)
    with pytest.raises(InvalidInput):
        actions.set_list_display(actor=admin, list_definition=CUSTOMERS, columns=["password"], density="compact")
    with pytest.raises(InvalidInput):
        actions.set_list_display(actor=admin, list_definition=CUSTOMERS, columns=[], density="huge")


def heads(page: Any) -> list[str]:
    html = page.content.decode().split("<thead>")[1].split("</thead>")[0]
    return [
        unescape(re.sub(r"<[^>]+>", "", head)).strip() for head in html.split("<th")[2:-1] for head in ["<th" + head]
    ]


@pytest.mark.promise("G-14")
def test_columns_and_density_are_kept(partner: Organization, web: Any) -> None:
    client = web("partner.reader")
    usual = heads(client.get(LIST))
    assert usual[0] == "Customer" and "Trials" not in usual
    order = ["expires_on", "trials", "country", "org_id", "services", "assigned", "trend", "connected_at"]
    data = {"column": order, "show": ["country", "trials", "expires_on"], "density": "compact", "next": f"{LIST}?q=a"}
    assert client.post(DISPLAY, data).url == f"{LIST}?q=a"
    page = web("partner.reader").get(LIST)
    assert heads(page) == ["Customer", "Next expiry", "Trials", "Country"]
    assert "cards one-line tight customers compact" in page.content.decode()
    assert heads(web("partner.admin").get(LIST)) == usual  # each their own
    assert client.post(DISPLAY, {"reset": "1", "density": "comfortable"}).url == LIST
    assert heads(client.get(LIST)) == usual


def test_moving_draws_the_form_anew(partner: Organization, web: Any) -> None:
    client = web("partner.admin")
    order = ["org_id", "country", "services"]
    page = client.post(DISPLAY, {"column": order, "show": ["org_id", "country"], "move": "down org_id"})
    html = page.content.decode()
    assert re.findall(r'name="column" value="(\w+)"', html)[:3] == ["country", "org_id", "services"]
    assert re.findall(r'value="(\w+)" checked', html)[:2] == ["country", "org_id"]
    assert 'value="down org_id" autofocus' in html
    assert not ListSettings.objects.get(
        organization=partner, person_id=web("partner.admin").session["_auth_user_id"]
    ).columns
    for move in ("up org_id", "down nothing", "sideways", ""):
        assert client.post(DISPLAY, {"column": ["org_id", "name", "x\0"], "move": move}).status_code in (200, 302)


@pytest.mark.parametrize(
    ("definition", "who", "more"),  # more: cells beside those of columns, the row's box and menu
    [
        (CUSTOMERS, "partner.admin", 2),
        (CUSTOMERS, "distributor.admin", 2),
        (SOLD_CUSTOMERS, "vendor.admin", 1),
        (PARTNERS, "distributor.admin", 1),
        (PARTNERS, "vendor.admin", 1),
        (DISTRIBUTORS, "vendor.admin", 1),
    ],
    ids=lambda value: getattr(value, "key", str(value)),
)
def test_every_column_has_its_cell(
    definition: ListDefinition, who: str, more: int, partner: Organization, world: World, web: Any
) -> None:
    client, columns = web(who), definition.for_actor(world.actor(who)).columns
    names = [column.name for column in columns if column.name != "name"]
    client.post(f"/lists/{definition.key}/display/", {"column": names, "show": names, "density": "comfortable"})
    html = client.get(reverse(definition.url_name)).content.decode()
    assert html.split("<thead>")[1].split("</thead>")[0].count("<th ") == len(columns) + more
    row = html.split("<tbody>")[1].split("</tr>")[0]
    assert row.split("<tr>")[1].count("<td") == len(columns) + more


def test_rows_have_a_box_and_the_bar_its_button(partner: Organization, world: World, web: Any) -> None:
    html = web("partner.admin").get(LIST).content.decode()
    box = rf'form="bulk" name="row" value="{world.customer.org_id}"[^>]* aria-label="Select {world.customer.name}"'
    assert re.search(box, html) and 'form="bulk" name="selected" value="ticked"' in html
