"""Actions that open and close anomalies, by night, for customers whose use has changed since it was last looked at."""

import datetime as dt
from collections import defaultdict
from typing import Any

from django.db import transaction

from accounts.models import Organization
from entitlements import counting
from entitlements.actions.usage import lock_usage_tables
from entitlements.anomalies import (
    HISTORY,
    LOOKS_BACK,
    NEAR,
    TOLD,
    UsageNumberWithUsualRange,
    compare_with_usual_range,
    list_anomaly_service_names,
    list_unusual_use_kinds,
)
from entitlements.events import EntitlementEventKind
from entitlements.models import Anomaly, CustomerUsage, Sku, UsageDay
from entitlements.models.usage import KEPT, TO_CHECK
from entitlements.queries.usage import DAY_LASTS
from notifications.actions.recording import make_event, record_events
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.policies import authorize_system

BATCH = 200  # customers in one transaction
READ_BACK = LOOKS_BACK + HISTORY + NEAR  # how far back days are read, so that the usual range can be told
FACTS = ("daily_users", "daily_devices", "monthly_users", "monthly_devices", "peak_concurrent")
Metric = Anomaly.Metric
Key = tuple[int, int, str]  # customer, SKU, metric
Series = dict[Key, dict[dt.date, int]]


def detect_usage_anomalies(*, actor: Actor) -> int:
    """Find unusual use of licences by the customers that are due for a check, and return how many anomalies are new.

    Each anomaly is reported once. One notice holds all anomalies that were found for a customer in a night.
    """
    authorize_system(actor)
    opened = 0
    while (in_batch := _look_at_batch(actor)) is not None:
        opened += in_batch
    return opened


@transaction.atomic
def _look_at_batch(actor: Actor) -> int | None:
    """Look at up to BATCH customers, and return how many anomalies were opened, or None if no customer is due.

    The lock of those who store use is held: nothing changes between reading it and saying that it was looked at.
    """
    lock_usage_tables()
    due = list(CustomerUsage.objects.filter(TO_CHECK).defer(*KEPT).order_by("customer_id")[:BATCH])
    if not due:
        return None
    series = _series(due)
    as_of = {usage.customer_id: usage.as_of for usage in due}
    findings = {
        key: finding for key, values in series.items() if (finding := compare_with_usual_range(values, as_of[key[0]]))
    }
    still_open = _close(findings, series, as_of)
    opened = _open(findings, as_of, still_open)
    record_events(_news(actor, opened))
    _mark(due, opened, still_open)
    return len(opened)


def _series(due: list[CustomerUsage]) -> Series:
    """Return the numbers of each SKU of each customer by day, back to where their usual range begins."""
    since = min(usage.as_of for usage in due) - READ_BACK
    as_of = {usage.customer_id: usage.as_of for usage in due}
    rows = UsageDay.objects.filter(customer__in=as_of, day__gt=since).order_by("day")
    series: Series = defaultdict(dict)
    peaks: dict[tuple[int, int], list[counting.DailyUsageCounts]] = defaultdict(list)
    for customer, sku, day, model, assigned, *numbers in rows.values_list(
        "customer", "sku", "day", "sku__licence_model", "assigned", *FACTS
    ).iterator(chunk_size=20_000):
        reported = counting.DailyUsageCounts(day, *numbers)
        if model == Sku.LicenceModel.CONCURRENT:
            recent = peaks[customer, sku]
            recent.append(reported)
            del recent[: -counting.ACTIVE_DAYS]
            active = counting.count_monthly_active_licences(model, recent, day)
        else:
            active = counting.count_monthly_active_licences(model, [reported], day)
        series[customer, sku, Metric.MONTHLY_ACTIVE][day] = active
        series[customer, sku, Metric.ASSIGNED][day] = assigned
    return series


def _close(findings: dict[Key, UsageNumberWithUsualRange], series: Series, as_of: dict[int, dt.date]) -> list[Anomaly]:
    """End the anomalies of the customers that are over, and return those that stay open.

    An anomaly is over when its number is back in the range of its time, or in what has become usual since, or when its
    service is over, as the trend sees it (`together`).
    """
    remaining = []
    for row in Anomaly.objects.filter(customer__in=as_of, ended_on=None).select_for_update():
        key = (row.customer_id, row.sku_id, row.metric)
        on = as_of[row.customer_id]
        reported, finding = series.get(key, {}), findings.get(key)
        value = reported.get(on)
        is_over = on - max(reported, default=dt.date.min) >= DAY_LASTS
        is_back = value is not None and row.low <= value <= row.high
        is_usual = finding is not None and finding.low <= finding.value <= finding.high
        if is_back or is_usual or is_over:
            row.ended_on = on
            row.save(update_fields=["ended_on"])
        else:
            remaining.append(row)
    return remaining


def _open(
    findings: dict[Key, UsageNumberWithUsualRange], as_of: dict[int, dt.date], still_open: list[Anomaly]
) -> list[Anomaly]:
    """Store and return an anomaly for each unusual number that has none open yet."""
    known = {(row.customer_id, row.sku_id, row.metric) for row in still_open}
    return Anomaly.objects.bulk_create(
        Anomaly(
            customer_id=customer, sku_id=sku, metric=metric, found_on=as_of[customer],
            value=finding.value, before=finding.before, low=finding.low, high=finding.high,
        )
        for (customer, sku, metric), finding in sorted(findings.items())
        if finding.is_unusual and (customer, sku, metric) not in known
    )  # fmt: skip


def _news(actor: Actor, opened: list[Anomaly]) -> list[Event]:
    """Return one event for each customer, however many of its numbers are unusual."""
    customers = Organization.objects.in_bulk({row.customer_id for row in opened})
    names = dict(Sku.objects.filter(pk__in={row.sku_id for row in opened}).values_list("pk", "name"))
    uses: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in opened:
        numbers = {name: getattr(row, name) for name in ("metric", "value", "before", "low", "high")}
        uses[row.customer_id].append({"service": names[row.sku_id], **numbers})
    return [
        make_event(
            EntitlementEventKind.USE_UNUSUAL,
            actor=actor,
            subject=customers[customer],
            customer_id=customer,
            scopes=EntitlementEventKind.USE_UNUSUAL.scopes,
            data=_data(customers[customer], unusual),
        )
        for customer, unusual in uses.items()
    ]


def _data(customer: Organization, uses: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the notice says: the greatest changes, by their share, and how many more there are."""
    uses.sort(key=lambda use: -abs(use["value"] - use["before"]) / max(use["before"], 1))
    return {
        "customer": str(customer.public_id),
        "customer_name": customer.name,
        "sku_name": ", ".join(list_anomaly_service_names(uses[:TOLD])),
        "uses": uses[:TOLD],
        "found": len(uses),
        "falling": sum(use["value"] < use["low"] for use in uses),
        "services": len({use["service"] for use in uses}),
    }


def _mark(due: list[CustomerUsage], opened: list[Anomaly], still_open: list[Anomaly]) -> None:
    """Note that the customers were looked at, and what is unusual about their use, which is a filter of lists."""
    anomalies: dict[int, list[Anomaly]] = defaultdict(list)
    for row in (*opened, *still_open):
        anomalies[row.customer_id].append(row)
    for usage in due:
        usage.checked_at = usage.updated_at
        usage.unusual = list_unusual_use_kinds(usage, anomalies[usage.customer_id])
    CustomerUsage.objects.bulk_update(due, ["checked_at", "unusual"])
