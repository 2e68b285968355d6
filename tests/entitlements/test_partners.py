"""The pages Partners and Distributors: who has them, what they show, and that they cost the same for many."""

import datetime as dt
import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Operator, Organization, Person, Program, ProgramMembership
from connections.models import Connection
from entitlements.actions.figures import merge_portfolio_figure_changes
from entitlements.models import Entitlement, PartnerListing, Sku
from partnerportal.lib.days import today
from partnerportal.lib.scopes import Scope
from tests.entitlements.test_list_settings import tabs
from tests.entitlements.test_views import connect, entitle, names_in, text_of
from tests.exports.test_views import table
from tests.world import KINDS, World, canary

DAY = dt.timedelta(days=1)


def add_partner(world: World, name: str, **fields: Any) -> Organization:
    values = {"kind": "partner", "country": "FR", "parent": world.distributor, **fields}
    return Organization.objects.create(name=name, **values)


@pytest.fixture
def channel(world: World) -> dict[str, Organization]:
    """Three more partners of the distributor: one over its licence, one whose badge ends, one that is quiet."""
    sku = Sku.objects.create(code="VLT", service="Vault", name="Vault Pro")
    over, lapsing, quiet = (
        add_partner(world, name, country=country, website=f"{name.lower()}.example")
        for name, country in (("Over", "JP"), ("Lapsing", "FR"), ("Quiet", "GB"))
    )
    entitle(connect(over, "Too many"), sku, quantity=3, assigned=5, ends_on=today() + 10 * DAY)
    program = Program.objects.get(code="csp")
    dates = {"starts_on": today() - DAY, "ends_on": today() + 20 * DAY}
    ProgramMembership.objects.create(organization=lapsing, program=program, **dates)
    Organization.objects.filter(pk=quiet.pk).update(created_at=timezone.now() - 200 * DAY)
    PartnerListing.objects.filter(pk=quiet.pk).update(created_at=timezone.now() - 200 * DAY)
    merge_portfolio_figure_changes()
    return {"over": over, "lapsing": lapsing, "quiet": quiet}


@pytest.mark.promise("CV-1", "CV-7", "CV-8", "CV-9")
@pytest.mark.parametrize("role", ["admin", "reader"])
@pytest.mark.parametrize("name", sorted(KINDS))
def test_who_has_which_page(name: str, role: str, world: World, web: Any) -> None:
    client, kind = web(f"{name}.{role}"), KINDS[name]
    has = {"/partners/": kind in ("distributor", "vendor"), "/distributors/": kind == "vendor"}
    for path, is_there in has.items():
        assert client.get(path).status_code == (200 if is_there else 404), path
        assert (f'href="{path}"' in client.get("/").content.decode()) is is_there, "in the menu"


@pytest.mark.promise("CV-3", "CV-8", "E-15")
def test_a_distributor_sees_its_partners(world: World, web: Any) -> None:
    page = web("distributor.reader").get("/partners/")
    assert names_in(page) == [world.partner.name]
    words = text_of(page)
    assert world.partner.org_id in words and "Germany" in words
    rows = [row for row in Entitlement.objects.filter(state="active", kind="production") if row.runs_on(today())]
    seats = sum(row.quantity for row in rows if row.customer_id in (world.customer.pk, world.customer2.pk))
    assigned = sum(row.assigned for row in rows if row.customer_id in (world.customer.pk, world.customer2.pk))
    assert f"{assigned} / {seats}" in words


@pytest.mark.promise("CV-3", "CV-9")
def test_the_vendor_sees_all_partners_and_distributors(world: World, web: Any) -> None:
    client = web("vendor.reader")
    partners = {world[name].name for name, kind in KINDS.items() if kind == "partner"}
    assert rows_in(client.get("/partners/")) == partners
    assert rows_in(client.get("/distributors/")) == {world.distributor.name, world.distributor2.name}
    assert rows_in(client.get(f"/partners/?parent={world.distributor2.org_id}")) == {world.partner2.name}
    assert rows_in(client.get("/partners/?parent=none")) == {world.lapsed.name, world.nobadge.name}
    answer = client.get(f"/partners/{world.partner.public_id}/")
    assert answer.url == reverse("organization", args=[world.partner.public_id])
    assert "Customer totals" in text_of(client.get(answer.url))


def rows_in(page: Any) -> set[str]:
    """The names in the rows, wherever they lead."""
    return set(re.findall(r'<a href="/organizations/[0-9a-f-]{36}/[^"]*" title="([^"]+)">', page.content.decode()))


