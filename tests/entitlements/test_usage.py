"""Usage as it comes in: in any order, in any pieces, more than once, late, corrected."""

import datetime as dt
import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entitlements.actions.usage_check import find_wrong_usage_totals, rebuild_usage_totals
from entitlements.ingest.importing import import_feed
from entitlements.models import CustomerUsage, Sku, UsageDay, UsageMonth
from partnerportal.lib.actors import Actor
from tests.counts import count
from tests.entitlements import naive_usage
from tests.world import World

FEED = Actor.system("feed under test")
MODELS = {"U-ONE": "user_device", "U-TWO": "user_device", "U-PEAK": "concurrent"}
NUMBERS = ["daily_users", "daily_devices", "monthly_users", "monthly_devices", "peak_concurrent"]


@pytest.fixture
def org_ids(world: World) -> list[str]:
    """Two customers, and nothing that was reported before."""
    UsageDay.objects.all().delete()
    UsageMonth.objects.all().delete()
    CustomerUsage.objects.all().delete()
    for code, model in MODELS.items():
        Sku.objects.create(code=code, service="Use", name=code, licence_model=model)
    return [world.customer.org_id, world.customer2.org_id]


def line(org_id: str, day: dt.date, sku: str = "U-ONE", **changes: int) -> dict[str, Any]:
    numbers = dict.fromkeys(NUMBERS, 5)
    return {"type": "usage", "customer": org_id, "sku": sku, "day": str(day), "purchased": 20, "assigned": 10,
            "newly_assigned": 1} | numbers | changes  # fmt: skip


def send(lines: list[dict[str, Any]], **options: Any) -> list[str]:
    results: list[Any] = []
    stream = io.BytesIO("\n".join(map(json.dumps, lines)).encode())
    import_feed(actor=FEED, stream=stream, report_result=results.append, **options)
    return [str(r.outcome) if not r.problems else f"{r.problems[0].field}:{r.problems[0].code}" for r in results]


def stored_months() -> set[tuple[Any, ...]]:
    names = [
        "customer__org_id",
        "sku__code",
        "month",
        "purchased",
        "assigned",
        "newly_assigned",
        "last_day",
        "days",
        "monthly_active",
    ]
    return set(UsageMonth.objects.values_list(*names, "daily_active_peak"))


def stored_customer(org_id: str) -> tuple[Any, ...] | None:
    names = [
        "as_of",
        "purchased",
        "assigned",
        "overage",
        "monthly_active",
        "assigned_before",
        "active_before",
        "full_on",
        "history_days",
        "weeks",
    ]
    return CustomerUsage.objects.filter(customer__org_id=org_id).values_list(*names).first()


def assert_as_naive(lines: list[dict[str, Any]], org_ids: list[str]) -> None:
    assert stored_months() == naive_usage.months(lines, MODELS)
    for org_id in org_ids:
        assert stored_customer(org_id) == naive_usage.customer(lines, MODELS, org_id)
    assert find_wrong_usage_totals() == []


def clear() -> None:
    with connection.cursor() as cursor:
        for table in ("usageday", "usagemonth", "customerusage"):
            cursor.execute(f"DELETE FROM entitlements_{table}")


@st.composite
def usage_lines(draw: Any) -> list[tuple[int, int, str, dict[str, int]]]:
    """Customer, days ago, SKU, numbers; a cluster of days and some stragglers."""
    days = st.one_of(st.integers(0, 45), st.integers(0, 130), st.integers(0, 500))
    one = st.tuples(st.integers(0, 1), days, st.sampled_from(sorted(MODELS)), st.fixed_dictionaries({
        "purchased": st.integers(0, 30), "assigned": st.integers(5, 40), "newly_assigned": st.integers(0, 5),
        **{name: st.integers(0, 40) for name in NUMBERS},
    }))  # fmt: skip
    return draw(st.lists(one, min_size=1, max_size=40, unique_by=lambda row: row[:3]))


