"""Rows of what ends soon, as pages and calendars show it: by week or by day, in the reader's language."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from babel import dates
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from entitlements.models import Entitlement
from entitlements.queries.renewals import RENEWAL_HORIZON
from entitlements.rows.renewal_work import RenewalWorkCells
from partnerportal.lib import formats
from partnerportal.lib.days import today
from partnerportal.lib.icalendar import AllDayEvent
from partnerportal.lib.rows import LastDayLabel, SeatUsageBar
from partnerportal.lib.text import make_avatar_initials

WEEK = dt.timedelta(days=7)
WEEKS_SHOWN = 5  # in the calendar


@dataclass(frozen=True)
class RenewalTableRow:
    """A row of the list of renewals: an entitlement that ends, with numbers and dates written out."""

    service: str
    code: str
    kind: str  # "Trial", or empty
    customer: str  # the customer's name; empty on its own page
    url: str  # the URL of the services of the customer, or of the organisation itself
    monogram: str
    org_id: str
    usage: SeatUsageBar
    ends: LastDayLabel
    left: str
    public_id: str
    select_label: str
    work: RenewalWorkCells | None  # None in the calendar


@dataclass(frozen=True)
class RenewalWeek:
    """A calendar week in the list of renewals, with the rows of the entitlements that end in it.

    `count` says how many end in the whole week, `rows` are those on the present page of the list.
    """

    near: str  # "This week" or "Next week"; empty for a later one
    days: str  # from its first day to its last
    count: str
    rows: list[RenewalTableRow]


def describe_days_left(day: dt.date) -> str:
    """Return in words how many days are left until `day` (UTC), such as "12 days left". On the day it is "last day"."""
    left = (day - today()).days
    if left == 0:
        return _("last day")
    return ngettext("%(count)s day left", "%(count)s days left", left) % {"count": formats.format_number(left)}


def describe_customers_not_sharing_services(count: int) -> str:
    """Return a sentence that says how many customers do not share their services; "" for none.

    Their renewals are missing in the list.
    """
    text = ngettext(
        "%(count)s customer doesn’t share its services, so these services are not listed here.",
        "%(count)s customers don’t share their services, so these services are not listed here.",
        count,
    )
    return text % {"count": formats.format_number(count)} if count else ""


def make_renewal_table_row(
    entitlement: Entitlement, work: RenewalWorkCells | None = None, *, shows_customers: bool
) -> RenewalTableRow:
    """Return the RenewalTableRow of an entitlement that ends. With `shows_customers` the row names the customer."""
    assert entitlement.ends_on, "what has no end does not renew"
    ends = LastDayLabel.from_date(entitlement.ends_on)
    assert ends
    return RenewalTableRow(
        service=entitlement.sku.name,
        code=entitlement.sku.code,
        kind=entitlement.get_kind_display() if entitlement.kind == Entitlement.Kind.TRIAL else "",
        customer=entitlement.customer.name if shows_customers else "",
        url=reverse("customer_services", args=[entitlement.customer.public_id])
        if shows_customers
        else reverse("services"),
        monogram=make_avatar_initials(entitlement.customer.name),
        org_id=entitlement.customer.org_id,
        usage=SeatUsageBar.from_seat_counts(entitlement.assigned, entitlement.quantity),
        ends=ends,
        left=describe_days_left(entitlement.ends_on),
        public_id=str(entitlement.public_id),
        select_label=_("Select %(service)s at %(name)s")
        % {"service": entitlement.sku.name, "name": entitlement.customer.name},
        work=work,
    )


def get_first_day_of_week(day: dt.date) -> dt.date:
    """Return the first day of the week of `day`, by the reader's language: Monday in most places, Sunday in Japan."""
    return day - dt.timedelta(days=(day.weekday() - formats.get_reader_locale().first_week_day) % 7)


def group_renewals_by_week(
    renewals: Iterable[Entitlement],
    count_by_day: dict[dt.date, int],
    work: Mapping[int, RenewalWorkCells],
    *,
    shows_customers: bool,
) -> list[RenewalWeek]:
    """Return the renewals on one page of the list, grouped by calendar week.

    `renewals` are the page's entitlements in the order of their ends. `count_by_day` says how many end on each day that
    the list covers. `work` has the cells of each entitlement by its primary key. With `shows_customers` rows name their
    customer.
    """
    totals: dict[dt.date, int] = {}
    for day, count in count_by_day.items():
        totals[get_first_day_of_week(day)] = totals.get(get_first_day_of_week(day), 0) + count
    groups = groupby(renewals, key=lambda row: get_first_day_of_week(row.ends_on))  # type: ignore[arg-type]
    return [
        RenewalWeek(
            near=_name_near_week(monday),
            days=formats.format_date_range(monday, monday + WEEK - dt.timedelta(days=1)),
            count=formats.format_number(totals.get(monday, 0)),
            rows=[make_renewal_table_row(row, work[row.pk], shows_customers=shows_customers) for row in group],
        )
        for monday, group in groups
    ]


