"""The page of renewals: what its URL asks for, and its rows, as a list by weeks or as a calendar."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from accounts.queries.own_account import sees_customers
from entitlements.filters import NAMED_DAYS, SPANS, RenewalFilterSet
from entitlements.lists.choices import (
    find_customer_names,
    list_customer_countries,
    list_customer_services,
    pair_services,
)
from entitlements.models import Entitlement, RenewalState, Sku
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.renewal_work import (
    ADDED_UP,
    OWNER_ORDER,
    STATE_ORDER,
    UNASSIGNED,
    VALUE_ORDER,
    add_up_renewals,
    annotate_renewal_order,
    list_owner_names,
    list_renewal_owners,
    list_renewal_values,
    list_renewal_work,
)
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
from entitlements.rows.renewal_work import RenewalTotalLine, make_renewal_total_line, make_renewal_work_cells
from entitlements.rows.renewals import (
    WEEKS_SHOWN,
    CalendarDayCell,
    RenewalWeek,
    describe_customers_not_sharing_services,
    get_first_day_of_week,
    group_renewals_by_week,
    list_renewals_in_order,
    list_weekday_names,
    make_calendar_weeks,
)
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.keyset import KeysetPage, fetch_keyset_page_or_first
from partnerportal.lib.list_filters import DAYS, NUMBERS, Choices, FilterRange, SeveralValues
from partnerportal.lib.lists import ListColumn, ListDefinition, ListTab
from partnerportal.lib.personal_lists import PersonalizedList

SHOWN = dt.timedelta(weeks=WEEKS_SHOWN)  # of the calendar at once
DEFAULT_SPAN = 30  # days from today on that the list covers unless the URL says another of SPANS
MODE = dict.fromkeys(("within", *NAMED_DAYS, "show", "from", "view"))  # what a URL says of the days that are shown


def list_services(actor: Actor) -> Choices:
    """Return the SKUs that the actor's customers run, or those of its own organisation of which licences end."""
    if sees_customers(actor):
        return list_customer_services(actor)
    skus = Sku.objects.filter(pk__in=list_upcoming_renewals(actor).values("sku"))
    return pair_services(skus.order_by("name", "pk"))


def list_owners(actor: Actor) -> Choices:
    """Return who can look after an end: the operators of the actor's organisation, after nobody."""
    operators = list_renewal_owners(actor)
    names = [(str(row.public_id), str(row.person)) for row in operators]
    return [(UNASSIGNED, _("Unassigned")), *names]


_SERVICE = (
    ListColumn(name="service", label=gettext_lazy("Service")),
    ListColumn(name="assigned", label=gettext_lazy("Licences assigned"), css="num"),
    ListColumn(name="ends_on", label=gettext_lazy("Last day"), sort="ends_on"),
)
_VALUE = ListColumn(name="value", label=gettext_lazy("Value"), css="num", sort=VALUE_ORDER)
RENEWALS = ListDefinition(
    key="renewals",
    label=gettext_lazy("Renewals"),
    url_name="renewals",
    rule=(ROLE_TABLE, EntitlementPermission.VIEW_RENEWALS),
    columns=(  # each column has its branch in parts/renewal_rows.jinja
        ListColumn(name="customer", label=gettext_lazy("Customer")),
        *_SERVICE,
        _VALUE,
        ListColumn(name="owner", label=gettext_lazy("Owner"), sort=OWNER_ORDER, css="cell-owner"),
        ListColumn(name="state", label=gettext_lazy("State"), sort=STATE_ORDER),
    ),
    filter_set=RenewalFilterSet,
    default_sort="ends_on",
    fields=("q", "sku", "state", "owner"),
    ranges=(
        FilterRange("ends_from", "ends_to", gettext_lazy("Last day"), DAYS),
        FilterRange("licences_min", "licences_max", gettext_lazy("Licences"), NUMBERS),
    ),
    several={
        "customer": SeveralValues(gettext_lazy("Customer"), find_choices=find_customer_names),
        "country": SeveralValues(gettext_lazy("Country"), list_customer_countries),
        "sku": SeveralValues(gettext_lazy("Service"), list_services),
        "state": SeveralValues.from_choices(gettext_lazy("State"), RenewalState.choices),
        "owner": SeveralValues(gettext_lazy("Owner"), list_owners),
    },
)
# What an organisation has itself is named by its service: with other columns it is another list.
OWN_RENEWALS = replace(
    RENEWALS,
    key="own_renewals",
    columns=(
        *_SERVICE,
        ListColumn(name="left", label=gettext_lazy("Days left")),
        _VALUE,
    ),
    fields=("sku",),
    several={"sku": RENEWALS.several["sku"]},
)