@pytest.mark.slow
@pytest.mark.no_cover
@given(drawn=usage_lines(), data=st.data())
@settings(max_examples=count(300), suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_any_order_repetition_and_split_gives_what_the_raw_lines_say(
    org_ids: list[str], drawn: list[tuple[int, int, str, dict[str, int]]], data: Any
) -> None:
    clear()
    now = timezone.now().date()
    lines = [line(org_ids[who], now - dt.timedelta(back), sku, **numbers) for who, back, sku, numbers in drawn]
    order = data.draw(st.permutations(lines))
    order += data.draw(st.lists(st.sampled_from(lines), max_size=8))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(order)), max_size=4)))
    for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True):
        send(order[start:end])
    assert_as_naive(lines, org_ids)


def test_a_pace_that_leads_to_a_whole_number_of_days_leads_to_that_day(org_ids: list[str]) -> None:
    """392 days, where the last digits of Python's number and of PostgreSQL's differ: one said the day after."""
    clear()
    now, numbers = timezone.now().date(), dict.fromkeys([*NUMBERS, "newly_assigned"], 0)
    reports = ((0, 15, 14), (28, 0, 30), (84, 0, 17))
    sku = "U-ONE"
    lines = [
        line(org_ids[0], now - dt.timedelta(back), sku, purchased=purchased, assigned=assigned, **numbers)
        for back, purchased, assigned in reports
    ]
    send(lines)
    assert_as_naive(lines, org_ids)


@pytest.mark.slow
@pytest.mark.no_cover
@given(drawn=usage_lines(), data=st.data())
@settings(max_examples=count(300), suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_corrections_count_in_the_order_in_which_they_come(
    org_ids: list[str], drawn: list[tuple[int, int, str, dict[str, int]]], data: Any
) -> None:
    clear()
    now = timezone.now().date()
    lines = [line(org_ids[who], now - dt.timedelta(back), sku, **numbers) for who, back, sku, numbers in drawn]
    changes = st.tuples(st.sampled_from(lines), st.integers(5, 60), st.integers(0, 60))
    for old, assigned, users in data.draw(st.lists(changes, max_size=8)):
        lines.append(old | {"assigned": assigned, "monthly_users": users, "peak_concurrent": users})
    cut = data.draw(st.integers(0, len(lines)))
    send(lines[:cut])
    send(lines[cut:])
    assert_as_naive(lines, org_ids)


def test_the_same_again_touches_no_row(org_ids: list[str]) -> None:
    today = timezone.now().date()
    lines = [line(org_ids[0], today - dt.timedelta(back), sku) for back in range(60) for sku in MODELS]
    assert send(lines) == ["added"] * 180
    before = versions()
    assert send(lines) == ["unchanged"] * 180
    assert versions() == before
    assert send([lines[5] | {"daily_users": 0}]) == ["changed"]


def versions() -> list[tuple[Any, ...]]:
    tables = ("usageday", "usagemonth", "customerusage")
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(f"SELECT '{t}', tableoid, ctid::text, xmin::text FROM entitlements_{t}" for t in tables)
        )
        return sorted(cursor.fetchall())


def test_days_of_clock_changes_and_the_leap_day_are_days_like_others(org_ids: list[str]) -> None:
    """UTC has no such days, whatever the reader's clock does; 2024 had a 29 February."""
    with timezone.override("America/New_York"):
        first = timezone.now().date().replace(year=2024, month=2, day=26)
        lines = [line(org_ids[0], first + dt.timedelta(n), assigned=10 + n % 7) for n in range(40)]
        assert send(lines) == ["added"] * 40
    months = {row.month: row for row in UsageMonth.objects.all()}
    assert [(str(month), row.days, str(row.last_day)) for month, row in sorted(months.items())] == [
        ("2024-02-01", 4, "2024-02-29"), ("2024-03-01", 31, "2024-03-31"), ("2024-04-01", 5, "2024-04-05"),
    ]  # fmt: skip
    assert_as_naive(lines, org_ids)


def test_a_late_day_and_a_correction_repair_the_trend(org_ids: list[str]) -> None:
    month = (timezone.now().date().replace(day=1) - dt.timedelta(days=40)).replace(day=1)
    days = [month + dt.timedelta(n) for n in range(28)]
    send([line(org_ids[0], day, assigned=10) for day in days if day != days[9]])
    late, right = line(org_ids[0], days[9], daily_users=90, daily_devices=80), line(org_ids[0], days[27], assigned=17)
    assert send([late, right]) == ["added", "changed"]
    row = UsageMonth.objects.get()
    assert (row.days, row.assigned, row.daily_active_peak, row.last_day) == (28, 17, 80, days[27])
    send([late | {"daily_users": 7}])
    assert UsageMonth.objects.get().daily_active_peak == 7


