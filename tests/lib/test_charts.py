"""The geometry of charts: scales from zero, everything inside the drawing, gaps stay gaps."""

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from partnerportal.lib import charts
from partnerportal.lib.charts import NARROW, WIDE

DIMENSIONS = st.sampled_from([WIDE, NARROW])
VALUES = st.lists(st.none() | st.integers(0, 10**9), min_size=1, max_size=90)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def names(values: list[int | None]) -> list[str]:
    return [f"p{at}" for at in range(len(values))]


@given(peak=st.integers(0, 10**12), limit=st.none() | st.integers(1, 10**12))
@example(peak=10_000_000_001, limit=None)  # a billionth above a step
def test_a_scale_begins_at_zero_and_covers_the_peak_in_few_nice_steps(peak: int, limit: int | None) -> None:
    scale = charts.choose_axis_scale(peak, limit)
    assert scale.ticks[0] == 0 and 2 <= len(scale.ticks) <= 6
    assert scale.top >= peak
    assert scale.step == int(scale.step)
    digits = str(int(scale.step)).rstrip("0")
    assert digits in ("1", "2", "25", "5")


@given(peak=st.integers(0, 10**9), limit=st.integers(1, 10**9))
def test_the_limit_is_drawn_from_45_percent_on_and_the_scale_is_never_finer_than_12(peak: int, limit: int) -> None:
    scale = charts.choose_axis_scale(peak, limit)
    assert scale.shows_limit == (peak >= 0.45 * limit)
    assert scale.top >= 0.12 * limit * (1 - 1e-9)
    assert not scale.shows_limit or scale.top >= limit


@given(dimensions=DIMENSIONS, values=VALUES, limit=st.none() | st.integers(1, 10**9))
def test_everything_lies_inside_the_drawing(
    dimensions: charts.ChartDimensions, values: list[int | None], limit: int | None
) -> None:
    limits = [limit] * len(values)
    chart = charts.build_line_chart(dimensions, [("one", values)], names(values), limits)
    (line,) = chart.lines
    for x, y, value in zip(chart.xs, line.ys, values, strict=True):
        assert dimensions.left <= x <= dimensions.width - dimensions.right
        assert (y is None) == (value is None)
        assert y is None or dimensions.top <= y <= chart.baseline_y
    assert 0 < len(chart.labels) <= dimensions.labels
    assert chart.labels[-1].text == names(values)[-1]
    assert bool(chart.limit) == chart.scale.shows_limit


@given(values=VALUES)
def test_more_is_higher_and_a_gap_breaks_the_line(values: list[int | None]) -> None:
    (line,) = charts.build_line_chart(WIDE, [("one", values)], names(values)).lines
    known = [(value, y) for value, y in zip(values, line.ys, strict=True) if value is not None]
    assert all(a[1] >= b[1] for a in known for b in known if a[0] <= b[0])
    runs = "".join("x" if value is None else "o" for value in values).split("x")
    assert line.path.count("M") == line.area.count("M") == sum(bool(run) for run in runs)


@given(
    stacks=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=13),
    dimensions=DIMENSIONS,
)
def test_bars_stand_on_the_baseline_one_part_on_the_other(
    stacks: list[tuple[int, int]], dimensions: charts.ChartDimensions
) -> None:
    chart = charts.build_bar_chart(dimensions, stacks, [str(at) for at in range(len(stacks))])
    for bar, stack in zip(chart.bars, stacks, strict=True):
        below = chart.baseline_y
        for (y, height), value in zip(bar.parts, stack, strict=True):
            assert y + height == pytest.approx(below, abs=0.11)
            assert height >= 0 and (value > 0 or height == 0)
            below = y
        assert below >= dimensions.top - 0.1
    assert all(a.x + a.width <= b.x for a, b in pairwise(chart.bars))


@given(ends=st.lists(st.integers(0, 1000), min_size=2, max_size=5))
def test_names_at_the_ends_of_lines_do_not_overlap(ends: list[int]) -> None:
    series = [(f"line {at}", [5, end]) for at, end in enumerate(ends)]
    chart = charts.build_line_chart(WIDE, series, ["a", "b"])
    heights = sorted(line.label_y for line in chart.lines)
    assert all(b - a >= 14.9 for a, b in pairwise(heights))
    assert heights[-1] <= chart.baseline_y + 0.1


def test_six_lines_cannot_be_told_apart() -> None:
    with pytest.raises(ValueError, match="more than 5"):
        charts.build_line_chart(WIDE, [(str(at), [1]) for at in range(6)], ["a"])


def test_a_limit_that_changed_is_a_step() -> None:
    chart = charts.build_line_chart(WIDE, [("one", [90, 90, 90])], ["a", "b", "c"], [100, 100, 120])
    assert re.fullmatch(r"M48 [\d.]+H[\d.]+V[\d.]+H736", chart.limit)


@given(weeks=st.lists(st.integers(-1, 999), min_size=16, max_size=16))
def test_sparks_are_small_and_inside(weeks: list[int]) -> None:
    path = charts.build_sparkline_path(weeks)
    assert len(path) <= 16 * 9
    if "kkkk" not in "".join("k" if week >= 0 else "-" for week in weeks):
        assert path == ""
        return
    x = y = 0
    for command, numbers in re.findall(r"([Ml])([^Ml]+)", path):
        values = [int(number) for number in NUMBER.findall(numbers)]
        for dx, dy in zip(values[::2], values[1::2], strict=True):
            x, y = (dx, dy) if command == "M" else (x + dx, y + dy)
            assert 0 <= x <= 64 and 0 <= y <= 20


def test_a_spark_of_three_weeks_is_none() -> None:
    """It would be as long as a dash, and stand where a dash means that there is nothing."""
    assert charts.build_sparkline_path([-1] * 13 + [50, 60, 70]) == ""
    assert charts.build_sparkline_path([50, -1, 60, -1, 70, -1, 80, -1]) == ""
    assert charts.build_sparkline_path([-1] * 12 + [50, 60, 70, 80]).startswith("M51 ")


def test_flat_sparks_look_flat() -> None:
    """The range is never below 12 % of the licence."""
    path = charts.build_sparkline_path([80] * 15 + [81])
    assert abs(int(NUMBER.findall(path)[-1])) <= 2
