"""Reads over use: the days and months of one customer, and who stands out among many. Totals, never people (CC-32)."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from django.db.models import OuterRef, QuerySet, Subquery

from entitlements import counting
from entitlements.models import (
    Anomaly,
    CustomerListing,
    CustomerPace,
    CustomerUsage,
    LicenseAssignment,
    UsageDay,
    UsageMonth,
    month_of,
)
from entitlements.models.listing import HAS_UNUSED, UNUSED, CustomerListingQuerySet
from entitlements.models.usage import KEPT
from partnerportal.lib.actors import Actor

RANGES = {"12w": 3, "6m": 6, "13m": 13}  # of a trend, and how many months it shows; twelve weeks are shown by day too
WEEKS = dt.timedelta(weeks=12)
DAY_LASTS, MONTH_LASTS = dt.timedelta(days=7), dt.timedelta(days=32)  # without a report, until a SKU counts as over


def days_shown(until: dt.date) -> list[dt.date]:
    """Twelve weeks, the last day `until`."""
    return [until - dt.timedelta(days=back) for back in range(WEEKS.days - 1, -1, -1)]


def months_shown(until: dt.date, span: str) -> list[dt.date]:
    """Of one of RANGES, the last with the day `until` in it."""
    month, found = month_of(until), []
    for _number in range(RANGES[span]):
        found.append(month)
        month = month_of(month - dt.timedelta(days=1))
    return found[::-1]


@dataclass(frozen=True)
class Use:
    """A day or a month, of one SKU or of several together. `at` is the day, or the first of the month."""

    at: dt.date
    sku_id: int
    service: str
    purchased: int
    assigned: int
    newly: int  # assigned in this month
    monthly: int  # active users, or devices where they are fewer
    daily: int  # active; of a month the peak
    overage: int  # of each SKU on its own

    @property
    def previously(self) -> int:
        return counting.previously_assigned(self.assigned, self.newly)


def usage_days(actor: Actor, customer_id: int | None, since: dt.date) -> list[Use]:
    """By day. The peak of a concurrent licence is that of thirty days, so that many more are read."""
    rows = UsageDay.objects.visible_to(actor).filter(
        customer=customer_id, day__gt=since - dt.timedelta(days=counting.ACTIVE_DAYS)
    )
    facts = ("daily_users", "daily_devices", "monthly_users", "monthly_devices", "peak_concurrent")
    fields = ("day", "sku", "sku__service", "sku__licence_model", "purchased", "assigned", "newly_assigned", *facts)
    reported: dict[int, list[counting.Day]] = {}
    found = []
    for day, sku, service, model, purchased, assigned, newly, *numbers in rows.order_by("day", "sku").values_list(
        *fields
    ):
        days = reported.setdefault(sku, [])
        days.append(counting.Day(day, *numbers))
        if day >= since:
            recent = days[-counting.ACTIVE_DAYS :]
            monthly = counting.monthly_active(model, recent, day)
            daily = counting.daily_active(model, recent[-1])
            overage = counting.overage(assigned, purchased)
            found.append(Use(day, sku, service, purchased, assigned, newly, monthly, daily, overage))
    return found


def usage_months(actor: Actor, customer_id: int | None, since: dt.date) -> list[Use]:
    rows = UsageMonth.objects.visible_to(actor).filter(customer=customer_id, month__gte=since)
    fields = ("month", "sku", "sku__service", "purchased", "assigned", "newly_assigned")
    found = rows.order_by("month", "sku").values_list(*fields, "monthly_active", "daily_active_peak")
    return [
        Use(month, sku, service, purchased, assigned, newly, monthly, daily, counting.overage(assigned, purchased))
        for month, sku, service, purchased, assigned, newly, monthly, daily in found
    ]


def together(uses: Iterable[Use], moments: Sequence[dt.date], lasting: dt.timedelta) -> list[Use | None]:
    """The sum of all SKUs at each of `moments`; None where one that goes on reported nothing: a gap, not a dip.

    A SKU goes on from its first report to its last, and to the end if that is less than `lasting` away.
    """
    spans: dict[int, tuple[dt.date, dt.date]] = {}
    at: dict[dt.date, list[Use]] = {}
    for use in uses:
        first, last = spans.get(use.sku_id, (use.at, use.at))
        spans[use.sku_id] = min(first, use.at), max(last, use.at)
        at.setdefault(use.at, []).append(use)
    until = max(at, default=dt.date.max)
    ends = {sku: until if until - last < lasting else last for sku, (_first, last) in spans.items()}
    expected = [(first, ends[sku]) for sku, (first, _last) in spans.items()]
    return [
        _sum(found, at=moment)
        if (found := at.get(moment)) and len(found) >= sum(first <= moment <= last for first, last in expected)
        else None
        for moment in moments
    ]


def _sum(uses: list[Use], *, at: dt.date, sku_id: int = 0, service: str = "") -> Use:
    names = ("purchased", "assigned", "newly", "monthly", "daily", "overage")
    numbers = (sum(map(attrgetter(name), uses)) for name in names)
    return Use(at, sku_id, service, *numbers)


def latest_by_service(uses: Iterable[Use], since: dt.date) -> list[Use]:
    """What each service last reported, if that is not before `since`; by its name."""
    last = {use.sku_id: use for use in uses if use.at >= since}  # they come by date
    current = sorted(last.values(), key=attrgetter("service"))
    found = []
    for service, of_service in groupby(current, attrgetter("service")):
        rows = list(of_service)
        found.append(_sum(rows, at=max(row.at for row in rows), sku_id=rows[0].sku_id, service=service))
    return found


def customer_usage(actor: Actor, customer_id: int | None) -> CustomerUsage | None:
    """What lists say of the customer's use; None before the first report."""
    return CustomerUsage.objects.visible_to(actor).filter(customer=customer_id).defer(*KEPT).first()