def test_the_pace_is_that_of_the_last_thirteen_weeks(org_ids: list[str]) -> None:
    """Seats doubled in the fourteenth week before, and grew faster in the thirteenth: only the latter counts."""
    today = timezone.now().date()
    lines = [
        line(org_ids[0], today - dt.timedelta(back), purchased=400, assigned=300 - back - (back // 84) * (back - 60))
        for back in range(110)
    ]
    send(lines)
    assert_as_naive(lines, org_ids[:1])


def test_another_way_of_counting_counts_what_is_there_anew(org_ids: list[str]) -> None:
    today = timezone.now().date()
    lines = [line(org_ids[0], today - dt.timedelta(back), peak_concurrent=back) for back in range(70)]
    send(lines)
    sku = {"type": "sku", "code": "U-ONE", "service": "Use", "name": "U-ONE", "licence_model": "concurrent"}
    assert send([sku]) == ["changed"]
    assert stored_months() == naive_usage.months(lines, MODELS | {"U-ONE": "concurrent"})
    assert find_wrong_usage_totals() == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"day": "2999-01-01"}, "day:in_the_future"),
        ({"day": "1999-01-01"}, "day:too_old"),
        ({"day": "2026-02-30"}, "day:invalid"),
        ({"day": 20260201}, "day:invalid"),
        ({"assigned": 0}, "newly_assigned:more_than_assigned"),
        ({"assigned": -1}, "assigned:min_value"),
        ({"assigned": 2**31}, "assigned:max_value"),
        ({"assigned": None}, "assigned:null"),
        ({"assigned": True}, "assigned:invalid"),
        ({"assigned": "many"}, "assigned:invalid"),
        ({"peak_concurrent": 1.5}, "peak_concurrent:invalid"),
        ({"holder": "jane@customer.example"}, "holder:unknown_field"),
        ({"customer": "99999999"}, "customer:unknown_customer"),
        ({"customer": 12345678.5}, "customer:invalid"),
        ({"sku": "NONE"}, "sku:unknown_sku"),
        ({"sku": ""}, "sku:blank"),
    ],
)
def test_a_bad_day_is_told_and_takes_no_other_with_it(
    org_ids: list[str], changes: dict[str, Any], problem: str
) -> None:
    today = timezone.now().date()
    good = line(org_ids[0], today - dt.timedelta(1))
    assert send([line(org_ids[0], today) | changes, good]) == [problem, "added"]
    assert UsageDay.objects.count() == 1


def test_a_kind_that_is_not_expected_is_refused(org_ids: list[str]) -> None:
    assert send([line(org_ids[0], timezone.now().date())], line_types=("assignment",)) == ["type:unknown_type"]


def test_statements_do_not_grow_with_the_lines(org_ids: list[str], django_assert_max_num_queries: Any) -> None:
    today = timezone.now().date()
    with django_assert_max_num_queries(25):
        send([line(org_ids[n % 2], today - dt.timedelta(n // 2)) for n in range(400)])


def test_what_went_wrong_is_found_and_repaired(org_ids: list[str]) -> None:
    today = timezone.now().date()
    lines = [line(org, today - dt.timedelta(back), sku) for back in range(80) for sku in MODELS for org in org_ids]
    send(lines)
    call_command("rebuild_usage", "--check", stdout=io.StringIO())
    UsageMonth.objects.filter(month=today.replace(day=1)).update(assigned=99)
    CustomerUsage.objects.filter(customer__org_id=org_ids[1]).update(monthly_active=99)
    gone = UsageDay.objects.filter(sku__code="U-TWO", customer__org_id=org_ids[0])
    gone.delete()
    lines = [one for one in lines if (one["customer"], one["sku"]) != (org_ids[0], "U-TWO")]
    out = io.StringIO()
    with pytest.raises(CommandError, match=r"\d+ differences"):
        call_command("rebuild_usage", "--check", stdout=out)
    assert f"{org_ids[0]} U-TWO {today:%Y-%m}: has no days" in out.getvalue()
    assert rebuild_usage_totals(actor=FEED) > 0
    assert_as_naive(lines, org_ids)
    assert rebuild_usage_totals(actor=FEED) == 0
