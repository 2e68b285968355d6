"""The usage trend of one customer (CC-34…CC-37): what its URL asks for, and its charts."""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from entitlements.counting import count_licence_totals
from entitlements.models import CustomerUsage, Entitlement
from entitlements.queries.usage import (
    DAY_LASTS,
    MONTH_LASTS,
    RANGES,
    PeriodUsage,
    list_usage_by_day,
    list_usage_by_month,
    list_usage_trend_days,
    list_usage_trend_months,
    sum_usage_by_period,
)
from entitlements.rows.usage import (
    LicenceUsageLabel,
    describe_licence_limit,
    format_percent_or_dash,
    get_reported_licence_totals,
    make_licence_limit_label,
)
from partnerportal.lib import charts, formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.chart_tables import (
    ChartWithTable,
    describe_chart_series,
    draw_chart_wide_and_narrow,
    format_number_or_dash,
)
from partnerportal.lib.days import today
from partnerportal.lib.lists import build_list_url, build_query_string

DEFAULT_RANGE = "12w"  # twelve weeks by day
RECENT = dt.timedelta(days=7)  # time without a report after which a service is not among those in use
RECENT_RANGE = "6m"  # months of which proposals are made
LOW = 132  # the height of a chart of small bars under another chart, in SVG units
_RANGE_WORDS = {"12w": gettext_lazy("12 weeks"), "6m": gettext_lazy("6 months"), "13m": gettext_lazy("13 months")}


