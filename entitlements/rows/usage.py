"""Words and drawings of use, in the reader's language. They name nobody who uses anything (CC-24, CC-32)."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from entitlements import anomalies, counting
from entitlements.counting import LicenceTotals
from entitlements.models import Anomaly, CustomerListing, CustomerUsage, Entitlement
from entitlements.queries.usage import CustomerSeatChange, PeriodUsage
from entitlements.rows.customers import describe_overage, make_licence_bar
from partnerportal.lib import charts, formats
from partnerportal.lib.chart_tables import NO_NUMBER, format_number_or_dash
from partnerportal.lib.days import today
from partnerportal.lib.lists import build_list_url
from partnerportal.lib.rows import AttentionItem, LastDayLabel, SeatUsageBar
from partnerportal.lib.scopes import Scope
from partnerportal.lib.text import make_avatar_initials

STALE = dt.timedelta(days=2)  # age of the last report from which a page says that its data is old


@dataclass(frozen=True)
class LicenceUsageLabel:
    """How many of the purchased licences are assigned, in words (CC-34). `tone` is a status: ok, warn or bad.

    They may be of several SKUs together: the overage is then that of each SKU on its own, because no licence of one
    fills in for another.
    """

    usage: SeatUsageBar
    percent: str
    tone: str
    status: str
    left: str  # how many are left, or by how much they are exceeded, in words
    left_count: str  # how many are left, as a number

    @classmethod
    def from_totals(cls, totals: LicenceTotals, sku_names: Mapping[int, str]) -> "LicenceUsageLabel":
        """Return the words for these licences. Where only trials run, that is what they say.

        `sku_names` are those of the SKUs that may be over their limit, by primary key.
        """
        bar = make_licence_bar(totals, sku_names)
        left = formats.format_number(totals.available)
        if bar is None:
            return cls(SeatUsageBar.from_seat_counts(0, 0), NO_NUMBER, "", NO_NUMBER, NO_NUMBER, left)
        if bar.is_trial_only:
            return cls(bar, NO_NUMBER, "info", _("Trial"), NO_NUMBER, left)
        tone = _TONES[counting.choose_licence_bar_tone(totals.assigned, totals.purchased)]
        return cls(
            usage=bar,
            percent=format_percent_or_dash(totals.assigned, totals.purchased),
            tone="bad" if totals.overage else tone,
            status=_("Over limit") if totals.overage else _status(totals.assigned, totals.purchased),
            left=describe_overage(totals.overage) if totals.overage else describe_licences_left(totals.available),
            left_count=left,
        )


_TONES = {
    counting.LicenceBarTone.QUIET: "ok",
    counting.LicenceBarTone.GREEN: "ok",
    counting.LicenceBarTone.AMBER: "warn",
    counting.LicenceBarTone.RED: "bad",
}


def format_percent_or_dash(assigned: int, purchased: int) -> str:
    """Return the share of purchased licences that are assigned, such as "75 %", or a dash where none is purchased."""
    share = counting.compute_percent_of_licences_assigned(assigned, purchased)
    return NO_NUMBER if share is None else formats.format_percent(share / 100)


def _status(assigned: int, purchased: int) -> str:
    if assigned == purchased and purchased:
        return _("Full")
    return (
        _("Nearly full")
        if counting.choose_licence_bar_tone(assigned, purchased) == counting.LicenceBarTone.AMBER
        else _("Within limit")
    )


def describe_licences_left(left: int) -> str:
    """Return a number of licences that are left in words, such as "3 licences available"."""
    if not left:
        return _("No licences available")
    return ngettext("%(count)s licence available", "%(count)s licences available", left) % {
        "count": formats.format_number(left)
    }


@dataclass(frozen=True)
class UsageReportFreshness:
    """How old a customer's latest report of use is: a text, and whether that is too old to rely on."""

    text: str
    is_old: bool


