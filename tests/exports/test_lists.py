"""Every list has its export, and its file holds what the page shows (CC-38)."""

import datetime as dt
from typing import Any

import pytest

from accounts.models import Operator, Person, Role
from connections.actions import end_connection
from entitlements.lists.trend import UsageTrendPage
from entitlements.models import Entitlement, LicenseAssignment, Sku, UsageDay
from entitlements.queries.usage import get_customer_usage, list_usage_trend_months
from exports.models import Export
from notifications.models import Notice
from tests.entitlements.test_usage_pages import report, sku, today  # noqa: F401
from tests.exports.test_views import NEW, content, queued, table
from tests.world import World, canary

pytestmark = pytest.mark.usefixtures("private_folder")

CUSTOMER = "/customers/{}/"


@pytest.mark.promise("CC-38")
@pytest.mark.parametrize(
    ("who", "path", "lists"),
    [
        ("partner.reader", "/customers/", ["customers"]),
        ("partner.reader", CUSTOMER + "services/", ["services"]),
        ("partner.admin", CUSTOMER + "orders/", ["orders"]),
        ("partner.reader", CUSTOMER + "activity/", ["activity"]),
        ("partner.reader", CUSTOMER + "usage/", ["trend_days", "trend", "usage_months", "unusual_use"]),
        ("partner.reader", CUSTOMER + "usage/?range=6m", ["trend", "trend", "usage_months", "unusual_use"]),
        ("partner.reader", "/usage/customers/", ["usage", "anomalies", "usage_history"]),
        ("partner.reader", "/renewals/", ["renewals"] * 2),
        ("partner.reader", "/inbox/", ["inbox"]),
        ("partner.reader", "/marketplace/offers/", ["price_list"] * 4),
        ("partner.reader", "/account/", ["connections", "ended_connections"]),
        ("partner.reader", "/operators/", ["operators"]),
        ("partner.reader", "/operators/pending/", ["pending_operators"]),
        ("customer.admin", "/services/", ["services"]),
        ("customer.admin", "/orders/", ["orders"]),
        ("customer.admin", "/renewals/", ["renewals"] * 2),
        ("customer.admin", "/usage/", ["trend_days", "trend", "usage_months", "unusual_use"]),
        ("customer.admin", "/usage/licences/", ["licence_users"]),
        ("publisher.reader", "/products/", ["product_figures"]),
        ("vendor.reader", "/publishers/", ["publishers"]),
        ("vendor.reader", "/customers/", ["all_customers"]),
        ("vendor.reader", "/partners/", ["partners"]),
        ("vendor.reader", "/distributors/", ["distributors"]),
        ("distributor.reader", "/partners/", ["partners"]),
        ("vendor.reader", "/programmes/", ["memberships"]),
        ("vendor.reader", "/trials/", ["trials", "trials"]),  # of all rows, and of the ticked ones
        ("vendor.reader", "/releases/", ["releases"]),
    ],
)
def test_every_list_has_its_button(who: str, path: str, lists: list[str], world: World, web: Any) -> None:
    page = web(who).get(path.format(world.customer.public_id)).content.decode()
    assert [part.partition('"')[0] for part in page.split('name="list" value="')[1:]] == lists


def exported(world: World, web: Any, who: str, key: str, query: str, **data: Any) -> list[dict[str, str]]:
    return table(web(who).post(NEW, {"list": key, "query": query, **data}))


@pytest.mark.parametrize(("span", "count"), [("6m", 6), ("13m", 13)])
def test_a_trend_holds_the_months_that_are_shown(
    span: str,
    count: int,
    world: World,
    sku: Sku,  # noqa: F811
    web: Any,
) -> None:
    report(world, sku, days=420)
    asked = {"customer": world.customer.public_id}
    months = [row["month"] for row in exported(world, web, "partner.reader", "trend", f"range={span}", **asked)]
    assert months == [f"{month:%Y-%m}" for month in list_usage_trend_months(today(), span)] and len(months) == count
    assert len(exported(world, web, "partner.reader", "trend", "range=all", **asked)) > 13


