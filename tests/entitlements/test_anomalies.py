"""What counts as unusual, that it is told once to the right ones, and how it ends."""

import datetime as dt
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from django.utils.html import escape
from hypothesis import given
from hypothesis import strategies as st

from entitlements import anomalies
from entitlements.actions.anomalies import detect_usage_anomalies
from entitlements.actions.usage import ReportedUsageDay, store_usage_days
from entitlements.anomalies import compare_with_usual_range, compute_usual_range
from entitlements.models import Anomaly, CustomerListing, CustomerUsage, Sku, UsageDay, UsageMonth
from notifications import registry
from notifications.actions.outbox import send_due_emails, write_due_notices
from notifications.models import Event, MailMode, Notice, NoticePreference
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.scopes import Scope, includes_scopes
from tests.world import World

ON = dt.date(2026, 3, 31)
STAFF = Actor.system("test")


def days(values: list[int], until: dt.date = ON) -> dict[dt.date, int]:
    return {until - dt.timedelta(days=back): value for back, value in enumerate(reversed(values))}


def test_the_usual_range_by_a_worked_example() -> None:
    """Median 100, median deviation 5: 100 ± 3 x 1.4826 x 5 is 77.8 to 122.2, in whole numbers around it."""
    assert compute_usual_range([90, 95, 100, 105, 110]) == (77, 123)
    assert compute_usual_range([1, 2, 9]) == (0, 7)  # never below none


@pytest.mark.promise("G-7")
def test_the_example() -> None:
    """Eight weeks between 175 and 190, then a fall within 14 days."""
    usual = [180, 182, 184, 183, 182, 181, 183] * 8
    found = compare_with_usual_range(days([*usual, *range(182, 121, -5), 121]), ON)
    assert found and found.is_unusual
    assert (found.value, found.before) == (121, 183)
    assert anomalies.describe_anomaly("monthly_active", before=182, value=121, low=175, high=190) == (
        "Monthly active users fell from 182 to 121 in 14 days; usual range 175–190"
    )


@pytest.mark.parametrize(
    ("values", "is_unusual"),
    [
        ([100] * 56 + [100] * 14, False),  # flat
        ([100] * 56 + [100] * 13 + [91], False),  # less than 10 %
        ([20] * 56 + [20] * 13 + [16], False),  # fewer than 5
        ([20] * 56 + [20] * 13 + [15], True),
        ([100] * 56 + [100] * 13 + [130], True),  # a rise
        ([60 + at for at in range(70)], False),  # steady growth is its own usual range
        ([80, 120] * 28 + [100] * 13 + [70], False),  # wide usual range
        ([100] * 55 + [40] * 14 + [60], False),  # on its way back
    ],
)
def test_what_is_unusual(values: list[int], is_unusual: bool) -> None:
    found = compare_with_usual_range(days(values), ON)
    assert found and found.is_unusual == is_unusual


def test_without_four_weeks_of_history_nothing_is_said() -> None:
    assert compare_with_usual_range(days([100] * 27 + [100] * 13 + [10]), ON) is None
    assert compare_with_usual_range(days([100] * 28 + [100] * 13 + [10]), ON) is not None
    assert compare_with_usual_range({ON: 5}, ON) is None
    assert compare_with_usual_range(days([100] * 70, ON - dt.timedelta(days=1)), ON) is None  # no report that day


@given(values=st.lists(st.integers(0, 10**9), min_size=1, max_size=60))
def test_half_of_the_usual_lies_in_the_usual_range(values: list[int]) -> None:
    low, high = compute_usual_range(values)
    assert 0 <= low <= high
    assert sum(low <= value <= high for value in values) * 2 >= len(values)


def report(world: World, name: str, sku: Sku, active: list[int], until: int = 0) -> None:
    """By day, the last of them so many days ago."""
    today = timezone.now().date() - dt.timedelta(days=until)
    rows = [
        ReportedUsageDay(
            back, world[name].pk, sku.pk, today - dt.timedelta(days=back), 500, 400, 0, 50, 50, value, value, 9
        )
        for back, value in enumerate(reversed(active))
    ]  # fmt: skip
    store_usage_days(actor=STAFF, usage_days=rows)
    CustomerUsage.objects.update(checked_at=None)  # a test is one transaction, and in it every moment is the same


@pytest.fixture
def sku(db: None) -> Sku:
    return Sku.objects.create(code="ANO", service="Vault", name="Vault Pro")


FALLING = [*[182] * 60, *range(182, 121, -5)]


def test_told_once_to_the_customer_and_those_connected(world: World, sku: Sku) -> None:
    report(world, "customer", sku, FALLING)
    assert detect_usage_anomalies(actor=STAFF) == 1
    while write_due_notices():
        pass
    told = {world.names[notice.recipient_id] for notice in Notice.objects.filter(kind="use_unusual")}
    assert told == {"customer", "partner", "lapsed", "distributor"}
    assert detect_usage_anomalies(actor=STAFF) == 0
    report(world, "customer", sku, [*FALLING[1:], 120])  # it still falls
    assert detect_usage_anomalies(actor=STAFF) == 0
    assert Event.objects.filter(kind="usage.unusual").count() == 1


