"""Invented numbers for the UI kit's charts, sparks and month."""

import datetime as dt
from types import SimpleNamespace

from accounts.models import Organization
from entitlements.models import Entitlement, Sku
from entitlements.rows.renewals import get_first_day_of_week, list_weekday_names, make_calendar_weeks
from entitlements.rows.usage import describe_licence_limit, make_licence_limit_label
from partnerportal.lib import charts, formats
from partnerportal.lib.chart_tables import ChartWithTable, describe_chart_series, draw_chart_wide_and_narrow
from partnerportal.lib.days import today

_WEEKLY = [812, 818, 830, 835, 851, None, 872, 884, 880, 897, 905, 921]  # None is a week that was not reported
_MONTHLY = [640, 652, 661, 668, 680, 676, 690, 702, 711, 708, 720, 731]
_DAILY = [301, 322, 288, 340, 331, 318, 352, 347, 360, 341, 366, 372]
_STACKS = [(700, 40), (735, 62), (790, 21), (805, 58), (850, 47), (880, 41)]


def _weeks() -> list[str]:
    return [formats.format_day_and_month(today() - dt.timedelta(weeks=back)) for back in range(11, -1, -1)]


def _line(key: str, title: str, limit: int) -> ChartWithTable:
    names, limits = _weeks(), [limit] * 12
    drawings = draw_chart_wide_and_narrow(
        lambda dimensions: charts.build_line_chart(dimensions, [(title, _WEEKLY)], names, limits)
    )
    return ChartWithTable(
        key=key,
        title=title,
        description=describe_chart_series(names, _WEEKLY, describe_licence_limit(limit)),
        drawings=drawings,
        head=["Week", "Assigned"],
        rows=[(name, [formats.format_number(n) if n else "–"]) for name, n in zip(names, _WEEKLY, strict=True)],
        limit=make_licence_limit_label(limit, drawings),
    )


def _lines() -> ChartWithTable:
    names = _weeks()
    series = [("Monthly", _MONTHLY), ("Daily", _DAILY)]
    return ChartWithTable(
        key="two",
        title="Several lines",
        description=" ".join(f"{name}: {describe_chart_series(names, values)}" for name, values in series),
        drawings=draw_chart_wide_and_narrow(lambda dimensions: charts.build_line_chart(dimensions, series, names)),
        head=["Week", "Monthly", "Daily"],
        rows=[
            (name, [formats.format_number(m), formats.format_number(d)])
            for name, m, d in zip(names, _MONTHLY, _DAILY, strict=True)
        ],
    )


def _bars() -> ChartWithTable:
    names = [formats.format_month(dt.date(2026, month, 1)) for month in range(6, 12)]
    drawings = draw_chart_wide_and_narrow(
        lambda dimensions: charts.build_bar_chart(dimensions, _STACKS, names, [1000] * 6)
    )
    return ChartWithTable(
        key="bars",
        title="Bars in two parts",
        description=describe_chart_series(names, [sum(stack) for stack in _STACKS], describe_licence_limit(1000)),
        drawings=drawings,
        head=["Month", "Previously", "Newly"],
        rows=[(name, [formats.format_number(n) for n in stack]) for name, stack in zip(names, _STACKS, strict=True)],
        limit=make_licence_limit_label(1000, drawings),
        parts=["Previously assigned", "Newly assigned"],
    )


def build_sample_charts() -> list[ChartWithTable]:
    """Return sample charts for the UI kit, one of each kind.

    They are a line near and one far below its limit, several lines, and stacked bars.
    """
    near, far = _line("near", "A line under its limit", 1000), _line("far", "A limit above the scale", 4000)
    return [near, far, _lines(), _bars()]


def build_sample_sparklines() -> list[str]:
    """Return the SVG paths of four sample sparks for the UI kit.

    They are rising, flat with a gap, falling, and with too little to draw.
    """
    weeks = ([40 + n for n in range(16)], [60] * 7 + [-1] + [60] * 8, [90 - 3 * n for n in range(16)], [-1] * 16)
    return [charts.build_sparkline_path(values) for values in weeks]


def build_sample_renewal_calendar() -> SimpleNamespace:
    """Return sample values for the template of five weeks of renewals.

    On one of its days a single licence ends, on another more than the day shows.
    """
    first = get_first_day_of_week(today())
    days = [today() + dt.timedelta(days=2), *([today() + dt.timedelta(days=4)] * 3)]
    names = ("Umbra Insurance SAS", "Halcyon Retail KK", "株式会社青空システムズ", "Brightwater Studios")
    ends = [_end(day, name, is_trial=number == 2) for number, (day, name) in enumerate(zip(days, names, strict=True))]
    return SimpleNamespace(
        weeks_label=formats.format_date_range(first, first + dt.timedelta(days=34)),
        weeks_renewal_count=7,
        weekday_names=list_weekday_names(),
        calendar_weeks=make_calendar_weeks(
            first, ends, {days[0]: 1, days[1]: 6}, shows_customers=True, make_day_url=lambda day: "#"
        ),
        this_week_url="",
        previous_weeks_url="",
        next_weeks_url="#",
    )


def _end(day: dt.date, name: str, *, is_trial: bool) -> Entitlement:
    return Entitlement(
        customer=Organization(name=name, org_id="10000001"),
        sku=Sku(name="Vault Pro", code="VLT-PRO"),
        kind=Entitlement.Kind.TRIAL if is_trial else Entitlement.Kind.PRODUCTION,
        quantity=100,
        assigned=59,
        ends_on=day,
    )