class RenewalList(PersonalizedList):
    """The page of renewals, which are entitlements that end: a list by weeks, or a calendar of five.

    `show=calendar` in the URL asks for the calendar. A day of the calendar links to the list of that day (`on`). The
    list shows the days that the URL names (NAMED_DAYS), or else those of a span from today on.
    """

    tab_filters = ("within", "on")
    usual: ClassVar[Mapping[str, Any]] = {"within": DEFAULT_SPAN}

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        self.shows_customers = sees_customers(actor)
        self.definition = RENEWALS if self.shows_customers else OWN_RENEWALS
        super().__init__(actor, params)
        values = RenewalFilterSet(params, acting=actor).cleaned_values
        self.ends: dict[str, Any] = {name: values[name] for name in ("ends_from", "ends_to") if name in values}
        self.day = None if self.ends else parse_renewal_day(params.get("on", ""))
        self.is_calendar = params.get("show") == "calendar" and not (self.day or self.ends)
        self.first = _choose_first_day(params.get("from", ""))
        self.span = values.get("within", DEFAULT_SPAN)
        self.narrowing = {name: value for name, value in values.items() if name not in ("within", *NAMED_DAYS)}
        days: dict[str, Any] = {"on": self.day} if self.day else self.ends or {"within": self.span}
        self.filter_values = self.narrowing | ({} if self.is_calendar else days)
        ahead = list_upcoming_renewals(actor)
        self.counts = (
            count_renewals_by_day(self._narrow(ahead)) if self.narrowing else count_upcoming_renewals_by_day(actor)
        )
        self.matching: int = self._count(*self.covered_date_range)
        self.unshared = (
            describe_customers_not_sharing_services(count_customers_not_sharing_services(actor))
            if self.shows_customers
            else ""
        )

    def _narrow(self, renewals: QuerySet[Entitlement]) -> QuerySet[Entitlement]:
        """Return those of the renewals that the filters keep, beside those of the days."""
        return RenewalFilterSet(self.narrowing, renewals, acting=self.actor).qs if self.narrowing else renewals

    @property
    def common_url_values(self) -> dict[str, Any]:
        return super().common_url_values | self.calendar_url_values

    @property
    def calendar_url_values(self) -> dict[str, str]:
        """The query parameters that name the weeks on the page; empty while the page shows the list."""
        return {"show": "calendar", "from": self.first.isoformat()} if self.is_calendar else {}

    @property
    def hidden_field_values(self) -> dict[str, Any]:
        """The hidden fields of the filter form, by name. They keep the weeks that the page shows."""
        return super().hidden_field_values | self.calendar_url_values

    @property
    def covered_date_range(self) -> tuple[dt.date, dt.date]:
        """The first and the last day (UTC) that the list shows, as a tuple of dates."""
        if self.day:
            return self.day, self.day
        if not self.ends:
            return today(), today() + dt.timedelta(days=self.span)
        last = today() + RENEWAL_HORIZON
        return max(self.ends.get("ends_from", today()), today()), min(self.ends.get("ends_to", last), last)

    def _count(self, first: dt.date, last: dt.date) -> int:
        """Return how many end from `first` to `last`, both included."""
        return sum(count for day, count in self.counts.items() if first <= day <= last)

    @cached_property
    def page(self) -> KeysetPage[Any]:  # type: ignore[override]
        """The entitlements on the present page of the list, with the cursors of the pages beside it."""
        options = self.keyset_page_options
        renewals = annotate_renewal_order(
            self.actor, self._covered, options["sort"], is_descending=options["descending"]
        ).select_related("sku", "customer")
        # Sorted by what is looked up for each row, only the keys of all rows are; the page's rows are read after them.
        any_of = () if self.is_by_week else (Q(),)
        return fetch_keyset_page_or_first(renewals, any_of=any_of, **options)

    @property
    def _covered(self) -> QuerySet[Entitlement]:
        """The entitlements on all pages of the list."""
        return self._narrow(list_renewals(self.actor, *self.covered_date_range))

    @property
    def is_by_week(self) -> bool:
        """Whether the list is in the order of last days, so that its rows stand in weeks."""
        return self.sort.removeprefix("-") == self.definition.default_sort

    @cached_property
    def total_line(self) -> RenewalTotalLine | None:
        """What all renewals of the list are worth together, or None for who does not see what customers pay."""
        if self.shows_customers and not self.actor.sees_finance:
            return None
        total = add_up_renewals(self.actor, self._covered) if self.matching <= ADDED_UP else None
        return make_renewal_total_line(total, self.matching)

    @property
    def renewals_by_week(self) -> list[RenewalWeek]:
        """The entitlements on the present page of the list, grouped by the calendar week in which they end.

        In another order than that of last days they are one group, which is no week.
        """
        first, last = self.covered_date_range
        counts = {day: count for day, count in self.counts.items() if first <= day <= last}
        rows = self.page.rows
        names = {column.name for column in self.column_headings}
        values = list_renewal_values(self.actor, rows) if "value" in names else {}
        work = list_renewal_work(self.actor, rows) if self.shows_customers else {}
        owners = list_owner_names(self.actor) if self.shows_customers else {}
        cells = {row.pk: make_renewal_work_cells(work.get(row.pk), values.get(row.pk), owners) for row in rows}
        if not self.is_by_week:
            return [list_renewals_in_order(rows, cells, shows_customers=self.shows_customers)]
        return group_renewals_by_week(rows, counts, cells, shows_customers=self.shows_customers)

    @property
    def filter_tabs(self) -> list[ListTab]:
        """The tabs of the list, one for each span such as 30 days, with the number of entitlements that end in it."""
        return [
            ListTab(
                label=ngettext("%(count)s day", "%(count)s days", span) % {"count": span},
                count=self._count(today(), today() + dt.timedelta(days=span)),
                url=self._mode_url(within=span),
                is_current=span == self.span and not (self.is_calendar or self.day or self.ends),
            )
            for span in SPANS
        ]

    @cached_property
    def service_choices(self) -> Choices:
        """The choices of the filter by service: the SKUs that the customers run, or else those of one's own."""
        return self.list_field_choices("sku")

    @property
    def kind_tabs(self) -> list[ListTab]:
        """The switch between renewals of what is in production, ends of trials, and both."""
        kinds: list[tuple[str, Any]] = [
            (_("Renewals"), Entitlement.Kind.PRODUCTION.value),
            (_("Trials"), Entitlement.Kind.TRIAL.value),
            (pgettext("list", "All"), None),
        ]
        chosen = self.filter_values.get("kind")
        return [
            ListTab(label=label, url=self.build_url(kind=kind), count=None, is_current=kind == chosen)
            for label, kind in kinds
        ]

    @property
    def state_choices(self) -> Choices:
        """The choices of the filter by state of the work: pairs of a value and its label."""
        return self.list_field_choices("state") if self.shows_customers else []

    @cached_property
    def owner_choices(self) -> Choices:
        """The choices of the filter by owner: the operators of the organisation, after those who have none."""
        return self.list_field_choices("owner") if self.shows_customers else []

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
    def calendar_url(self) -> str:
        """The URL of the calendar, with the weeks around the day that the list shows, or else from this week on."""
        return self._make_calendar_url(_choose_first_day(self.day.isoformat() if self.day else ""))

    @property
    def weeks_label(self) -> str:
        """The first and the last day of the weeks that the calendar shows, in words."""
        return formats.format_date_range(self.first, self.first + SHOWN - dt.timedelta(days=1))

    @property
    def weeks_renewal_count(self) -> int:
        """The number of entitlements that end in the weeks that the calendar shows."""
        return self._count(self.first, self.first + SHOWN - dt.timedelta(days=1))

    @property
    def weekday_names(self) -> list[tuple[str, str]]:
        """The short and the full name of each weekday, for the headings of the calendar's columns."""
        return list_weekday_names()

    @property
    def calendar_weeks(self) -> list[list[CalendarDayCell]]:
        """The weeks of the calendar: a list of weeks, each of which is a list of seven cells for its days."""
        first, last = max(self.first, today()), self.first + SHOWN - dt.timedelta(days=1)
        renewals = self._narrow(list_renewals(self.actor, first, min(last, today() + RENEWAL_HORIZON)))
        return make_calendar_weeks(
            self.first,
            list_first_renewals_by_day(self.actor, renewals),
            self.counts,
            shows_customers=self.shows_customers,
            make_day_url=lambda day: self._mode_url(on=day),
        )

    @property
    def previous_weeks_url(self) -> str:
        """The URL of the calendar with the weeks before, or "" if they are past."""
        return self._make_calendar_url(self.first - SHOWN) if self.first > get_first_day_of_week(today()) else ""

    @property
    def next_weeks_url(self) -> str:
        """The URL of the calendar with the weeks after, or "" if they begin more than 90 days from today."""
        after = self.first + SHOWN
        return self._make_calendar_url(after) if after <= today() + RENEWAL_HORIZON else ""

    @property
    def this_week_url(self) -> str:
        """The URL of the calendar from this week on, or "" if the page shows it."""
        this = get_first_day_of_week(today())
        return self._make_calendar_url(this) if self.first != this else ""

    def _make_calendar_url(self, first: dt.date) -> str:
        is_usual = first <= get_first_day_of_week(today())
        return self._mode_url(show="calendar", **{"from": None if is_usual else first.isoformat()})

    def _mode_url(self, **values: Any) -> str:
        """Return the URL that shows these days, with the filters of the present one and without its view."""
        return self.build_url(**MODE | values)


def _choose_first_day(text: str) -> dt.date:
    """Return the first of the weeks that show the day which a URL names, or this week's if nothing is shown there.

    Weeks are counted from this one on, so that the days of a link are on one page whichever of them it names.
    """
    this = get_first_day_of_week(today())
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return this
    return this + (day - this) // SHOWN * SHOWN if this <= day <= today() + RENEWAL_HORIZON else this