@pytest.mark.promise("G-7")
def test_one_notice_names_all_services_with_their_numbers(world: World, sku: Sku, web: Any) -> None:
    flow = Sku.objects.create(code="ANO-2", service="Flow", name="Flow")
    choose(world, "partner.reader", "use_unusual", MailMode.EACH)
    report(world, "customer", sku, FALLING)
    report(world, "customer", flow, [*[100] * 56, *[100] * 13, 190])
    report(world, "customer2", flow, [*[100] * 56, *[100] * 13, 50])
    assert detect_usage_anomalies(actor=STAFF) == 3
    while write_due_notices():
        pass
    notices = Notice.objects.filter(kind="use_unusual", recipient_id=world.partner.pk)
    assert {world.names[notice.about_id] for notice in notices} == {"customer", "customer2"}
    assert len(notices) == 2
    kind, notice = registry.get_notice_kinds()["use_unusual"], notices.get(about_id=world.customer.pk)
    assert kind.get_subject(notice) == "Unusual usage in 2 services"
    lines = kind.get_body(notice).split("\n")
    assert lines[0] == "Flow: Monthly active users rose from 100 to 190 in 14 days; usual range 100–100"
    assert lines[1].startswith("Vault Pro: Monthly active users fell from 182 to 122 in 14 days; usual range ")
    assert kind.get_subject(notices.get(about_id=world.customer2.pk)) == "Usage of Flow is falling"
    assert Anomaly.objects.filter(customer=world.customer, ended_on=None).count() == 2

    inbox = web("partner.reader").get("/inbox/").content.decode()
    assert f"{escape(lines[0])} · {escape(lines[1])}" in inbox
    activity = web("partner.reader").get(f"/customers/{world.customer.public_id}/activity/").content.decode()
    assert "Usage of Flow, Vault Pro left its usual range" in activity
    while send_due_emails():
        pass
    message = next(message for message in mail.outbox if "2 services" in message.subject)
    assert f"{world.customer.name}\n{lines[0]}\n{lines[1]}" in message.body
    assert f"{lines[0]}<br>{lines[1]}" in message.alternatives[0][0]


def choose(world: World, who: str, kind: str, how: MailMode) -> None:
    person, organization = world.person(who), world.organization_of(who)
    NoticePreference.objects.create(organization_id=organization.pk, person_id=person.pk, kind=kind, mail=how)


@pytest.mark.parametrize(
    ("found", "falling", "services", "subject"),
    [
        (1, 0, 1, "Usage of Vault is rising"),
        (2, 1, 1, "Unusual usage of Vault"),
        (3, 3, 2, "Usage is falling in 2 services"),
        (3, 0, 3, "Usage is rising in 3 services"),
    ],
)
def test_the_subject_says_where_it_goes(found: int, falling: int, services: int, subject: str) -> None:
    params = {"found": found, "falling": falling, "services": services, "uses": [{"service": "Vault"}]}
    assert registry.get_notice_kinds()["use_unusual"].get_subject(Notice(params=params)) == subject


def test_a_notice_says_each_service_once() -> None:
    def use(service: str, metric: str) -> dict[str, Any]:
        return {"service": service, "metric": metric, "before": 100, "value": 60, "low": 90, "high": 110}

    uses = [use("Vault", "monthly_active"), use("Flow", "assigned"), use("Vault", "assigned")]
    active, assigned = (f"{what} fell from 100 to 60 in 14 days; usual range 90–110" for what in (
        "Monthly active users", "Licences assigned"))  # fmt: skip
    both = [f"Vault: {active}; {assigned}", f"Flow: {assigned}", "and 1 more on the usage page"]
    assert anomalies.describe_anomalies(uses, total_count=4).split("\n") == both
    assert anomalies.describe_anomalies([uses[0], uses[2]], total_count=2) == f"{active}; {assigned}"


def test_a_notice_has_an_end(world: World) -> None:
    """However many services a customer has: the greatest changes, and how many more there are."""
    today = timezone.now().date()
    skus = [Sku.objects.create(code=f"M-{n}", service="Many", name=f"Many {n}") for n in range(13)]
    rows = [
        ReportedUsageDay(100 * n + back, world.customer.pk, sku.pk, today - dt.timedelta(days=back),
                         500, 400, 0, 50, 50, value, value, 9)
        for n, sku in enumerate(skus) for back, value in enumerate([50 + n, *[100] * 69])
    ]  # fmt: skip
    store_usage_days(actor=STAFF, usage_days=rows)
    CustomerUsage.objects.update(checked_at=None)
    assert detect_usage_anomalies(actor=STAFF) == 13
    data = Event.objects.get(kind="usage.unusual").data
    lines = anomalies.describe_anomalies(data["uses"], total_count=data["found"]).split("\n")
    assert [line.partition(":")[0] for line in lines[:-1]] == [f"Many {n}" for n in range(10)]
    assert lines[-1] == "and 3 more on the usage page"


