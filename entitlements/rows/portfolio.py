"""What a first page says of all customers together: how their use has moved, what ends next, whom to look after."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from babel import dates
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from entitlements import anomalies
from entitlements.counting import get_listed_licence_totals
from entitlements.models import Anomaly, CustomerListing, Entitlement, PortfolioMonth, UnusualUse
from entitlements.queries.attention import CustomersNeedingAttention
from entitlements.queries.customers import PortfolioTotals
from entitlements.queries.usage import PeriodUsage
from entitlements.rows.customers import RUNNING, describe_overage, make_licence_bar
from entitlements.rows.months_chart import MonthsOfUsage, make_months_of_usage
from partnerportal.lib import formats
from partnerportal.lib.days import SOON, today
from partnerportal.lib.lists import build_list_url
from partnerportal.lib.rows import AttentionItem, LastDayLabel

NAMED = 2  # services that a line names; how many more there are follows as a number


def make_portfolio_trend(rows: Sequence[PortfolioMonth]) -> MonthsOfUsage | None:
    """Return the use of all customers together in these months, or None where no usage was reported in any."""
    months = [row.month for row in rows if row.month]
    uses = [_as_usage(row) if row.customers else None for row in rows]
    return make_months_of_usage("portfolio", months, uses)


def _as_usage(row: PortfolioMonth) -> PeriodUsage:
    assert row.month, "void rows are not shown"
    numbers = (row.purchased, row.assigned, row.newly_assigned, row.monthly_active)
    return PeriodUsage(row.month, 0, "", *numbers, daily=0, overage=0)


def describe_customers_sharing_usage(totals: PortfolioTotals) -> str:
    """Return in words how many customers share their usage; "" if all do."""
    count = totals.share_usage
    words = ngettext("%(count)s customer shares its usage", "%(count)s customers share their usage", count)
    return words % {"count": formats.format_number(count)} if totals.customers_not_sharing_usage else ""


@dataclass(frozen=True)
class DayAhead:
    """One of the next days, and how many services end on it. The day leads to the list of them."""

    iso: str
    number: str  # of the day in its month
    month: str  # where one begins, and on the first; else empty
    weekday: str  # shortened
    count: str  # "" for none
    label: str  # the day and what ends on it, in words
    url: str
    height: int  # of its bar, in percent of the room that there is
    top: int  # the room above its bar
    is_weekend: bool


def make_days_ahead(count_by_day: Mapping[dt.date, int]) -> list[DayAhead]:
    """Return today (UTC) and each of the next thirty days, with how many services end on it."""
    days = [today() + dt.timedelta(days=ahead) for ahead in range(SOON.days + 1)]
    most = max((count_by_day.get(day, 0) for day in days), default=0)
    return [_make_day_ahead(day, count_by_day.get(day, 0), most) for day in days]


def describe_ends_ahead(count_by_day: Mapping[dt.date, int]) -> str:
    """Return in words how many services end from today (UTC) to thirty days ahead."""
    return _describe_ends(sum(count for day, count in count_by_day.items() if today() <= day <= today() + SOON))


def _describe_ends(count: int) -> str:
    words = ngettext("%(count)s service ends", "%(count)s services end", count)
    return words % {"count": formats.format_number(count)}


def _make_day_ahead(day: dt.date, count: int, most: int) -> DayAhead:
    where = formats.get_reader_locale()
    label = _("%(day)s: %(words)s") % {
        "day": formats.format_date_with_weekday(day),
        "words": _describe_ends(count),
    }
    height = max(round(100 * count / most), 12) if count else 0
    return DayAhead(
        iso=day.isoformat(),
        number=formats.format_number(day.day),
        month=dates.format_date(day, "LLL", locale=where) if _names_month(day) else "",
        weekday=dates.format_date(day, "ccccc", locale=where),
        count=formats.format_number(count) if count else "",
        label=label,
        url=build_list_url(reverse("renewals"), {"on": day.isoformat()}) if count else "",
        height=height,
        top=100 - height,
        is_weekend=day.weekday() >= 5,
    )


def _names_month(day: dt.date) -> bool:
    """Return whether a day stands with its month: where one begins, and today unless the next begins at once."""
    return day.day == 1 or (day == today() and (day + dt.timedelta(days=2)).day > 2)


@dataclass(frozen=True)
class AttentionGroup:
    """The customers to look after for one reason: how many there are, the first of them, and the list of all."""

    title: str
    items: list[AttentionItem]
    all_url: str


def make_attention_groups(totals: PortfolioTotals, found: CustomersNeedingAttention) -> list[AttentionGroup]:
    """Return the groups of customers that need attention, each with its first customers; groups without any are left
    out."""
    customers = reverse("customers")
    groups = (
        (_("Over limit"), totals.over, found.over, _over_item, {"over": "true", "sort": "-over"}),
        (
            _("Ending soon"),
            totals.expiring,
            found.ending,
            _ending_item,
            {"expires_within": SOON.days, "sort": "expires_on"},
        ),
        (
            _("Falling usage"),
            totals.unusual.get(UnusualUse.FALLING, 0),
            found.falling,
            _falling_item,
            {"unusual": UnusualUse.FALLING},
        ),
        (_("Waiting for a trial"), totals.waiting, found.waiting, _waiting_item, {"requests": "true"}),
    )
    return [
        AttentionGroup(
            title=_("%(group)s (%(count)s)") % {"group": label, "count": formats.format_number(count)},
            items=[make_item(row, found) for row in rows],
            all_url=build_list_url(customers, query),
        )
        for label, count, rows, make_item, query in groups
        if count and rows
    ]


def _over_item(row: CustomerListing, found: CustomersNeedingAttention) -> AttentionItem:
    names = {service.sku_id: service.sku.name for service in _running(row, found)}
    bar = make_licence_bar(get_listed_licence_totals(row), names)
    text = bar.over if bar and bar.over else describe_overage(row.overage)
    return _item("bad", "triangle-alert", row, text)


def _ending_item(row: CustomerListing, found: CustomersNeedingAttention) -> AttentionItem:
    ending = [service for service in _running(row, found) if service.ends_on and service.ends_on <= today() + SOON]
    text = _join_first([_describe_ending_service(service) for service in ending])
    return _item("warn", "calendar-clock", row, text, LastDayLabel.from_date(row.expires_on))


def _describe_ending_service(service: Entitlement) -> str:
    if service.kind != Entitlement.Kind.TRIAL:
        return _describe_service(service)
    return _("Trial of %(service)s") % {"service": _describe_service(service)}


def _describe_service(service: Entitlement) -> str:
    seats = ngettext("%(count)s licence", "%(count)s licences", service.quantity)
    return _name_service(service.sku.name, seats % {"count": formats.format_number(service.quantity)})


def _falling_item(row: CustomerListing, found: CustomersNeedingAttention) -> AttentionItem:
    lines = [_describe_fall(anomaly) for anomaly in found.anomalies.get(row.customer_id, [])]
    return _item("warn", "trending-down", row, _join_first(lines, 1), url_name="customer_usage")


def _waiting_item(row: CustomerListing, found: CustomersNeedingAttention) -> AttentionItem:
    services = found.services.get(row.customer_id, ())
    asked = [service for service in services if service.state == Entitlement.State.REQUESTED]
    text = _join_first([_describe_service(service) for service in asked]) or _("A trial request is pending")
    return _item("info", "flask-conical", row, text, url_name="customer_services")


def _describe_fall(row: Anomaly) -> str:
    words = anomalies.describe_anomaly(row.metric, before=row.before, value=row.value, low=row.low, high=row.high)
    return _name_service(row.sku.name, words)


def _running(row: CustomerListing, found: CustomersNeedingAttention) -> list[Entitlement]:
    services: Iterable[Entitlement] = found.services.get(row.customer_id, ())
    return [service for service in services if service.choose_section(today()) in RUNNING]


def _name_service(name: str, words: str) -> str:
    return _("%(service)s: %(words)s") % {"service": name, "words": words}


def _join_first(lines: Sequence[str], named: int = NAMED) -> str:
    """Return the first of these lines as one, and how many more there are as "+2"."""
    more = [f"+{formats.format_number(len(lines) - named)}"] if len(lines) > named else []
    return " · ".join([*lines[:named], *more])


def _item(
    tone: str,
    icon: str,
    row: CustomerListing,
    text: str,
    day: LastDayLabel | None = None,
    *,
    url_name: str = "customer",
) -> AttentionItem:
    return AttentionItem(tone, icon, row.name, text, reverse(url_name, args=[row.public_id]), day)