def test_the_days_of_a_trend_are_those_of_its_table(world: World, sku: Sku, web: Any) -> None:  # noqa: F811
    """Also where licences are concurrent: their monthly number is the peak of thirty days."""
    pool = Sku.objects.create(code="POOL", service="Pool", name="Pool", licence_model=Sku.LicenceModel.CONCURRENT)
    report(world, sku, days=100)
    report(world, pool, days=100)
    UsageDay.objects.filter(sku=pool, day=today() - dt.timedelta(days=20)).update(peak_concurrent=33)
    UsageDay.objects.filter(sku=pool, day=today() - dt.timedelta(days=60)).delete()  # a gap of both together
    actor = world.actor("partner.reader")
    usage = get_customer_usage(actor, world.customer.pk)
    assert usage
    asked = {"customer": world.customer.public_id}
    for query in ({}, {"service": "Pool"}, {"service": "Vault Pro"}):
        trend = UsageTrendPage(actor, world.customer.pk, usage, query, None)
        key, narrowed = trend.export_choices[0][:2]
        rows = exported(world, web, "partner.reader", key, narrowed, **asked)
        found = [(r["day"], r["assigned_total"], r["monthly_active"], r["daily_active"]) for r in rows]
        shown = [
            (day.isoformat(), str(use.assigned), str(use.monthly), str(use.daily))
            for day, use in zip(trend.trend_days, trend.usage_by_chart_point, strict=True)
            if use
        ]
        assert found == shown and len(found) == (84 if query.get("service") == "Vault Pro" else 83)
    assert {row["monthly_active"] for row in exported(world, web, "partner.reader", "trend_days", "", **asked)} == {
        "79", "103",
    }  # fmt: skip


def test_renewals_are_ones_own_or_those_of_customers(world: World, web: Any) -> None:
    own = exported(world, web, "customer.reader", "renewals", "within=90")
    assert own and {row["org_id"] for row in own} == {world.customer.org_id}
    theirs = exported(world, web, "partner.reader", "renewals", "")
    assert {row["org_id"] for row in theirs} >= {world.customer.org_id, world.customer2.org_id}
    day = own[0]["ends_on"]
    assert {row["ends_on"] for row in exported(world, web, "partner.reader", "renewals", f"on={day}&within=7")} == {day}


def test_trials_as_the_page_shows_them(world: World, web: Any) -> None:
    def states(query: str) -> set[str]:
        return {row["state"] for row in exported(world, web, "vendor.reader", "trials", query)}

    assert states("state=waiting") == {"requested"}
    assert states("state=running") == {"active"}
    assert states("state=nonsense") == set(Entitlement.objects.filter(kind="trial").values_list("state", flat=True))


def test_holders_are_for_the_customers_own_admins(world: World, web: Any) -> None:
    mine = LicenseAssignment.objects.filter(customer=world.customer)
    mine.filter(holder_kind="device").update(last_used_at=None)
    data = {"customer": world.customer2.public_id}  # is not asked for
    rows = exported(world, web, "customer.admin", "licence_users", "", **data)
    assert [row["holder"] for row in rows] == list(mine.order_by("holder").values_list("holder", flat=True))
    unused = exported(world, web, "customer.admin", "licence_users", "unused=true")
    assert [row["holder_kind"] for row in unused] == ["device"]
    for who in ("customer.reader", "stranger.reader"):
        assert web(who).post(NEW, {"list": "licence_users", **data}).status_code == 403
    for who in ("partner.admin", "distributor.admin", "vendor.admin"):
        assert web(who).post(NEW, {"list": "licence_users", **data}).status_code == 404


def test_a_file_of_holders_is_refused_to_who_is_no_admin_any_more(world: World, web: Any) -> None:
    file = queued(world, "customer.admin", list="licence_users")
    address = f"/exports/{file.public_id}/file/"
    assert web("customer.admin").get(address).status_code == 409
    operator = world.operator("customer.admin")
    operator.roles = [Role.READER]
    operator.save()
    assert web("customer.admin").get(address).status_code == 403


def test_connections_and_their_history(world: World, web: Any) -> None:
    rows = exported(world, web, "partner.reader", "connections", "")
    assert {row["organization"] for row in rows} == {world.customer.name, world.customer2.name}
    assert {row["relation"] for row in rows} == {"customer"}
    end_connection(actor=world.actor("customer.admin"), connection=world.connection("customer", "partner"))
    left = exported(world, web, "partner.reader", "connections", "")
    assert {row["organization"] for row in left} == {world.customer2.name}
    ended = exported(world, web, "partner.reader", "ended_connections", "")[0]
    assert (ended["organization"], ended["ended_by"]) == (world.customer.name, "them") and ended["ended_at"] > "2020"
    theirs = exported(world, web, "customer.reader", "ended_connections", "")[0]
    assert (theirs["organization"], theirs["relation"], theirs["ended_by"]) == (world.partner.name, "partner", "us")


def test_the_inbox_as_it_is_filtered(world: World, web: Any) -> None:
    shown = Notice.objects.visible_to(world.actor("partner.reader"))
    kind = shown.values_list("kind", flat=True)[0]
    rows = exported(world, web, "partner.reader", "inbox", f"kind={kind}")
    assert {row["kind"] for row in rows} == {kind}
    assert len(rows) == shown.not_dismissed().filter(kind=kind).count()
    assert exported(world, web, "partner.reader", "inbox", "dismissed=true") == []