def test_falling_narrows_the_list_until_it_is_over(world: World, sku: Sku, web: Any, api: Any) -> None:
    report(world, "customer", sku, FALLING)
    detect_usage_anomalies(actor=STAFF)
    for listing in CustomerListing.objects.filter(customer=world.customer):  # but who may not see the use
        assert listing.unusual == (["falling", "new"] if includes_scopes(listing.scopes, Scope.USAGE) else [])
    page = web("partner.reader").get("/customers/?unusual=falling").content.decode()
    assert str(world.customer.public_id) in page and str(world.customer2.public_id) not in page
    assert api("partner.reader").get("/api/v1/customers/?unusual=falling").json()["totalCount"] == 1
    detail = web("partner.reader").get(f"/customers/{world.customer.public_id}/usage/").content.decode()
    assert "Monthly active users fell from 182 to" in detail
    overview = web("partner.reader").get(f"/customers/{world.customer.public_id}/").content.decode()
    assert "Monthly active users fell from 182 to" in overview
    found_on = Anomaly.objects.get(customer=world.customer, sku=sku, metric="monthly_active").found_on
    assert (
        f"(as of {formats.format_date(found_on)})" in detail and f"(as of {formats.format_date(found_on)})" in overview
    )
    first_page = web("partner.reader").get("/").content.decode()
    assert '?unusual=falling">1</a>' in first_page and f"as of {formats.format_date(found_on)}" in first_page

    report(world, "customer", sku, [182] * 70)  # corrected
    assert detect_usage_anomalies(actor=STAFF) == 0
    assert not Anomaly.objects.filter(customer=world.customer, ended_on=None).exists()
    assert not CustomerListing.objects.exclude(unusual=[]).exists()


@pytest.mark.parametrize(
    ("active", "assigned", "history", "kinds"),
    [
        (0, 5, 30, ["idle"]),
        (1, 5, 30, []),
        (0, 0, 30, []),  # nobody has a licence to use
        (0, 5, 29, []),  # fewer days are known than the number counts
    ],
)
def test_idle_is_who_has_licences_and_uses_none(active: int, assigned: int, history: int, kinds: list[str]) -> None:
    usage = CustomerUsage(as_of=ON, monthly_active=active, assigned=assigned, history_days=history)
    assert anomalies.list_unusual_use_kinds(usage, []) == kinds


@pytest.mark.parametrize(
    ("value", "age", "kinds"),
    [
        (20, 0, ["rising", "new"]),
        (20, 6, ["rising", "new"]),
        (20, 7, ["rising"]),
        (1, 7, ["falling"]),
    ],
)
def test_an_anomaly_falls_or_rises_and_is_new_for_a_week(value: int, age: int, kinds: list[str]) -> None:
    usage = CustomerUsage(as_of=ON, monthly_active=9, assigned=9, history_days=99)
    found = Anomaly(found_on=ON - dt.timedelta(days=age), value=value, low=5, high=15)
    assert anomalies.list_unusual_use_kinds(usage, [found]) == kinds


@pytest.mark.parametrize(("until", "is_open"), [(6, True), (7, False)])
def test_it_ends_with_the_service(world: World, sku: Sku, until: int, is_open: bool) -> None:
    """The customer gave it up: no report will bring the number back into its range."""
    CustomerUsage.objects.filter(customer=world.customer).delete()
    UsageDay.objects.filter(customer=world.customer).delete()
    UsageMonth.objects.filter(customer=world.customer).delete()
    report(world, "customer", sku, FALLING, until=until)
    assert detect_usage_anomalies(actor=STAFF) == 1
    other = Sku.objects.create(code="GOE", service="Other", name="Goes On")
    report(world, "customer", other, [50] * 70)
    assert detect_usage_anomalies(actor=STAFF) == 0
    assert Anomaly.objects.filter(customer=world.customer, ended_on=None).exists() == is_open
    assert CustomerListing.objects.filter(customer=world.customer, unusual__contains=["falling"]).exists() == is_open


def test_only_what_changed_is_looked_at(world: World, sku: Sku, count_queries: Any) -> None:
    CustomerUsage.objects.update(checked_at=timezone.now() - dt.timedelta(days=1))
    detect_usage_anomalies(actor=STAFF)
    assert {usage.checked_at == usage.updated_at for usage in CustomerUsage.objects.all()} == {True}
    with count_queries() as statements:
        detect_usage_anomalies(actor=STAFF)
    assert not [query for query in statements if "usageday" in str(query)]


def test_feeds_of_many_customers_cost_the_same(world: World, sku: Sku, count_queries: Any) -> None:
    def cost() -> int:
        CustomerUsage.objects.update(checked_at=None)
        with count_queries() as statements:
            detect_usage_anomalies(actor=STAFF)
        return len(statements)

    report(world, "customer", sku, [182] * 70)
    one = cost()
    for name in ("customer2", "stranger", "ended"):
        report(world, name, sku, [182] * 70)
    assert cost() == one
