"""Queries of use: the days and months of one customer, and who stands out among many. They return totals, never people
(CC-32)."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from django.db.models import F, Max, QuerySet

from entitlements import counting
from entitlements.models import (
    Anomaly,
    CustomerListing,
    CustomerPace,
    CustomerUsage,
    LicenseAssignment,
    PortfolioMonth,
    UnusualUse,
    UsageDay,
    UsageMonth,
    get_first_day_of_month,
)
from entitlements.models.usage import KEPT
from entitlements.queries.customers import annotate_latest_report_day
from partnerportal.lib.actors import Actor

RANGES = {"12w": 3, "6m": 6, "13m": 13}  # months that each range of a trend shows; twelve weeks are shown by day too
PORTFOLIO_RANGE = "13m"  # the range of a trend of all customers together
WEEKS = dt.timedelta(weeks=12)  # the days that a trend by day shows
DAY_LASTS, MONTH_LASTS = dt.timedelta(days=7), dt.timedelta(days=32)  # time without a report until a SKU counts as over
ASKED = 50  # customers that are asked for the latest day that was reported of many


def list_usage_trend_days(last_day: dt.date) -> list[dt.date]:
    """Return the dates of a daily trend: all days of the twelve weeks that end on `last_day`."""
    return [last_day - dt.timedelta(days=back) for back in range(WEEKS.days - 1, -1, -1)]


def list_usage_trend_months(last_day: dt.date, range_key: str) -> list[dt.date]:
    """Return the months of a trend up to the month of the date `last_day`, each as its first day.

    `range_key` is the key in RANGES that says how many months there are.
    """
    month, months = get_first_day_of_month(last_day), []
    for _number in range(RANGES[range_key]):
        months.append(month)
        month = get_first_day_of_month(month - dt.timedelta(days=1))
    return months[::-1]


@dataclass(frozen=True)
class PeriodUsage:
    """The numbers of a customer's use on a day or in a month, for one SKU or for several together.

    `at` is the day, or the first of the month.
    """

    at: dt.date
    sku_id: int
    sku_name: str  # "" of several together
    purchased: int
    assigned: int
    newly: int  # the part of assigned that is new this month
    monthly: int  # users active in 30 days, or devices where they are fewer
    daily: int  # users or devices active in 24 hours; of a month the highest of its days
    overage: int  # seats assigned beyond those purchased, of each SKU on its own

    @property
    def previously_assigned(self) -> int:
        """The number of assigned licences that were assigned in earlier months."""
        return counting.count_previously_assigned_licences(self.assigned, self.newly)


def list_usage_by_day(actor: Actor, customer_id: int | None, since: dt.date) -> list[PeriodUsage]:
    """Return a customer's use from the day `since` on, with one entry for each day and SKU.

    The peak of a concurrent licence is the highest of thirty days, so thirty more days are read.
    """
    rows = UsageDay.objects.visible_to(actor).filter(
        customer=customer_id, day__gt=since - dt.timedelta(days=counting.ACTIVE_DAYS)
    )
    facts = ("daily_users", "daily_devices", "monthly_users", "monthly_devices", "peak_concurrent")
    fields = ("day", "sku", "sku__name", "sku__licence_model", "purchased", "assigned", "newly_assigned", *facts)
    reported: dict[int, list[counting.DailyUsageCounts]] = {}
    uses = []
    for day, sku, name, model, purchased, assigned, newly, *numbers in rows.order_by("day", "sku").values_list(*fields):
        days = reported.setdefault(sku, [])
        days.append(counting.DailyUsageCounts(day, *numbers))
        if day >= since:
            recent = days[-counting.ACTIVE_DAYS :]
            monthly = counting.count_monthly_active_licences(model, recent, day)
            daily = counting.count_daily_active_licences(model, recent[-1])
            overage = counting.count_licence_overage(assigned, purchased)
            uses.append(PeriodUsage(day, sku, name, purchased, assigned, newly, monthly, daily, overage))
    return uses


def list_usage_by_month(actor: Actor, customer_id: int | None, since: dt.date) -> list[PeriodUsage]:
    """Return a customer's use from the month that begins on `since`, with one entry for each month and SKU."""
    rows = UsageMonth.objects.visible_to(actor).filter(customer=customer_id, month__gte=since)
    fields = ("month", "sku", "sku__name", "purchased", "assigned", "newly_assigned")
    values = rows.order_by("month", "sku").values_list(*fields, "monthly_active", "daily_active_peak")
    return [
        PeriodUsage(
            month,
            sku,
            name,
            purchased,
            assigned,
            newly,
            monthly,
            daily,
            counting.count_licence_overage(assigned, purchased),
        )
        for month, sku, name, purchased, assigned, newly, monthly, daily in values
    ]


def sum_usage_by_period(
    uses: Iterable[PeriodUsage], periods: Sequence[dt.date], grace: dt.timedelta
) -> list[PeriodUsage | None]:
    """Return the use of all SKUs together in each of `periods`, or None where a SKU that is still in use has no report.

    So the trend has a gap there, not a dip. `periods` are days, or the first days of months. A SKU is in use from its
    first report to its last, and on to the end if that is less than `grace` away.
    """
    spans: dict[int, tuple[dt.date, dt.date]] = {}
    at: dict[dt.date, list[PeriodUsage]] = {}
    for use in uses:
        first, last = spans.get(use.sku_id, (use.at, use.at))
        spans[use.sku_id] = min(first, use.at), max(last, use.at)
        at.setdefault(use.at, []).append(use)
    until = max(at, default=dt.date.max)
    ends = {sku: until if until - last < grace else last for sku, (_first, last) in spans.items()}
    expected = [(first, ends[sku]) for sku, (first, _last) in spans.items()]
    return [
        _sum(reported, period)
        if (reported := at.get(period)) and len(reported) >= sum(first <= period <= last for first, last in expected)
        else None
        for period in periods
    ]