def describe_usage_report_freshness(usage: CustomerUsage) -> UsageReportFreshness:
    """Return a text with the day of a customer's latest report of use, and whether that report is old.

    It is old if its day is more than two days (UTC) ago.
    """
    text = _("Usage last reported on %(day)s") % {"day": formats.format_date(usage.as_of)}
    return UsageReportFreshness(text, today() - usage.as_of > STALE)


@dataclass(frozen=True)
class SkuUsageTableRow:
    """A row of the licensing summary: the licences and the use of one SKU, with its numbers written out."""

    name: str
    usage: SeatUsageBar
    tone: str
    status: str
    left: str
    newly: str
    monthly: str
    daily: str
    ends: LastDayLabel | None  # the nearest end of an entitlement, when that is within 90 days


def make_sku_usage_table_rows(
    uses: Sequence[PeriodUsage], entitlements: Iterable[Entitlement] | None
) -> list[SkuUsageTableRow]:
    """Return a row of the licensing summary for each SKU, by name.

    `uses` are the latest numbers of each SKU, and licences those of the `entitlements` that run today. None stands for
    entitlements that are not shared: then licences are those reported.
    """
    if entitlements is None:
        return [_make_row(use.sku_name, get_reported_licence_totals(use), use, None) for use in uses]
    running: dict[int, list[Entitlement]] = {}
    for row in entitlements:
        if row.runs_on(today()):
            running.setdefault(row.sku_id, []).append(row)
    use_by_sku = {use.sku_id: use for use in uses}
    names = {use.sku_id: use.sku_name for use in uses} | {sku: rows[0].sku.name for sku, rows in running.items()}
    return [
        _make_row(
            names[sku],
            counting.count_licence_totals(running.get(sku, []), today()),
            use_by_sku.get(sku),
            _find_near_end(running.get(sku, [])),
        )
        for sku in sorted(names, key=lambda sku: (names[sku], sku))
    ]


def _make_row(name: str, totals: LicenceTotals, use: PeriodUsage | None, ends: LastDayLabel | None) -> SkuUsageTableRow:
    licences = LicenceUsageLabel.from_totals(totals, {})
    newly, monthly, daily = (
        formats.format_number(getattr(use, number)) if use else NO_NUMBER for number in ("newly", "monthly", "daily")
    )
    return SkuUsageTableRow(
        name, licences.usage, licences.tone, licences.status, licences.left, newly, monthly, daily, ends
    )


def _find_near_end(entitlements: Iterable[Entitlement]) -> LastDayLabel | None:
    """Return the nearest last day of these entitlements that is within 90 days, or None."""
    ends = [
        row.ends_on
        for row in entitlements
        if row.ends_on and counting.count_days_left(row.ends_on, today()) is not None
    ]
    return LastDayLabel.from_date(min(ends, default=None))


def get_reported_licence_totals(use: PeriodUsage | CustomerUsage) -> LicenceTotals:
    """Return the licences of a customer as its latest report of use has them.

    They stand for its licences where it shares its usage and not its entitlements.
    """
    return LicenceTotals(purchased=use.purchased, assigned=use.assigned, overage=use.overage)


def describe_day_licences_run_out(usage: CustomerUsage) -> str:
    """Return the date on which all licences will be assigned at the present rate, or words that say why not."""
    if usage.history_days < counting.PACE_MIN_DAYS:
        return _("Not enough history")
    if usage.full_on is None:
        return _("Not at the current rate")
    return formats.format_date(usage.full_on) if usage.full_on > today() else _("Already the case")


def list_anomaly_attention_items(open_anomalies: Iterable[Anomaly], usage_url: str) -> list[AttentionItem]:
    """Return an AttentionItem, which is a line of the overview, for each open anomaly of a customer's use.

    Each leads to the page of the use at `usage_url`, narrowed to its service.
    """
    return [
        AttentionItem(
            "warn",
            "trending-down" if row.is_below_usual_range else "trending-up",
            row.sku.name,
            _("%(use)s (as of %(day)s)")
            % {
                "use": anomalies.describe_anomaly(
                    row.metric, before=row.before, value=row.value, low=row.low, high=row.high
                ),
                "day": formats.format_date(row.found_on),
            },
            build_list_url(usage_url, {"service": row.sku.name}),
            verb=_("See usage"),
        )
        for row in open_anomalies
    ]


