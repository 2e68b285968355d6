"""Charts with a table of their numbers, as the chart components draw them, and what they show in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from partnerportal.lib import charts, formats

NO_NUMBER = "–"  # what stands in place of a number that there is not


@dataclass(frozen=True)
class ChartWithTable:
    """A chart with its title, its description and a table of its numbers, as the chart component shows it.

    The table has a row for each point, which the first column names.
    """

    key: str
    title: str
    description: str
    drawings: list[tuple[str, charts.Chart]]  # one for a desk ("wide") and one for a phone ("narrow")
    head: list[str]
    rows: list[tuple[str, list[str]]]
    limit: str = ""  # the name of the limit's line, or that it lies above the scale
    parts: list[str] = field(default_factory=list)  # the names of the parts of a bar


def draw_chart_wide_and_narrow(
    draw: Callable[[charts.ChartDimensions], charts.Chart],
) -> list[tuple[str, charts.Chart]]:
    """Draw a chart twice, and return the drawings with their names: "wide" for a desktop, "narrow" for a phone.

    `draw` takes the dimensions of a chart, and returns the chart.
    """
    return [("wide", draw(charts.WIDE)), ("narrow", draw(charts.NARROW))]


def describe_chart_series(names: Sequence[str], values: Sequence[int | None], limit: str = "") -> str:
    """Return a text that says what a chart shows, for those who do not see it: range, latest value and peak.

    `names` are those of the points whose `values` are given; None is a gap. `limit` is a sentence about the limit.
    """
    known = [(value, name) for value, name in zip(values, names, strict=True) if value is not None]
    if not known:
        return _("Nothing was reported in this period.")
    peak, latest = max(known, key=lambda point: point[0]), known[-1]
    words = _(
        "From %(first)s to %(last)s: between %(low)s and %(high)s, latest %(latest)s, peak %(high)s (%(peak_day)s)."
    ) % {
        "first": known[0][1],
        "last": latest[1],
        "low": formats.format_number(min(known)[0]),
        "high": formats.format_number(peak[0]),
        "latest": formats.format_number(latest[0]),
        "peak_day": peak[1],
    }
    return f"{words} {limit}" if limit else words


def format_number_or_dash(value: int | None) -> str:
    """Return a number as it is written in the reader's language, or a dash for None."""
    return NO_NUMBER if value is None else formats.format_number(value)