def test_a_partner_without_any_membership_awaits_confirmation(world: World, web: Any) -> None:
    client = web("vendor.reader")
    assert rows_in(client.get("/partners/?state=awaited")) == {world.nobadge.name}
    assert world.lapsed.name in rows_in(client.get("/partners/?state=active"))
    assert "Unconfirmed" in text_of(client.get("/partners/?state=awaited"))
    program = Program.objects.get(code="csp")
    ProgramMembership.objects.create(organization=world.nobadge, program=program, starts_on=today())
    assert rows_in(client.get("/partners/?state=awaited")) == set()


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("q=lapsing", ["Lapsing"]),
        ("q=over.EXAMPLE", ["Over"]),
        ("country=GB", ["Quiet"]),
        ("over=true", ["Over"]),
        ("badge=csp", ["Lapsing"]),
        ("badge=none", ["Over", "Quiet"]),
        ("badge_ends_within=30", ["Lapsing"]),
        ("expires_within=30", ["Over"]),
        ("quiet=true", ["Quiet"]),
        ("state=suspended", []),
        ("badge=nothing", []),
        ("country=JP&badge=csp", []),
        ("parent=nobody", []),
    ],
)
def test_filters(query: str, seen: list[str], channel: dict[str, Organization], world: World, web: Any) -> None:
    client = web("distributor.admin")
    others = {world.partner.name}
    page = client.get(f"/partners/?{query}")
    assert [name for name in names_in(page) if name not in others] == seen
    rows = table(client.post("/exports/new/", {"list": "partners", "query": query}))
    assert [row["name"] for row in rows if row["name"] not in others] == seen


def test_tabs_count_what_they_lead_to(channel: dict[str, Organization], web: Any) -> None:
    client = web("distributor.reader")
    for query in ("", "over=true", "expires_within=30", "badge_ends_within=60", "quiet=true"):
        page = client.get(f"/partners/?{query}", headers={"HX-Request": "true"})
        (current,) = [label for label in tabs(page) if label.startswith("*")]
        assert tabs(page)[current] == str(len(names_in(page))), current


def test_a_row_says_how_many_customers_share(world: World, web: Any) -> None:
    Connection.objects.filter(customer=world.customer, partner=world.partner).update(scopes=Scope.ACCOUNT)
    assert "2 1 sharing" in text_of(web("distributor.reader").get("/partners/"))


SORTS = (
    "name badges customers assigned over skus expires_on last_customer last_sign_in created status country org_id"
    " partner_id parent seats"
)


@pytest.mark.parametrize("sort", SORTS.split())
def test_pages_go_by_keyset_in_every_order(sort: str, world: World, web: Any) -> None:
    for number in range(60):
        add_partner(world, f"Partner {number:02}")
    client = web("distributor.reader")
    for order in (sort, f"-{sort}"):
        whole = names_in(client.get(f"/partners/?sort={order}&size=100"))
        path, walked = f"/partners/?sort={order}&size=25", []
        for _page in range(3):
            page = client.get(path)
            walked += names_in(page)
            html = page.content.decode()
            path = unescape(html.partition('rel="next" href="')[2].partition('"')[0])
        assert walked == whole and len(set(walked)) == 61


def test_as_many_queries_for_many(world: World, web: Any) -> None:
    client = web("distributor.reader")
    client.get("/partners/")
    few = count_queries(client)
    for number in range(30):
        entitle(connect(add_partner(world, f"P{number}"), f"C{number}"), Sku.objects.earliest("pk"))
    assert count_queries(client) == few


def count_queries(client: Any) -> int:
    with CaptureQueriesContext(connection) as queries:
        client.get("/partners/?sort=-customers&over=false")
    return len(queries)


def test_a_file_has_what_the_page_has(channel: dict[str, Organization], world: World, web: Any) -> None:
    entitle(connect(channel["quiet"], "New"), Sku.objects.get(code="VLT"), quantity=7)  # and no merge since
    rows = {row["name"]: row for row in table(web("distributor.reader").post("/exports/new/", {"list": "partners"}))}
    assert rows["Quiet"]["customers"] == "1" and rows["Quiet"]["seats"] == "7" and rows["Quiet"]["skus"] == "Vault Pro"
    assert rows["Over"]["overage"] == "2" and rows["Over"]["skus"] == "Vault Pro"
    assert rows["Lapsing"]["badges"] == f"csp {today() - DAY}–{today() + 20 * DAY}"
    assert rows["Lapsing"]["last_customer_at"] == "" and rows["Lapsing"]["next_expiry_on"] == ""
    assert rows[world.partner.name]["distributor"] == world.distributor.name


def test_ticked_rows_are_exported(channel: dict[str, Organization], web: Any) -> None:
    data = {"list": "partners", "what": "ticked", "row": [channel["over"].org_id, channel["quiet"].org_id]}
    assert [row["name"] for row in table(web("distributor.reader").post("/exports/new/", data))] == ["Over", "Quiet"]