def test_the_inbox_in_words(world: World, web: Any) -> None:
    """In the reader's language, under the same keys; each line as COPY would have written it."""
    notice = Notice.objects.visible_to(world.actor("partner.reader")).not_dismissed().latest("at")
    Notice.objects.filter(pk=notice.pk).update(
        kind="trial_declined", about_label='=1+1 "quoted"', dismissed_at=None,
        note="+No,\nnot \"yet\"", params={"sku_name": "Vault", "quantity": 3},
    )  # fmt: skip
    for language, subject in (
        ("en", "The trial of Vault was declined"),
        ("fr", "L’évaluation du service Vault a été refusée"),
    ):
        Person.objects.filter(pk=world.person("partner.reader").pk).update(language=language)
        answer = web("partner.reader").post(NEW, {"list": "inbox"})
        row = next(row for row in table(answer) if row["kind"] == "trial_declined")
        assert (row["text"], row["details"]) == (subject, '\'+No,\nnot "yet"')
        assert (row["about"], row["service"], row["dismissed_at"]) == ('\'=1+1 "quoted"', "Vault", "")
        assert f',trial_declined,"\'=1+1 ""quoted""","Vault","{subject}","\'+No,\nnot ""yet""",' in content(answer)


def test_words_of_a_kind_that_no_longer_exists(world: World, web: Any) -> None:
    Notice.objects.update(kind="long_gone")
    rows = exported(world, web, "partner.reader", "inbox", "")
    assert rows and {(row["kind"], row["text"]) for row in rows} == {("long_gone", "")}


def test_a_file_of_the_inbox_is_of_customers_or_ones_own(world: World, web: Any, monkeypatch: Any) -> None:
    """A partner's goes with a connection and with the badge, so it names no customer; a customer's is its own."""
    monkeypatch.setattr("exports.actions.SMALL", -1)
    for who in ("partner.reader", "customer.reader"):
        web(who).post(NEW, {"list": "inbox"})
    assert dict(Export.objects.filter(list="inbox").values_list("organization", "customer")) == {
        world.partner.pk: None,
        world.customer.pk: world.customer.pk,
    }


def test_operators_are_ones_own(world: World, web: Any) -> None:
    mine = Operator.objects.filter(organization=world.partner).order_by("person__name", "pk")
    rows = exported(world, web, "partner.reader", "operators", "")
    assert [row["email"] for row in rows] == list(mine.values_list("person__email", flat=True))
    reader = world.operator("partner.reader")
    assert {"name": str(reader.person), "email": reader.person.email, "roles": "reader",
            "finance_granted": "false", "since": f"{reader.created_at:%Y-%m-%dT%H:%M:%SZ}",
            "last_sign_in": "", "has_second_factor": "false"} in rows  # fmt: skip
    [admin] = exported(world, web, "partner.reader", "operators", "q=admin.&role=admin")
    assert admin["email"] == world.person("partner.admin").email


def test_the_vendors_lists_of_organisations(world: World, web: Any) -> None:
    [publisher] = exported(world, web, "vendor.reader", "publishers", f"q={world.publisher.org_id}")
    assert (publisher["name"], publisher["state"]) == (world.publisher.name, "active")
    [customer] = exported(world, web, "vendor.reader", "all_customers", f"q={world.customer.org_id}")
    assert customer["tenant_id"] == str(world.customer.tenant_id)
    rows = exported(world, web, "vendor.reader", "memberships", f"q={world.partner.org_id}&state=active")
    assert rows and {(row["org_id"], row["kind"]) for row in rows} == {(world.partner.org_id, "partner")}
    for key in ("publishers", "all_customers", "memberships"):
        assert web("distributor.admin").post(NEW, {"list": key}).status_code == 404


def test_invitations_of_operators_are_ones_own(world: World, web: Any) -> None:
    [row] = exported(world, web, "partner.reader", "pending_operators", "step=sent")
    assert row["email"] == f"invited.{canary('partner', 'people')}@example.com"
    assert (row["roles"], row["state"], row["opened_at"]) == ("reader", "open", "")
    assert exported(world, web, "partner.reader", "pending_operators", "step=withdrawn") == []


def test_unusual_use_of_one(world: World, web: Any) -> None:
    """Of a customer within reach, or one's own."""
    theirs = exported(world, web, "partner.reader", "unusual_use", "", customer=world.customer.public_id)
    assert [(row["org_id"], row["metric"]) for row in theirs] == [(world.customer.org_id, "monthly_active")]
    assert exported(world, web, "customer.reader", "unusual_use", "") == theirs
    foreign = {"list": "unusual_use", "customer": world.stranger.public_id}
    assert web("partner.reader").post(NEW, foreign).status_code == 404


def test_unusual_use_of_customers(world: World, web: Any) -> None:
    rows = exported(world, web, "partner.reader", "anomalies", "")
    assert {row["org_id"] for row in rows} == {world.customer.org_id, world.customer2.org_id}
    assert (rows[0]["metric"], rows[0]["value"], rows[0]["usual_low"]) == ("monthly_active", "6", "8")
    assert web("customer.admin").post(NEW, {"list": "anomalies"}).status_code == 404
