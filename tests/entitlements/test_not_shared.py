"""Where a customer does not share something, every place says so: never a zero, never a number (E-14)."""

import csv
import io

import pytest
from django.db.models import Value

from connections.actions import accept_invitation, change_connection_sharing, end_connection
from entitlements.actions.renewals import create_calendar_feed
from entitlements.models import CustomerListing, CustomerPace, CustomerUsage, Entitlement
from entitlements.models.listing import ValueIfScopeShared, make_scope_shared_condition
from entitlements.queries.customers import annotate_latest_report_day, annotate_weekly_usage, list_customers
from exports import actions
from exports.models import Export
from partnerportal.lib.scopes import ALL, Scope
from tests.portfolio import differences
from tests.world import canary

pytestmark = pytest.mark.django_db

NOTHING, NO_USAGE = Scope.ACCOUNT, ALL & ~(Scope.USAGE | Scope.TICKETS)
WORDS = "Not shared by the customer"


@pytest.fixture
def share(world, actor_for):
    """Have a customer share these scopes with the partner."""

    def narrow(scopes, customer="customer"):
        connection = world.connection(customer, "partner")
        change_connection_sharing(actor=actor_for(f"{customer}.admin"), connection=connection, scopes=scopes)

    return narrow


def row_of(page, customer):
    return next(row for row in page.split("<tr>") if f"{customer.public_id}/" in row)


@pytest.fixture
def listed(world):
    """Return what the partner's list keeps of the customer: its licences, what is unusual, and its pace."""

    def kept():
        assert differences() == []
        row = CustomerListing.objects.get(viewer=world.partner, customer=world.customer)
        pace = CustomerPace.objects.get(viewer=world.partner, customer=world.customer)
        return row.seats, row.unusual, pace.moved

    return kept


def report(customer, *, unusual, moved):
    """Store a later report of the customer's use, and more licences of each of its services."""
    rows = CustomerUsage.objects.filter(customer=customer)
    rows.update(unusual=unusual, assigned_before=rows.get().assigned - moved)
    for row in Entitlement.objects.filter(customer=customer):
        Entitlement.objects.filter(pk=row.pk).update(quantity=row.quantity + 1)


@pytest.mark.parametrize("scope", [*Scope, Scope.USAGE | Scope.ORDERS], ids=lambda scope: "+".join(scope.codes))
def test_the_condition_and_the_value_agree_on_what_is_shared(world, scope):
    rows = CustomerListing.objects.filter(viewer=world.partner, customer=world.customer)
    for shared in (Scope.NONE, Scope.USAGE, scope, ALL & ~scope, ALL):
        rows.update(scopes=int(shared))
        is_shared = scope in shared
        assert rows.filter(make_scope_shared_condition(scope)).exists() is is_shared, shared
        (value,) = rows.values_list(ValueIfScopeShared(Value(1), scope), flat=True)
        assert value == (1 if is_shared else None), shared


@pytest.mark.promise("E-14")
def test_reports_that_come_in_later_keep_to_what_is_shared(world, share, listed):
    seats, *_usage = listed()
    report(world.customer, unusual=["falling"], moved=-5)
    assert listed() == (seats + 1, ["falling"], -5)  # one of its services runs and is no trial
    share(NO_USAGE)
    assert listed() == (seats + 1, [], None)
    report(world.customer, unusual=["rising"], moved=7)
    assert listed() == (seats + 2, [], None)
    share(Scope.ACCOUNT | Scope.USAGE)
    assert listed() == (0, ["rising"], 7)
    report(world.customer, unusual=[], moved=1)
    assert listed() == (0, [], 1)


def test_a_customer_that_connects_anew_shares_no_more_than_it_says(world, actor_for, listed):
    report(world.customer, unusual=["falling"], moved=-5)
    customer = actor_for("customer.admin")
    end_connection(actor=customer, connection=world.connection("customer", "partner"))
    accept_invitation(actor=customer, token=world.token("partner"), scopes=NOTHING)
    assert listed() == (0, [], None)