def with_weeks(rows: CustomerListingQuerySet) -> CustomerListingQuerySet:
    """Each with its sixteen `weeks`, or None, in the same query. The rows are visible, so theirs are."""
    weeks = CustomerUsage.objects.filter(customer=OuterRef("customer")).values("weeks")
    return rows.annotate(weeks=Subquery(weeks))


def open_anomalies(actor: Actor, customer_id: int | None) -> list[Anomaly]:
    rows = Anomaly.objects.visible_to(actor).filter(customer=customer_id, ended_on=None).select_related("sku")
    return list(rows.order_by("-found_on", "pk"))


@dataclass(frozen=True)
class Pace:
    """Of a customer: how far its seats went against 28 days before, and when all of them will be assigned."""

    listing: CustomerListing
    moved: int
    full_on: dt.date | None


@dataclass(frozen=True)
class StandingOut:
    """The customers at the ends of the list, a few of each: by an index, however many customers there are."""

    risen: list[Pace]  # seats assigned against 28 days before
    fallen: list[Pace]
    unused: list[CustomerListing]  # seats purchased and not assigned
    filling: list[Pace]  # will reach 100 % first


def standing_out(actor: Actor, today: dt.date, limit: int) -> StandingOut:
    rows = CustomerListing.objects.visible_to(actor)
    found = _fastest(actor, today, limit)
    listings = {row.customer_id: row for row in rows.filter(customer__in=[row.customer_id for row in found])}
    paces = [  # without one that has just left
        Pace(listings[row.customer_id], row.moved or 0, row.full_on) for row in found if row.customer_id in listings
    ]
    by_moved = sorted(paces, key=lambda pace: (pace.moved, pace.listing.customer_id))
    filling = [pace for pace in by_moved if pace.full_on and pace.full_on > today]
    return StandingOut(
        risen=[pace for pace in by_moved[::-1] if pace.moved > 0][:limit],
        fallen=[pace for pace in by_moved if pace.moved < 0][:limit],
        unused=list(rows.filter(HAS_UNUSED).order_by(UNUSED.desc(), "-customer")[:limit]),
        filling=sorted(filling, key=lambda pace: (pace.full_on, pace.listing.customer_id))[:limit],
    )


def _fastest(actor: Actor, today: dt.date, limit: int) -> list[CustomerPace]:
    """The `limit` at each end, in one question: three short walks along an index each."""
    rows = CustomerPace.objects.visible_to(actor)
    risen = rows.filter(moved__gt=0).order_by("-moved", "-customer")[:limit]
    fallen = rows.filter(moved__lt=0).order_by("moved", "customer")[:limit]
    filling = rows.filter(full_on__gt=today).order_by("full_on", "customer")[:limit]
    return list(risen.union(fallen, filling))


def holders(actor: Actor) -> QuerySet[LicenseAssignment]:
    """Who holds a licence of the actor's organisation now. Only for those who may (`MANAGE_HOLDERS`)."""
    rows = LicenseAssignment.objects.visible_to(actor).held()
    return rows.select_related("sku")