@dataclass(frozen=True)
class RankedCustomer:
    """A customer in a ranking, such as that of most unused seats, with the number that ranks it as text."""

    name: str
    url: str
    text: str
    usage: SeatUsageBar | None  # None where the customer does not share its services


def rank_customers_by_seat_change(changes: Iterable[CustomerSeatChange]) -> list[RankedCustomer]:
    """Return a RankedCustomer for each customer, with the change of its assigned seats, such as "+12"."""
    return [_ranked(row.listing, _signed(row.moved)) for row in changes]


def rank_customers_by_day_seats_run_out(changes: Iterable[CustomerSeatChange]) -> list[RankedCustomer]:
    """Return a RankedCustomer for each customer, with the day on which all its seats will be assigned.

    Customers without such a day are left out.
    """
    return [_ranked(row.listing, formats.format_date(row.full_on)) for row in changes if row.full_on]


def _ranked(row: CustomerListing, text: str) -> RankedCustomer:
    url = reverse("customer_usage", args=[row.public_id])
    return RankedCustomer(row.name, url, text, _make_bar_of_listing(row))


def _make_bar_of_listing(row: CustomerListing) -> SeatUsageBar | None:
    """Return the bar of a customer's licences, which says 0 of 0 if it has none; None where it does not share them."""
    if not row.shares_scope(Scope.ENTITLEMENTS):
        return None
    return make_licence_bar(counting.get_listed_licence_totals(row), {}) or SeatUsageBar.from_seat_counts(0, 0)


@dataclass(frozen=True)
class CustomerUsageTableRow:
    """A row of the list of customers' usage, with its numbers written out.

    The numbers of licences are None where the customer does not share its services, and `active` and `free` where it
    does not share its usage; a dash where there is nothing to tell.
    """

    name: str
    url: str
    monogram: str
    share: str | None
    usage: SeatUsageBar | None
    available: str | None
    active: str | None
    free: str | None


def make_customer_usage_table_rows(listings: Iterable[CustomerListing]) -> list[CustomerUsageTableRow]:
    """Return a CustomerUsageTableRow for each row of the customer listing, which has `weekly_usage`."""
    rows = []
    for row in listings:
        shares_services, reported = row.shares_scope(Scope.ENTITLEMENTS), row.weekly_usage  # type: ignore[attr-defined]
        active, free = (format_number_or_dash(reported[key] if reported else None) for key in ("active", "free"))
        rows.append(
            CustomerUsageTableRow(
                name=row.name,
                url=reverse("customer_usage", args=[row.public_id]),
                monogram=make_avatar_initials(row.name),
                share=format_percent_or_dash(row.assigned, row.seats) if shares_services else None,
                usage=_make_bar_of_listing(row),
                available=formats.format_number(row.unused_seats) if shares_services else None,
                active=active if row.shares_scope(Scope.USAGE) else None,
                free=free if row.shares_scope(Scope.USAGE) else None,
            )
        )
    return rows


def _signed(seats: int) -> str:
    return f"{'+' if seats > 0 else '−'}{formats.format_number(abs(seats))}"


def make_licence_limit_label(limit: int | None, charts_by_size: list[tuple[str, charts.Chart]]) -> str:
    """Return the label of the line in a chart that shows how many licences are purchased; "" without a `limit`.

    The label says so if the line lies above the scale of the charts.
    """
    if not limit:
        return ""
    number = {"limit": formats.format_number(limit)}
    if charts_by_size[0][1].scale.shows_limit:
        return _("Licence limit %(limit)s") % number
    return _("Licence limit %(limit)s, above the range of this chart") % number


def describe_licence_limit(limit: int | None) -> str:
    """Return the sentence that says how many licences are purchased, for the description of a chart; "" for none."""
    return _("Licence limit %(limit)s.") % {"limit": formats.format_number(limit)} if limit else ""