def list_renewals_in_order(
    renewals: Iterable[Entitlement], work: Mapping[int, RenewalWorkCells], *, shows_customers: bool
) -> RenewalWeek:
    """Return the renewals on one page of a list that is not in the order of last days, as one group without a week."""
    rows = [make_renewal_table_row(row, work[row.pk], shows_customers=shows_customers) for row in renewals]
    return RenewalWeek(near="", days="", count="", rows=rows)


def _name_near_week(monday: dt.date) -> str:
    this = get_first_day_of_week(today())
    return {this: _("This week"), this + WEEK: _("Next week")}.get(monday, "")


@dataclass(frozen=True)
class CalendarDayCell:
    """A day in the calendar, with the first entitlements that end on it."""

    iso: str
    number: str  # of the day in its month; with the month where one begins
    date: str  # the whole date, in words
    is_today: bool
    is_outside: bool  # the day has passed, or is further ahead than ends are shown
    count: int = 0  # how many end on it
    url: str = ""  # the list of the day; empty where nothing ends
    entries: list[RenewalTableRow] = field(default_factory=list)  # the first that end on it
    more: str = ""  # "2 more": how many are not shown


def make_calendar_weeks(
    first: dt.date,
    renewals: Iterable[Entitlement],
    count_by_day: dict[dt.date, int],
    *,
    shows_customers: bool,
    make_day_url: Callable[[dt.date], str],
) -> list[list[CalendarDayCell]]:
    """Return WEEKS_SHOWN weeks from the day `first` on as a list of weeks, each a list of seven cells.

    `renewals` are the first entitlements that end on each day, `count_by_day` says how many end on it. With
    `shows_customers` rows name their customer. `make_day_url` returns the URL of a day's list.
    """
    by_day: dict[dt.date, list[RenewalTableRow]] = {}
    for row in renewals:
        by_day.setdefault(row.ends_on, []).append(make_renewal_table_row(row, shows_customers=shows_customers))  # type: ignore[arg-type]
    days = [first + dt.timedelta(days=number) for number in range(7 * WEEKS_SHOWN)]
    cells = [
        _cell(
            day, by_day.get(day, []), count_by_day.get(day, 0), make_day_url, names_month=day == first or day.day == 1
        )
        for day in days
    ]
    return [cells[start : start + 7] for start in range(0, len(cells), 7)]


def _cell(
    day: dt.date,
    entries: list[RenewalTableRow],
    count: int,
    make_day_url: Callable[[dt.date], str],
    *,
    names_month: bool,
) -> CalendarDayCell:
    left_out = count - len(entries)
    return CalendarDayCell(
        iso=day.isoformat(),
        number=formats.format_day_and_month(day) if names_month else formats.format_number(day.day),
        date=formats.format_date_with_weekday(day),
        is_today=day == today(),
        is_outside=not today() <= day <= today() + RENEWAL_HORIZON,
        count=count,
        url=make_day_url(day) if count else "",
        entries=entries,
        more=_("%(count)s more") % {"count": formats.format_number(left_out)} if left_out > 0 else "",
    )


def list_weekday_names() -> list[tuple[str, str]]:
    """Return a pair of the short and the full name of each weekday, in the order of the reader's week."""
    where = formats.get_reader_locale()
    order = [(where.first_week_day + number) % 7 for number in range(7)]
    short, whole = (dates.get_day_names(width, "stand-alone", where) for width in ("abbreviated", "wide"))
    return [(short[day], whole[day]) for day in order]


def make_calendar_events(renewals: Iterable[Entitlement], *, shows_customers: bool) -> list[AllDayEvent]:
    """Return the entries of a calendar file: one all-day event for each entitlement, on its last day.

    With `shows_customers` an entry names the customer. Its id is the entitlement's, so a moved end moves the entry.
    """
    return [_calendar_day(row, shows_customers=shows_customers) for row in renewals]


def _calendar_day(row: Entitlement, *, shows_customers: bool) -> AllDayEvent:
    assert row.ends_on
    values = {"service": row.sku.name, "customer": row.customer.name}
    trial = row.kind == Entitlement.Kind.TRIAL
    if shows_customers:
        path = reverse("customer_services", args=[row.customer.public_id])
        text = _("Trial ends: %(service)s, %(customer)s") if trial else _("Ends: %(service)s, %(customer)s")
    else:
        path = reverse("services")
        text = _("Trial ends: %(service)s") if trial else _("Ends: %(service)s")
    seats = ngettext("%(count)s licence", "%(count)s licences", row.quantity)
    return AllDayEvent(
        uid=f"{row.public_id}@{settings.PORTAL_HOST}",
        day=row.ends_on,
        changed_at=row.updated_at,
        title=text % values,
        text=seats % {"count": formats.format_number(row.quantity)},
        url=f"{settings.PORTAL_ORIGIN}{path}",
    )