@pytest.mark.promise("CV-8", "E-15")
def test_the_page_of_a_partner(channel: dict[str, Organization], world: World, web: Any) -> None:
    client = web("distributor.reader")
    page = client.get(f"/partners/{world.partner.public_id}/")
    words = text_of(page)
    assert world.partner.org_id in words and world.partner.street in words
    assert "Service Provider" in words and "Operators" in words
    over = client.get(f"/partners/{channel['over'].public_id}/")
    assert "1 customer over its limit" in text_of(over)
    assert f"/customers/?partner={channel['over'].org_id}&amp;over=true" in over.content.decode()
    assert "A badge ends soon" in text_of(client.get(f"/partners/{channel['lapsing'].public_id}/"))
    quiet = text_of(client.get(f"/partners/{channel['quiet'].public_id}/"))
    assert "No new customers in 90 days" in quiet and "No customers yet." in quiet


@pytest.mark.promise("CV-8")
def test_how_many_act_for_a_partner_and_when_one_signed_in_last(world: World, web: Any) -> None:
    Person.objects.filter(pk=world.person("partner.reader").pk).update(last_login="2031-05-06T12:00Z")
    client, number = web("distributor.reader"), Operator.objects.filter(organization=world.partner).count()
    page = text_of(client.get(f"/partners/{world.partner.public_id}/"))
    assert f"Operators {number} Last sign-in 6 May 2031" in page.replace("\N{NO-BREAK SPACE}", " ")
    client.post("/lists/partners/display/", {"column": ["last_sign_in"], "show": ["last_sign_in"]})
    assert "6 May 2031" in text_of(client.get("/partners/")).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.promise("E-15")
def test_nothing_of_what_a_partner_owns_is_on_its_page(world: World, web: Any) -> None:
    html = web("distributor.admin").get(f"/partners/{world.partner.public_id}/").content.decode()
    for sort in ("goods", "skus", "orders", "usage", "people", "licence holders"):
        assert canary("partner", sort) not in html, sort


def test_another_distributors_partner_is_not_there(world: World, web: Any) -> None:
    for who, name in (
        ("distributor.admin", "partner2"),
        ("distributor2.admin", "partner"),
        ("vendor.admin", "customer"),
    ):
        assert web(who).get(f"/partners/{world[name].public_id}/").status_code == 404


@pytest.mark.promise("CV-1")
def test_the_start_page_of_a_distributor_says_which_partners_need_help(
    channel: dict[str, Organization], world: World, web: Any
) -> None:
    client = web("distributor.reader")
    html = client.get("/").content.decode()
    block = html.partition("Partners that need help")[2].partition("</ul>")[0]
    links = [unescape(url) for url in re.findall(r'href="(/partners/\?[^"]+)"', block)]
    assert [url.partition("=")[0] for url in links] == ["/partners/?over", "/partners/?expires_within",
                                                        "/partners/?badge_ends_within", "/partners/?quiet"]  # fmt: skip
    for url, name in zip(links, ("Over", "Over", "Lapsing", "Quiet"), strict=True):
        assert name in names_in(client.get(url))
    assert "Partners that need help" not in web("partner.admin").get("/").content.decode()


def test_the_start_page_names_the_partners_that_need_help_most(
    channel: dict[str, Organization], world: World, web: Any, count_queries: Any
) -> None:
    late = channel["over"]
    PartnerListing.objects.filter(pk=late.pk).update(next_lapse_on=today() + 5 * DAY)
    client = web("distributor.reader")
    with count_queries() as asked:
        block = client.get("/").content.decode().partition("Partners that need help")[2].partition("</ul>")[0]
    named = re.findall(r'<a href="/partners/([0-9a-f-]{36})/"><strong>([^<]+)</strong></a><p>([^<]+)', block)
    assert named[0][:2] == (str(late.public_id), late.name) and len(named) == 3
    assert "1 customer over its limit" in named[0][2] and "A badge ends soon" in named[0][2]
    assert {name for _id, name, _why in named} <= {row.name for row in channel.values()} | {world.partner.name}
    for number in range(10):
        Organization.objects.create(kind="partner", name=f"More {number}", country="FR", parent=world.distributor)
    PartnerListing.objects.filter(name__startswith="More").update(next_lapse_on=today() + 5 * DAY)
    with count_queries() as more:
        client.get("/")
    assert len(more) == len(asked)


def test_moved_partners_are_gone_with_the_next_request(world: World, web: Any) -> None:
    client = web("distributor.reader")
    assert names_in(client.get("/partners/")) == [world.partner.name]
    Organization.objects.filter(pk=world.partner.pk).update(parent=world.distributor2)
    assert names_in(client.get("/partners/")) == []
    assert client.get(f"/partners/{world.partner.public_id}/").status_code == 404
    assert world.partner.name in names_in(web("distributor2.reader").get("/partners/"))