class UsageTrendPage:
    """The page of a customer's use of licences over time: its charts, with the choices of range and service.

    A service is a SKU, by its display name. An unknown range or service in the URL gives the default one.
    `entitlements` are all of the customer's, or None where it does not share them. It sends a query for months and
    another for days that also read what else the page says of the last months and days: at least those of RECENT_RANGE
    and RECENT.
    """

    def __init__(
        self,
        actor: Actor,
        customer_id: int | None,
        usage: CustomerUsage,
        params: Mapping[str, str],
        entitlements: Sequence[Entitlement] | None,
    ) -> None:
        self.entitlements = entitlements
        self.until = usage.as_of
        self.range = params.get("range", "") if params.get("range", "") in RANGES else DEFAULT_RANGE
        since = min(self.trend_months[0], list_usage_trend_months(today(), RECENT_RANGE)[0])
        self.uses_by_month = list_usage_by_month(actor, customer_id, since)
        first_day = self.until - RECENT if self.is_by_month else self.trend_days[0]
        self.uses_by_day = list_usage_by_day(actor, customer_id, first_day)
        self.services = sorted({use.sku_name for use in self.uses_by_month if use.at >= self.trend_months[0]})
        self.service = params.get("service", "") if params.get("service", "") in self.services else ""

    @cached_property
    def trend_days(self) -> list[dt.date]:
        """The days of the last twelve weeks, up to the latest day that was reported."""
        return list_usage_trend_days(self.until)

    @cached_property
    def trend_months(self) -> list[dt.date]:
        """The months of the range, each as its first day."""
        return list_usage_trend_months(self.until, self.range)

    @property
    def is_by_month(self) -> bool:
        """Whether the points of the charts are months; else they are days."""
        return self.range != "12w"

    def _of_service(self, uses: list[PeriodUsage]) -> list[PeriodUsage]:
        return [use for use in uses if self.service in ("", use.sku_name)]

    @cached_property
    def usage_by_month(self) -> list[PeriodUsage | None]:
        """The use in each month of the range, or None for a month in which a service did not report."""
        return sum_usage_by_period(self._of_service(self.uses_by_month), self.trend_months, MONTH_LASTS)

    @cached_property
    def usage_by_chart_point(self) -> list[PeriodUsage | None]:
        """The use at each point of the charts, which are days or months. None is a gap: a service did not report."""
        if not self.is_by_month:
            return sum_usage_by_period(self._of_service(self.uses_by_day), self.trend_days, DAY_LASTS)
        return self.usage_by_month

    @cached_property
    def latest_usage(self) -> PeriodUsage | None:
        """The use at the latest point of the charts that is not a gap, or None if all are."""
        return next((use for use in reversed(self.usage_by_chart_point) if use), None)

    @cached_property
    def current_licences(self) -> LicenceUsageLabel | None:
        """The licences that the customer has now, in words: of the service that was chosen, or of all.

        They are those of the latest point of the charts where the customer does not share its services, and None
        without one.
        """
        if self.entitlements is not None:
            chosen = [row for row in self.entitlements if self.service in ("", row.sku.name)]
            names = {row.sku_id: row.sku.name for row in chosen}
            return LicenceUsageLabel.from_totals(count_licence_totals(chosen, today()), names)
        use = self.latest_usage
        return LicenceUsageLabel.from_totals(get_reported_licence_totals(use), {}) if use else None

    @property
    def chart_point_names(self) -> list[str]:
        """The full names of the charts' points, such as dates, for the tables beside the charts."""
        return (
            list(map(formats.format_date, self.trend_days))
            if self.range == "12w"
            else list(map(formats.format_month, self.trend_months))
        )

    @property
    def chart_point_labels(self) -> list[str]:
        """The short names of the charts' points, for the axis."""
        return (
            list(map(formats.format_day_and_month, self.trend_days)) if self.range == "12w" else self.chart_point_names
        )

    @property
    def chart_point_heading(self) -> str:
        """The heading of the tables' first column, which names the points: "Day" or "Month"."""
        return _("Day") if self.range == "12w" else _("Month")

    @cached_property
    def assigned_licences_chart(self) -> ChartWithTable:
        """The chart of licences assigned at each point, against licences purchased (CC-34)."""
        values, limits = _each(self.usage_by_chart_point, "assigned"), _each(self.usage_by_chart_point, "purchased")
        limit = self.latest_usage.purchased if self.latest_usage else None
        title = _("Licences assigned")
        drawn = draw_chart_wide_and_narrow(
            lambda dimensions: charts.build_line_chart(
                charts.leave_room_for_names(dimensions),
                [(title, values)],
                self.chart_point_labels,
                limits,
                in_slots=self.is_by_month,
            )
        )
        ratios = [
            format_percent_or_dash(use.assigned, use.purchased) if use else format_number_or_dash(None)
            for use in self.usage_by_chart_point
        ]
        return ChartWithTable(
            key="assigned",
            title=title,
            description=describe_chart_series(self.chart_point_names, values, describe_licence_limit(limit)),
            head=[self.chart_point_heading, _("Assigned"), _("Purchased"), _("Share")],
            rows=[
                (name, [format_number_or_dash(value), format_number_or_dash(of), ratio])
                for name, value, of, ratio in zip(self.chart_point_names, values, limits, ratios, strict=True)
            ],
            drawings=drawn,
            limit=make_licence_limit_label(limit, drawn),
        )

    @cached_property
    def assignment_breakdown_chart(self) -> ChartWithTable:
        """The chart of licences previously and newly assigned, and of their total, for each month (CC-35)."""
        uses, names = self.usage_by_month, list(map(formats.format_month, self.trend_months))
        stacks = [(use.previously_assigned, use.newly) if use else (0, 0) for use in uses]
        limits = _each(uses, "purchased")
        limit = next((value for value in reversed(limits) if value is not None), None)
        drawn = draw_chart_wide_and_narrow(
            lambda dimensions: charts.build_bar_chart(charts.leave_room_for_names(dimensions), stacks, names, limits)
        )
        columns = ("purchased", "previously_assigned", "newly", "assigned")
        return ChartWithTable(
            key="breakdown",
            title=_("Assigned licences by month"),
            description=describe_chart_series(names, _each(uses, "assigned"), describe_licence_limit(limit)),
            head=[_("Month"), _("Total"), _("Previously assigned"), _("Newly assigned"), _("Assigned")],
            rows=[
                (name, [format_number_or_dash(_value(use, column)) for column in columns])
                for name, use in zip(names, uses, strict=True)
            ],
            parts=[_("Previously assigned"), _("Newly assigned")],
            drawings=drawn,
            limit=make_licence_limit_label(limit, drawn),
        )

    @cached_property
    def newly_assigned_chart(self) -> ChartWithTable:
        """The chart of licences newly assigned in each month, which are too few to be seen among all that are."""
        names, values = list(map(formats.format_month, self.trend_months)), _each(self.usage_by_month, "newly")
        bars = [(value or 0,) for value in values]
        return ChartWithTable(
            key="newly",
            title=_("Newly assigned"),
            description=describe_chart_series(names, values),
            head=[_("Month"), _("Newly assigned")],
            rows=[(name, [format_number_or_dash(value)]) for name, value in zip(names, values, strict=True)],
            drawings=draw_chart_wide_and_narrow(
                lambda dimensions: charts.build_bar_chart(
                    charts.leave_room_for_names(dimensions)._replace(height=LOW), bars, names
                )
            ),
        )

    @cached_property
    def active_users_chart(self) -> ChartWithTable:
        """The chart of monthly and daily active users (CC-36, CC-37)."""
        monthly, daily = _each(self.usage_by_chart_point, "monthly"), _each(self.usage_by_chart_point, "daily")
        series = [(pgettext("active users", "Monthly"), monthly), (pgettext("active users", "Daily"), daily)]
        drawn = draw_chart_wide_and_narrow(
            lambda dimensions: charts.build_line_chart(
                dimensions, series, self.chart_point_labels, in_slots=self.is_by_month
            )
        )
        names = [_("Monthly active"), _("Daily active") if self.range == "12w" else _("Daily active (peak)")]
        words = [
            f"{name}: {describe_chart_series(self.chart_point_names, values)}"
            for name, (_short, values) in zip(names, series, strict=True)
        ]
        return ChartWithTable(
            key="active",
            title=_("Active users"),
            description=" ".join(words),
            drawings=drawn,
            head=[self.chart_point_heading, *names],
            rows=[
                (name, [format_number_or_dash(m), format_number_or_dash(d)])
                for name, m, d in zip(self.chart_point_names, monthly, daily, strict=True)
            ],
        )

    def build_url(self, **changes: Any) -> str:
        """Return the URL of the trend's page with these query parameters changed. Usual values are left out."""
        return build_list_url("", {"range": self.range, "service": self.service, **changes}, {"range": DEFAULT_RANGE})

    @property
    def export_choices(self) -> list[tuple[str, str, str, str]]:
        """The exports that the page offers: first of what the charts show, then of all months.

        Each is a tuple of the key of an exported list, its filters as a query string, an icon and a label.
        """
        by_day = self.range == "12w"
        query = build_query_string({"service": self.service, "range": "" if by_day else self.range})
        service = self.service or _("All services")
        return [
            ("trend_days" if by_day else "trend", query, "list-filter", f"{_RANGE_WORDS[self.range]} · {service}"),
            ("trend", "", "list", _("Every month, all services")),
        ]

    @property
    def range_choices(self) -> list[dict[str, Any]]:
        """The ranges that can be chosen, each as a dict with its label, its URL and whether it is current."""
        return [
            {"label": words, "url": self.build_url(range=key), "is_current": key == self.range}
            for key, words in _RANGE_WORDS.items()
        ]

    @property
    def service_choices(self) -> list[tuple[str, str]]:
        """The services that can be chosen: pairs of a service's name and the same name as label."""
        return [(name, name) for name in self.services]


def _value(use: PeriodUsage | None, name: str) -> int | None:
    return getattr(use, name) if use else None


def _each(uses: Sequence[PeriodUsage | None], name: str) -> list[int | None]:
    return [_value(use, name) for use in uses]
