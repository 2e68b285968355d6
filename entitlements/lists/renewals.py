"""The page of renewals: what its URL asks for, and its rows, as a list by weeks or as a month."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy, ngettext

from accounts.queries.own_account import sees_customers
from entitlements.filters import SPANS, RenewalFilterSet
from entitlements.models import Entitlement, Sku
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.customers import get_portfolio_totals, list_portfolio_skus
from entitlements.queries.renewals import (
    RENEWAL_HORIZON,
    count_customers_not_sharing_services,
    count_renewals_by_day,
    count_upcoming_renewals_by_day,
    list_first_renewals_by_day,
    list_renewals,
    list_upcoming_renewals,
    parse_renewal_day,
)
from entitlements.rows.renewals import (
    CalendarDayCell,
    RenewalWeek,
    describe_customers_not_sharing_services,
    format_month_name,
    group_renewals_by_week,
    list_weekday_names,
    make_month_calendar,
)
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.keyset import KeysetPage, fetch_keyset_page_or_first
from partnerportal.lib.lists import ListColumn, ListDefinition, ListTab
from partnerportal.lib.personal_lists import PersonalizedList

DEFAULT_SPAN = 30  # days from today on that the list covers unless the URL says another of SPANS
MODE = dict.fromkeys(("within", "on", "show", "month", "view"))  # what a URL says of the days that are shown

RENEWALS = ListDefinition(
    key="renewals",
    label=gettext_lazy("Renewals"),
    url_name="renewals",
    rule=(ROLE_TABLE, EntitlementPermission.VIEW_RENEWALS),
    columns=(  # each column has its branch in parts/renewals_list.html
        ListColumn(name="customer", label=gettext_lazy("Customer")),
        ListColumn(name="service", label=gettext_lazy("Service")),
        ListColumn(name="assigned", label=gettext_lazy("Licences assigned"), css="num"),
        ListColumn(name="ends_on", label=gettext_lazy("Last day")),
        ListColumn(name="left", label=gettext_lazy("Days left")),
    ),
    filter_set=RenewalFilterSet,
)
# What an organisation has itself is named by its service: with other columns it is another list.
OWN_RENEWALS = replace(RENEWALS, key="own_renewals", columns=RENEWALS.columns[1:])


class RenewalList(PersonalizedList):
    """The page of renewals, which are entitlements that end: a list by weeks, or a calendar of one month.

    `show=calendar` in the URL asks for the calendar. A day of the calendar links to the list of that day (`on`).
    """

    tab_filters = ("within", "on")
    usual: ClassVar[Mapping[str, Any]] = {"within": DEFAULT_SPAN}

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        self.actor = actor
        self.shows_customers = sees_customers(actor)
        self.definition = RENEWALS if self.shows_customers else OWN_RENEWALS
        super().__init__(actor, params)
        self.day = parse_renewal_day(params.get("on", ""))
        self.is_month = params.get("show") == "calendar" and self.day is None
        self.month = _month(params.get("month", ""))
        values = RenewalFilterSet(params).cleaned_values
        self.span = values.get("within", DEFAULT_SPAN)
        self.narrowing = {name: value for name, value in values.items() if name not in self.tab_filters}
        days = {"on": self.day} if self.day else {"within": self.span}
        self.filter_values = self.narrowing | ({} if self.is_month else days)
        ahead = list_upcoming_renewals(actor)
        self.counts = (
            count_renewals_by_day(self._narrow(ahead)) if self.narrowing else count_upcoming_renewals_by_day(actor)
        )
        self.matching = self._count(*self.covered_date_range)
        self.unshared = (
            describe_customers_not_sharing_services(count_customers_not_sharing_services(actor))
            if self.shows_customers
            else ""
        )

    def _narrow(self, renewals: QuerySet[Entitlement]) -> QuerySet[Entitlement]:
        """Return those of the renewals that the filters keep, beside those of the days."""
        return RenewalFilterSet(self.narrowing, renewals).qs if self.narrowing else renewals

    @property
    def common_url_values(self) -> dict[str, Any]:
        return super().common_url_values | self.month_url_values

    @property
    def month_url_values(self) -> dict[str, str]:
        """The query parameters that name the month on the page; empty while the page shows the list."""
        return {"show": "calendar", "month": self.month.strftime("%Y-%m")} if self.is_month else {}

    @property
    def hidden_field_values(self) -> dict[str, Any]:
        """The hidden fields of the filter form, by name. They keep the month that the page shows."""
        return super().hidden_field_values | self.month_url_values

    @property
    def covered_date_range(self) -> tuple[dt.date, dt.date]:
        """The first and the last day (UTC) that the list shows, as a tuple of dates."""
        return (self.day, self.day) if self.day else (today(), today() + dt.timedelta(days=self.span))

    def _count(self, first: dt.date, last: dt.date) -> int:
        """Return how many end from `first` to `last`, both included."""
        return sum(count for day, count in self.counts.items() if first <= day <= last)

    @cached_property
    def page(self) -> KeysetPage[Any]:  # type: ignore[override]
        """The entitlements on the present page of the list, with the cursors of the pages beside it."""
        renewals = self._narrow(list_renewals(self.actor, *self.covered_date_range)).select_related("sku", "customer")
        return fetch_keyset_page_or_first(
            renewals, sort="ends_on", descending=False, size=self.size, cursor=self.cursor
        )

    @property
    def renewals_by_week(self) -> list[RenewalWeek]:
        """The entitlements on the present page of the list, grouped by the calendar week in which they end."""
        first, last = self.covered_date_range
        counts = {day: count for day, count in self.counts.items() if first <= day <= last}
        return group_renewals_by_week(self.page.rows, counts, shows_customers=self.shows_customers)

    @property
    def filter_tabs(self) -> list[ListTab]:
        """The tabs of the list, one for each span such as 30 days, with the number of entitlements that end in it."""
        return [
            ListTab(
                label=ngettext("%(count)s day", "%(count)s days", span) % {"count": span},
                count=self._count(today(), today() + dt.timedelta(days=span)),
                url=self._mode_url(within=span),
                is_current=span == self.span and not self.is_month and self.day is None,
            )
            for span in SPANS
        ]

    @cached_property
    def service_choices(self) -> list[tuple[str, str]]:
        """The choices of the filter by service: pairs of a SKU's code and name, by name.

        They are the SKUs that the customers run, or for an organisation without customers its own.
        """
        if self.shows_customers:
            skus: Any = list_portfolio_skus(get_portfolio_totals(self.actor))
        else:
            skus = Sku.objects.filter(pk__in=list_upcoming_renewals(self.actor).values("sku")).order_by("name", "pk")
        return [(sku.code, sku.name) for sku in skus]

    @property
    def kind_choices(self) -> list[tuple[str, str]]:
        """The choices of the filter by kind: pairs of a value and its label, for trials and for production."""
        return [(kind.value, str(kind.label)) for kind in Entitlement.Kind]

    @property
    def upcoming_renewal_count(self) -> int:
        """The number of entitlements that end from today (UTC) to the end of RENEWAL_HORIZON (90 days)."""
        return sum(self.counts.values())

    @property
    def selected_day_label(self) -> str:
        """The date of the one day that the list shows, in words, or "" where it shows a span of days."""
        return formats.format_date(self.day) if self.day else ""

    @property
    def list_url(self) -> str:
        """The URL of the list with the usual span of days."""
        return self._mode_url()

    @property
    def month_url(self) -> str:
        """The URL of the calendar, with the month of the day that the list shows, or else the present month."""
        return self._mode_url(show="calendar", month=self.day.strftime("%Y-%m") if self.day else None)

    @property
    def month_label(self) -> str:
        """The name and year of the month that the calendar shows, in the reader's language."""
        return format_month_name(self.month)

    @property
    def month_renewal_count(self) -> int:
        """The number of entitlements that end in the month that the calendar shows."""
        return self._count(self.month, _next_month(self.month) - dt.timedelta(days=1))

    @property
    def weekday_names(self) -> list[tuple[str, str]]:
        """The short and the full name of each weekday, for the headings of the calendar's columns."""
        return list_weekday_names()

    @property
    def calendar_weeks(self) -> list[list[CalendarDayCell]]:
        """The calendar of the month: a list of weeks, each of which is a list of seven cells for its days."""
        first = max(self.month, today())
        last = _next_month(self.month) - dt.timedelta(days=1)
        renewals = self._narrow(list_renewals(self.actor, first, min(last, today() + RENEWAL_HORIZON)))
        shown = list_first_renewals_by_day(self.actor, renewals)
        return make_month_calendar(
            self.month,
            shown,
            self.counts,
            shows_customers=self.shows_customers,
            make_day_url=lambda day: self._mode_url(on=day),
        )

    @property
    def previous_month_url(self) -> str:
        """The URL of the calendar with the previous month, or "" if that month is past."""
        before = (self.month - dt.timedelta(days=1)).replace(day=1)
        return self._calendar_url(before) if before >= today().replace(day=1) else ""

    @property
    def next_month_url(self) -> str:
        """The URL of the calendar with the next month, or "" if it begins more than 90 days from today."""
        after = _next_month(self.month)
        return self._calendar_url(after) if after <= today() + RENEWAL_HORIZON else ""

    def _calendar_url(self, month: dt.date) -> str:
        return self._mode_url(show="calendar", month=month.strftime("%Y-%m"))

    def _mode_url(self, **values: Any) -> str:
        """Return the URL that shows these days, with the filters of the present one and without its view."""
        return self.build_url(**MODE | values)


def _next_month(month: dt.date) -> dt.date:
    return (month + dt.timedelta(days=31)).replace(day=1)


def _month(text: str) -> dt.date:
    """Return the first day of the month that a URL names, or of this month if that one has nothing to show."""
    this = today().replace(day=1)
    try:
        month = dt.date.fromisoformat(f"{text}-01")
    except ValueError:
        return this
    return month if this <= month <= today() + RENEWAL_HORIZON else this
