"""The chart of a first page: licences purchased and assigned, and active users, over the last months."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from entitlements.queries.usage import PeriodUsage
from entitlements.rows.usage import describe_licence_limit, make_licence_limit_label
from partnerportal.lib import charts, formats
from partnerportal.lib.chart_tables import (
    ChartWithTable,
    describe_chart_series,
    draw_chart_wide_and_narrow,
    format_number_or_dash,
)


@dataclass(frozen=True)
class MonthsOfUsage:
    """Licences and active users over some months: their chart, and how they have changed since the first.

    How many licences there are stands elsewhere on the page, as of now and of more customers than report their use: the
    latest month would be a second total.
    """

    chart: ChartWithTable
    since: str  # the first month of which something is known
    assigned_change: str  # such as "+12"; "" for none
    active: str
    active_change: str


def make_months_of_usage(
    key: str, months: Sequence[dt.date], uses: Sequence[PeriodUsage | None]
) -> MonthsOfUsage | None:
    """Return the chart of these months and what has changed, or None where nothing is known of any month.

    `uses` has the use in each month, or None for a gap. `key` tells the charts of a page apart.
    """
    known = [use for use in uses if use]
    if not known:
        return None
    first, latest = known[0], known[-1]
    return MonthsOfUsage(
        chart=_make_chart(key, months, uses),
        since=formats.format_month(first.at),
        assigned_change=format_change(latest.assigned - first.assigned),
        active=formats.format_number(latest.monthly),
        active_change=format_change(latest.monthly - first.monthly),
    )


def format_change(difference: int) -> str:
    """Return a difference with its sign, such as "+12" or "−3"; "" for none."""
    return f"{'+' if difference > 0 else '−'}{formats.format_number(abs(difference))}" if difference else ""


def _make_chart(key: str, months: Sequence[dt.date], uses: Sequence[PeriodUsage | None]) -> ChartWithTable:
    names = list(map(formats.format_month, months))
    columns = ("purchased", "assigned", "newly", "monthly")
    values = {name: [getattr(use, name) if use else None for use in uses] for name in columns}
    limit = next((value for value in reversed(values["purchased"]) if value is not None), None)
    series = [(_("Assigned"), values["assigned"]), (pgettext("users", "Active"), values["monthly"])]
    drawn = draw_chart_wide_and_narrow(
        lambda dimensions: charts.build_line_chart(dimensions, series, names, values["purchased"])
    )
    labels = (_("Licences assigned"), _("Active users"))
    words = [
        f"{label}: {describe_chart_series(names, line)}" for label, (_short, line) in zip(labels, series, strict=True)
    ]
    return ChartWithTable(
        key=key,
        title=_("Licences and active users"),
        description=" ".join([*words, describe_licence_limit(limit)]),
        drawings=drawn,
        head=[_("Month"), _("Purchased"), _("Assigned"), _("Newly assigned"), _("Active users")],
        rows=[
            (name, [format_number_or_dash(values[column][at]) for column in columns]) for at, name in enumerate(names)
        ],
        limit=make_licence_limit_label(limit, drawn),
    )