@pytest.mark.parametrize("who", ["partner.reader", "distributor.reader"])
@pytest.mark.promise("E-14")
def test_the_list_says_it_in_each_cell(who, web, world, share):
    share(NOTHING)
    page = web(who).get("/customers/").content.decode()
    mine, other = row_of(page, world.customer), row_of(page, world.customer2)
    assert mine.count(f'class="unshared" title="{WORDS}"') == 4
    assert canary("customer", "skus") not in mine and "usage-bar" not in mine and "<time" not in mine
    assert WORDS not in other and canary("customer2", "skus") in other
    assert "1 customer shares its services" in page


def test_the_list_without_usage_has_no_trend(web, world, share):
    page = web("partner.reader").get("/customers/").content.decode()
    assert "spark" in row_of(page, world.customer)
    share(NO_USAGE)
    page = web("partner.reader").get("/customers/").content.decode()
    mine = row_of(page, world.customer)
    assert "spark" not in mine and mine.count(WORDS) == 1 and canary("customer", "skus") in mine
    assert "share their services" not in page and "shares its services" not in page


def test_weeks_and_the_day_of_the_report_are_asked_for_by_scope(world, share, actor_for):
    """Already by the first lock."""
    share(NO_USAGE)
    rows = annotate_latest_report_day(annotate_weekly_usage(list_customers(actor_for("partner.reader"))))
    found = {row.customer_id: (row.weekly_usage, row.as_of) for row in rows}
    assert found[world.customer.pk] == (None, None)
    weekly, day = found[world.customer2.pk]
    assert len(weekly["weeks"]) == 16 and weekly["as_of"] == day.isoformat()


@pytest.mark.parametrize(
    ("tab", "scope"), [("services", Scope.ENTITLEMENTS), ("usage", Scope.USAGE), ("orders", Scope.ORDERS)]
)
@pytest.mark.promise("E-14")
def test_a_tab_stays_and_its_page_says_why_it_is_empty(tab, scope, web, world, share):
    client, address = web("partner.reader"), f"/customers/{world.customer.public_id}/"
    assert WORDS not in client.get(f"{address}{tab}/").content.decode()
    share(ALL & ~(scope | Scope.TICKETS))
    page = client.get(f"{address}{tab}/").content.decode()
    assert WORDS in page and f"{world.customer.name} doesn’t share this with you." in page
    assert world.customer.contact_email in page and canary("customer", "skus") not in page
    assert f'href="{address}{tab}/"' in page  # the tab
    if tab == "usage":
        assert WORDS in client.get(f"{address}usage/trend/", follow=True).content.decode()


def test_the_first_page_of_a_customer_says_nothing_is_calm(web, world, share):
    client, address = web("partner.reader"), f"/customers/{world.customer.public_id}/"
    assert WORDS not in client.get(address).content.decode()
    share(NOTHING)
    page = client.get(address).content.decode()
    assert "no licence is exceeded" not in page and canary("customer", "skus") not in page
    assert page.count(WORDS) == 5  # the panel of licences, and each scope of what is shared
    assert "Notifications are not shared by the customer" in client.get(f"{address}activity/").content.decode()


def test_sums_pace_and_renewals_name_who_is_missing(web, world, share):
    client = web("partner.reader")
    for path in ("/renewals/", "/usage/customers/", "/"):
        assert "not share" not in client.get(path).content.decode()
    share(NOTHING)
    assert "1 customer doesn’t share its services" in client.get("/renewals/").content.decode()
    usage = client.get("/usage/customers/").content.decode()
    assert "1 customer doesn’t share its usage" in usage and "1 customer shares its services" in usage
    assert "1 customer shares its services" in client.get("/").content.decode()


def test_a_pace_without_services_has_no_bar(web, world, share):
    share(Scope.ACCOUNT | Scope.USAGE)
    CustomerPace.objects.filter(viewer=world.partner, customer=world.customer).update(moved=5)
    page = web("partner.reader").get("/usage/customers/").content.decode()
    mine = page[page.index(world.customer.name) :].split("</li>")[0]
    assert "+5" in mine and WORDS in mine and "usage-bar" not in mine


