"""The page of renewals: what its address asks for, and its rows, as a list by weeks or as a month."""

import datetime as dt
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from django.utils.translation import ngettext

from accounts.queries import sees_customers
from entitlements.filters import SPANS
from entitlements.queries.renewals import (
    FURTHEST,
    count_customers_without_services,
    count_ends_by_day,
    first_renewals_of_each_day,
    list_renewals,
    parse_renewal_day,
)
from entitlements.rows.renewals import (
    CalendarCell,
    CalendarWeek,
    calendar_weeks,
    month_grid,
    month_name,
    unshared_words,
    weekday_names,
)
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.keyset import Page, keyset_page_or_first
from partnerportal.lib.lists import ListState, Tab

DEFAULT_SPAN = 30  # days from today on that the list covers unless the address says another of SPANS
PAGE_SIZE = 50  # rows on a page


class RenewalList(ListState):
    """What an address of the renewals page shows: a list by weeks, or with `view=calendar` a month as a grid.

    A day of the grid leads to the list of that day (`on`).
    """

    url_name = "renewals"
    usual: ClassVar[Mapping[str, Any]] = {"within": DEFAULT_SPAN}

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        self.actor = actor
        self.of_customers = sees_customers(actor)
        self.counts = count_ends_by_day(actor)
        self.span = next((span for span in SPANS if str(span) == params.get("within")), DEFAULT_SPAN)
        self.day = parse_renewal_day(params.get("on", ""))
        self.is_month = params.get("view") == "calendar" and self.day is None
        self.month = _month(params.get("month", ""))
        self.cursor = params.get("cursor", "")
        self.matching = self._count(*self.days_covered)
        self.unshared = unshared_words(count_customers_without_services(actor)) if self.of_customers else ""

    @property
    def carried_values(self) -> dict[str, Any]:
        if self.is_month:
            return {"view": "calendar", "month": self.month.strftime("%Y-%m")}
        return {"on": self.day} if self.day else {"within": self.span}

    @property
    def days_covered(self) -> tuple[dt.date, dt.date]:
        """The first and the last day (UTC) that the list covers."""
        return (self.day, self.day) if self.day else (today(), today() + dt.timedelta(days=self.span))

    def _count(self, first: dt.date, last: dt.date) -> int:
        """Return how many end from `first` to `last`, both included."""
        return sum(count for day, count in self.counts.items() if first <= day <= last)

    @cached_property
    def page(self) -> Page[Any]:  # type: ignore[override]
        """The page of the list."""
        renewals = list_renewals(self.actor, *self.days_covered).select_related("sku", "customer")
        return keyset_page_or_first(renewals, sort="ends_on", descending=False, size=PAGE_SIZE, cursor=self.cursor)

    @property
    def weeks(self) -> list[CalendarWeek]:
        """The weeks of the list's page."""
        first, last = self.days_covered
        counts = {day: count for day, count in self.counts.items() if first <= day <= last}
        return calendar_weeks(self.page.rows, counts, of_customers=self.of_customers)

    @property
    def span_tabs(self) -> list[Tab]:
        """A tab for each span of days that the list may cover, with how many end in it."""
        return [
            Tab(
                label=ngettext("%(count)s day", "%(count)s days", span) % {"count": span},
                count=self._count(today(), today() + dt.timedelta(days=span)),
                url=self._address(within=span),
                is_current=span == self.span and not self.is_month and self.day is None,
            )
            for span in SPANS
        ]

    @property
    def query(self) -> str:
        """The list's filters as a query string without "?", for the export form. For a month it is empty."""
        return "" if self.is_month else super().query

    @property
    def total_ahead(self) -> int:
        """The number of entitlements that end from today (UTC) to FURTHEST."""
        return sum(self.counts.values())

    @property
    def day_label(self) -> str:
        """The date of the day that the list shows, or "" where it shows a span."""
        return formats.date(self.day) if self.day else ""

    @property
    def list_url(self) -> str:
        """The address of the list with the usual span."""
        return self._address()

    @property
    def month_url(self) -> str:
        """The address of the month in which the list's day lies, or of the present month."""
        return self._address(view="calendar", month=self.day.strftime("%Y-%m") if self.day else None)

    @property
    def month_label(self) -> str:
        """The month and its year in the reader's language."""
        return month_name(self.month)

    @property
    def month_count(self) -> int:
        """The number of entitlements that end in the month."""
        return self._count(self.month, _next_month(self.month) - dt.timedelta(days=1))

    @property
    def weekdays(self) -> list[tuple[str, str]]:
        """The short and the whole names of the weekdays, above the columns of the month."""
        return weekday_names()

    @property
    def weeks_of_month(self) -> list[list[CalendarCell]]:
        """The weeks of the month, each with its seven days."""
        first = max(self.month, today())
        last = _next_month(self.month) - dt.timedelta(days=1)
        shown = first_renewals_of_each_day(self.actor, first, min(last, today() + FURTHEST))
        return month_grid(self.month, shown, self.counts, of_customers=self.of_customers)

    @property
    def earlier_url(self) -> str:
        """The address of the month before, or "" if it is past."""
        before = (self.month - dt.timedelta(days=1)).replace(day=1)
        return self._month_address(before) if before >= today().replace(day=1) else ""

    @property
    def later_url(self) -> str:
        """The address of the next month, or "" if it begins after FURTHEST."""
        after = _next_month(self.month)
        return self._month_address(after) if after <= today() + FURTHEST else ""

    def _month_address(self, month: dt.date) -> str:
        return self._address(view="calendar", month=month.strftime("%Y-%m"))

    def _address(self, **values: Any) -> str:
        """Return the address of the page with these values, without those of what is shown now."""
        return self.address(**{**dict.fromkeys(self.carried_values), **values})


def _next_month(month: dt.date) -> dt.date:
    return (month + dt.timedelta(days=31)).replace(day=1)


def _month(text: str) -> dt.date:
    """Return the first day of the month that an address names, or of this month if that one has nothing to show."""
    this = today().replace(day=1)
    try:
        month = dt.date.fromisoformat(f"{text}-01")
    except ValueError:
        return this
    return month if this <= month <= today() + FURTHEST else this