def _sum(uses: list[PeriodUsage], at: dt.date) -> PeriodUsage:
    names = ("purchased", "assigned", "newly", "monthly", "daily", "overage")
    numbers = (sum(map(attrgetter(name), uses)) for name in names)
    return PeriodUsage(at, 0, "", *numbers)


def find_latest_use_by_sku(uses: Iterable[PeriodUsage], since: dt.date) -> list[PeriodUsage]:
    """Return the latest reported use of each SKU, in the order of their names. `uses` must come by date.

    SKUs that last reported before `since` are left out.
    """
    last = {use.sku_id: use for use in uses if use.at >= since}
    return sorted(last.values(), key=attrgetter("sku_name", "sku_id"))


def get_customer_usage(actor: Actor, customer_id: int | None) -> CustomerUsage | None:
    """Return the CustomerUsage row of a customer, which is its use in total, or None before the first report."""
    return CustomerUsage.objects.visible_to(actor).filter(customer=customer_id).defer(*KEPT).first()


def list_portfolio_months(actor: Actor) -> list[PortfolioMonth]:
    """Return the last thirteen months of use of all the actor's customers together, the present month last.

    The list is empty until they are counted, also after a customer has stopped sharing its usage.
    """
    rows = list(
        PortfolioMonth.objects.visible_to(actor).order_by(F("month").desc(nulls_first=True))[: RANGES[PORTFOLIO_RANGE]]
    )
    return rows[::-1] if rows and rows[0].month else []


def find_latest_usage_report_day(actor: Actor, unusual_use: UnusualUse) -> dt.date | None:
    """Return the latest day that was reported for customers with this kind of unusual use, or None without any.

    Only the first ASKED customers by name are looked up, because each costs a look-up, and the usage of all arrives
    together.
    """
    rows = CustomerListing.objects.visible_to(actor).filter(unusual__contains=[unusual_use])
    first = rows.order_by("name_folded", "customer").values("customer")[:ASKED]
    return CustomerUsage.objects.visible_to(actor).filter(customer__in=first).aggregate(day=Max("as_of"))["day"]


def list_open_anomalies(actor: Actor, customer_id: int | None) -> list[Anomaly]:
    """Return the open anomalies of a customer's use, with their SKUs, the newest first."""
    rows = Anomaly.objects.visible_to(actor).filter(customer=customer_id, ended_on=None).select_related("sku")
    return list(rows.order_by("-found_on", "pk"))


@dataclass(frozen=True)
class CustomerSeatChange:
    """How the assigned seats of a customer have changed, and when all its seats will be assigned."""

    listing: CustomerListing
    moved: int  # seats assigned, against 28 days before
    full_on: dt.date | None  # None: not at this pace, or unknown


@dataclass(frozen=True)
class StandoutCustomers:
    """The customers whose use stands out: the largest changes of seats, and the soonest without seats left."""

    changed: list[CustomerSeatChange]  # whose assigned seats rose or fell most against 28 days before
    filling: list[CustomerSeatChange]  # whose seats will all be assigned first

    @property
    def latest_report_day(self) -> dt.date | None:
        """The latest day for which use of any of these customers was reported, or None."""
        days = (pace.listing.as_of for pace in (*self.changed, *self.filling))  # type: ignore[attr-defined]
        return max((day for day in days if day), default=None)


def find_standout_customers(actor: Actor, today: dt.date, limit: int) -> StandoutCustomers:
    """Return the actor's customers whose use stands out, up to `limit` for each list of StandoutCustomers.

    They are found by indexes, so that it costs the same however many customers there are.
    """
    rows = annotate_latest_report_day(CustomerListing.objects.visible_to(actor))
    fastest = _fastest(actor, today, limit)
    listings = {row.customer_id: row for row in rows.filter(customer__in=[row.customer_id for row in fastest])}
    paces = [  # a customer may have left between the two queries
        CustomerSeatChange(listings[row.customer_id], row.moved or 0, row.full_on)
        for row in fastest
        if row.customer_id in listings
    ]
    by_moved = sorted(paces, key=lambda pace: (-abs(pace.moved), pace.listing.customer_id))
    filling = [pace for pace in by_moved if pace.full_on and pace.full_on > today]
    return StandoutCustomers(
        changed=[pace for pace in by_moved if pace.moved][:limit],
        filling=sorted(filling, key=lambda pace: (pace.full_on, pace.listing.customer_id))[:limit],
    )


def _fastest(actor: Actor, today: dt.date, limit: int) -> list[CustomerPace]:
    """Return the `limit` customers at each end of the paces, in one query: three short walks along an index each."""
    rows = CustomerPace.objects.visible_to(actor)
    risen = rows.filter(moved__gt=0).order_by("-moved", "-customer")[:limit]
    fallen = rows.filter(moved__lt=0).order_by("moved", "customer")[:limit]
    filling = rows.filter(full_on__gt=today).order_by("full_on", "customer")[:limit]
    return list(risen.union(fallen, filling))


def list_licence_holders(actor: Actor) -> QuerySet[LicenseAssignment]:
    """Return the licences of the actor's organisation that a person or device holds now, with their SKUs.

    Only who has the permission MANAGE_HOLDERS may see them, which the caller checks.
    """
    rows = LicenseAssignment.objects.visible_to(actor).currently_held()
    return rows.select_related("sku")