@pytest.mark.promise("E-14")
def test_the_calendar_says_it(web, world, share, actor_for):
    secret = create_calendar_feed(actor=actor_for("partner.reader"))
    assert b"X-WR-CALDESC" not in web("anonymous").get(f"/calendar/{secret}.ics").content
    share(NOTHING)
    text = web("anonymous").get(f"/calendar/{secret}.ics").content.decode().replace("\r\n ", "")
    assert "X-WR-CALDESC:1 customer doesn’t share its services" in text
    assert canary("customer", "skus") not in text and canary("customer2", "skus") in text


@pytest.mark.promise("E-14")
def test_the_api_answers_null_and_what_is_shared(api, world, share):
    client, address = api("partner.admin"), f"/api/v1/customers/{world.customer.public_id}/"
    share(NOTHING)
    one = client.get(address).json()
    assert one["shared"] == ["account"] and one["name"] == world.customer.name
    numbers = ("services", "trials", "seats", "assigned", "overage", "expires_on", "unusual_use", "usage_as_of")
    assert [one[name] for name in numbers] == [None] * len(numbers)
    listed = {item["id"]: item for item in client.get("/api/v1/customers/").json()["items"]}
    assert listed[one["id"]]["seats"] is None and listed[str(world.customer2.public_id)]["seats"] == 10
    for part in ("entitlements", "orders", "usage"):
        answer = client.get(f"{address}{part}/")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "not_shared")


@pytest.mark.parametrize("name", ["over", "trials"])
def test_a_customer_that_shares_nothing_is_not_among_those_known_to_be_well(name, api, world, share):
    share(NOTHING)
    items = api("partner.reader").get("/api/v1/customers/", {name: "false"}).json()["items"]
    assert str(world.customer.public_id) not in {item["id"] for item in items}


@pytest.mark.promise("E-14")
def test_an_export_has_empty_cells_and_the_codes(web, world, share):
    share(NOTHING)
    content = web("partner.reader").post("/exports/new/", {"list": "customers"}).content.decode("utf-8-sig")
    rows = {row["org_id"]: row for row in csv.DictReader(io.StringIO(content))}
    mine, other = rows[world.customer.org_id], rows[world.customer2.org_id]
    empty = ("services", "skus", "seats", "assigned", "overage", "pct_assigned", "trials", "trial_requests")
    assert [mine[name] for name in (*empty, "next_expiry_on", "unusual_use", "usage_as_of")] == [""] * 11
    assert mine["shared"] == "account" and mine["name"] == world.customer.name
    assert other["seats"] == "10" and other["usage_as_of"]
    assert other["shared"] == "account; entitlements; usage; orders; notifications"


@pytest.mark.parametrize("name", ["services", "orders", "trend", "trend_days", "usage_months", "unusual_use"])
def test_an_export_of_one_customer_is_refused(name, web, world, share):
    form = {"list": name, "customer": str(world.customer.public_id)}
    assert web("partner.admin").post("/exports/new/", form).status_code == 200
    share(NOTHING)
    assert web("partner.admin").post("/exports/new/", form).status_code == 403
    assert web("customer.reader").post("/exports/new/", {"list": name}).status_code == 200  # its own


@pytest.mark.promise("E-14")
def test_a_file_made_before_is_gone_with_the_reason(web, share, monkeypatch, settings, tmp_path):
    settings.PRIVATE_ROOT = tmp_path
    monkeypatch.setattr(actions, "SMALL", 0)
    client = web("partner.reader")
    client.post("/exports/new/", {"list": "customers"})
    assert actions.make_next_queued_export()
    export = Export.objects.latest("pk")
    assert b"".join(client.get(f"/exports/{export.public_id}/file/"))
    share(NO_USAGE)
    answer = client.get(f"/exports/{export.public_id}/file/")
    assert answer.status_code == 410 and answer.context["code"] == "sharing_narrowed"
    assert "a customer now shares less" in client.get("/exports/").content.decode()


@pytest.mark.promise("E-14")
def test_no_falling_usage_is_no_zero_where_nobody_shares_it(web, world, share):
    client = web("partner.reader")
    assert "share their usage" not in client.get("/").content.decode()
    share(NO_USAGE)
    assert "1 customer shares its usage" in client.get("/").content.decode()
    share(NO_USAGE, customer="customer2")
    page = client.get("/").content.decode()
    assert "0 customers share their usage" in page and "unusual=falling" not in page
