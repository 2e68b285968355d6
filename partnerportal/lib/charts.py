"""The geometry of charts: numbers come in, coordinates go out, without words or colours. Templates draw them as SVG.

The baseline is always 0. Where values lie far below their limit (`FAR_BELOW`), the scale follows the values and not the
limit, but is never finer than `FINEST` of the limit, so that small changes do not look dramatic. None stands for a
value that is not known, and makes a gap.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

Value = float | int | None

FAR_BELOW = 0.45  # share of the limit; while all values are below it, the limit is said in words and not drawn
FINEST = 0.12  # share of the limit that the scale reaches at least
NICE = (1, 2, 2.5, 5, 10)  # what a step of the scale may be, times a power of ten
LEAST_IN_A_ROW = 4  # known values of a sparkline
SERIES_AT_MOST = 5  # lines in one chart; more cannot be told apart


class ChartDimensions(NamedTuple):
    """The size and the margins of a chart, in SVG units."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    labels: int  # how many fit under the axis


WIDE = ChartDimensions(760, 240, 48, 24, 24, 28, 7)
NARROW = ChartDimensions(340, 210, 40, 20, 24, 28, 4)
ROOM_FOR_NAMES = 68  # right margin of a chart of several lines, whose names stand at their ends


@dataclass(frozen=True)
class ChartScale:
    """The scale of the vertical axis: from 0 to `top` in steps of `step`.

    `shows_limit` says whether the limit, such as the number of licences bought, is drawn as a line.
    """

    step: float
    top: float
    shows_limit: bool

    @property
    def ticks(self) -> list[float]:
        """The values at which the axis has a horizontal line, from 0 up."""
        return [self.step * n for n in range(round(self.top / self.step) + 1)]


def choose_axis_step(span: float, parts: int = 4) -> float:
    """Return the smallest round step with which at most `parts` steps cover the range `span`.

    Steps are whole numbers: 1, 2, 2.5 or 5 times a power of ten.
    """
    least = span / parts
    if least <= 1:
        return 1
    power = 10.0 ** math.floor(math.log10(least))
    return next(step for step in (n * power for n in (*NICE, 20)) if step >= least * (1 - 1e-9) and step == int(step))


def choose_axis_scale(peak: float, limit: float | None) -> ChartScale:
    """Return the scale of an axis for values up to `peak`.

    The scale also includes `limit`, unless all values are far below it.
    """
    shows_limit = bool(limit) and peak >= FAR_BELOW * (limit or 0)
    reach = max(peak, (limit or 0) * (1 if shows_limit else FINEST), 1)
    step = choose_axis_step(reach)
    steps = max(math.ceil(reach / step - 1e-9), math.ceil(peak / step))  # rounding must not cut the peak off
    return ChartScale(step, step * steps, shows_limit)


@dataclass(frozen=True)
class AxisLabel:
    """A text under the horizontal axis, with its position."""

    x: float
    text: str


@dataclass(frozen=True)
class AxisTick:
    """A horizontal line of the chart, with its position and the value it stands for."""

    y: float
    value: int


@dataclass(frozen=True)
class ChartLine:
    """One series of a line chart, as SVG paths.

    `path` is the line, with a gap where a value is unknown; `area` is the surface between the line and the baseline.
    """

    name: str
    path: str
    area: str
    ys: list[float | None]
    end: tuple[float, float] | None  # the latest known point
    label_y: float  # where its name stands, clear of the names of other lines


@dataclass(frozen=True)
class ChartBar:
    """One bar of a stacked bar chart: its position, its width and its parts."""

    x: float
    width: float
    parts: list[tuple[float, float]]  # y and height of each, from the baseline up


@dataclass(frozen=True)
class Chart:
    """A chart that is ready to be drawn as SVG: all coordinates for one size of drawing.

    `limit` is the SVG path of the limit's line, or "" if it is not drawn; `limit_y` is the y of its latest value.
    """

    dimensions: ChartDimensions
    scale: ChartScale
    ticks: list[AxisTick]
    labels: list[AxisLabel]
    xs: list[float]
    limit: str = ""
    limit_y: float = 0
    lines: list[ChartLine] = field(default_factory=list)
    bars: list[ChartBar] = field(default_factory=list)

    @property
    def baseline_y(self) -> float:
        """The y of the baseline, where values are 0."""
        return self.dimensions.height - self.dimensions.bottom

    @property
    def axis_end_x(self) -> float:
        """The x of the right end of the horizontal axis."""
        return self.dimensions.width - self.dimensions.right

    @property
    def points(self) -> str:
        """The coordinates of all data points for the browser's script, in the form "x y y;x y y".

        Each point has one y for each line; "-" stands for an unknown value. A bar has one y, that of its top.
        """
        if self.bars:
            ys: list[list[float | None]] = [
                [min((y for y, _h in bar.parts), default=self.baseline_y)] for bar in self.bars
            ]
        else:
            ys = [[line.ys[at] for line in self.lines] for at in range(len(self.xs))]
        return ";".join(
            " ".join([_text(x), *("-" if y is None else _text(y) for y in row)])
            for x, row in zip(self.xs, ys, strict=True)
        )


def leave_room_for_names(dimensions: ChartDimensions) -> ChartDimensions:
    """Return the dimensions with the right margin of a chart of several lines, for charts that stand under one."""
    return dimensions._replace(right=ROOM_FOR_NAMES)


def build_line_chart(
    dimensions: ChartDimensions,
    series: Sequence[tuple[str, Sequence[Value]]],
    labels: Sequence[str],
    limits: Sequence[Value] = (),
    *,
    in_slots: bool = False,
) -> Chart:
    """Return a chart of one or several lines that share their points in time.

    `series` has a name and the values of each line, `labels` the texts under the axis, and `limits` the limit at each
    point. With `in_slots` the points stand where the bars of `build_bar_chart` would, for charts under one another.
    Raises ValueError for more than SERIES_AT_MOST lines.
    """
    if len(series) > SERIES_AT_MOST:
        raise ValueError(f"more than {SERIES_AT_MOST} lines cannot be told apart")
    if len(series) > 1:
        dimensions = leave_room_for_names(dimensions)
    known = [value for _name, values in series for value in values if value is not None]
    scale = choose_axis_scale(max(known, default=0), _latest(limits))
    xs = _across(dimensions, len(labels), inset=_room(dimensions) / max(len(labels), 1) / 2 if in_slots else 0)
    lines = [_line(dimensions, scale, name, xs, values) for name, values in series]
    return _chart(dimensions, scale, xs, labels, limits, lines=_apart(lines, dimensions))


def build_bar_chart(
    dimensions: ChartDimensions, stacks: Sequence[Sequence[float]], labels: Sequence[str], limits: Sequence[Value] = ()
) -> Chart:
    """Return a stacked bar chart: each of `stacks` holds the values of one bar's parts, from the bottom up.

    `labels` has a text for each bar. `limits` has one value for each bar and is drawn as a stepped line.
    """
    scale = choose_axis_scale(max((sum(stack) for stack in stacks), default=0), _latest(limits))
    slot = _room(dimensions) / max(len(stacks), 1)
    xs = _across(dimensions, len(stacks), inset=slot / 2)
    width = round(min(slot * 0.62, 44), 1)
    bars = [
        ChartBar(round(x - width / 2, 1), width, _stack(dimensions, scale, stack))
        for x, stack in zip(xs, stacks, strict=True)
    ]
    return _chart(dimensions, scale, xs, labels, limits, bars=bars)


def build_sparkline_path(values: Sequence[int], width: int = 64, height: int = 20, least: int = 12) -> str:
    """Return a sparkline, the small curve in a table's row, as an SVG path.

    A negative value stands for an unknown one and makes a gap. Without LEAST_IN_A_ROW known values in a row the path is
    "", for so short a curve looks like a dash. `least` is the smallest difference between values that fills the whole
    height. Coordinates are whole numbers to save bytes.
    """
    return _spark(tuple(values), width, height, least)


@lru_cache(maxsize=4096)  # lists are read again and again, while their weeks change once a day
def _spark(values: tuple[int, ...], width: int, height: int, least: int) -> str:
    runs = (len([*run]) for is_known, run in itertools.groupby(values, lambda value: value >= 0) if is_known)
    if max(runs, default=0) < LEAST_IN_A_ROW:
        return ""
    known = [value for value in values if value >= 0]
    spare = max(least - (max(known) - min(known)), 0)
    low, high = min(known) - spare / 2, max(known) + spare / 2
    path, last = [], None
    for at, value in enumerate(values):
        if value < 0:
            last = None
            continue
        point = (round(at * width / (len(values) - 1)), round(1 + (height - 2) * (high - value) / (high - low)))
        if last is None:
            path.append(f"M{point[0]} {point[1]}")
        else:
            down = point[1] - last[1]
            path.append(f"{'' if path[-1][0] != 'M' else 'l'}{point[0] - last[0]}{down if down < 0 else f' {down}'}")
        last = point
    return " ".join(path).replace(" l", "l").replace(" M", "M")


def _chart(
    dimensions: ChartDimensions,
    scale: ChartScale,
    xs: list[float],
    labels: Sequence[str],
    limits: Sequence[Value],
    lines: list[ChartLine] | None = None,
    bars: list[ChartBar] | None = None,
) -> Chart:
    latest = _latest(limits)
    return Chart(
        dimensions=dimensions,
        scale=scale,
        ticks=[AxisTick(_y(dimensions, scale, value), round(value)) for value in scale.ticks],
        labels=_labels(dimensions, xs, labels),
        xs=xs,
        limit=_steps(dimensions, scale, xs, limits) if scale.shows_limit else "",
        limit_y=_y(dimensions, scale, latest) if latest is not None and scale.shows_limit else 0,
        lines=lines or [],
        bars=bars or [],
    )


def _latest(values: Sequence[Value]) -> float | None:
    return next((value for value in reversed(values) if value is not None), None)


def _room(dimensions: ChartDimensions) -> float:
    return dimensions.width - dimensions.left - dimensions.right


def _across(dimensions: ChartDimensions, count: int, inset: float) -> list[float]:
    if count == 1:
        return [round(dimensions.left + _room(dimensions) / 2, 1)]
    step = (_room(dimensions) - 2 * inset) / max(count - 1, 1)
    return [round(dimensions.left + inset + step * at, 1) for at in range(count)]


def _y(dimensions: ChartDimensions, scale: ChartScale, value: float) -> float:
    """Return the y of a value. It is never above the drawing: a limit that was once higher is cut off at the top."""
    room = dimensions.height - dimensions.top - dimensions.bottom
    return round(dimensions.top + room * (1 - min(value / scale.top, 1)), 1)


def _line(
    dimensions: ChartDimensions, scale: ChartScale, name: str, xs: list[float], values: Sequence[Value]
) -> ChartLine:
    ys = [None if value is None else _y(dimensions, scale, value) for value in values]
    base = dimensions.height - dimensions.bottom
    path, area = "", ""
    for run in _runs(xs, ys):
        steps = "L".join(f"{_text(x)} {_text(y)}" for x, y in run)
        path += f"M{steps}" + ("h0" if len(run) == 1 else "")
        area += f"M{_text(run[0][0])} {base}L{steps}V{base}Z"
    end = next(((x, y) for x, y in zip(reversed(xs), reversed(ys), strict=True) if y is not None), None)
    return ChartLine(name, path, area, ys, end, end[1] if end else 0)


def _runs(xs: Sequence[float], ys: Sequence[float | None]) -> list[list[tuple[float, float]]]:
    """Return the known points, in runs without a gap."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in zip(xs, ys, strict=True):
        if y is None:
            runs.append([])
        else:
            runs[-1].append((x, y))
    return [run for run in runs if run]


def _apart(lines: list[ChartLine], dimensions: ChartDimensions, room: float = 15) -> list[ChartLine]:
    """Return the lines with the names at their right ends moved at least `room` from one another."""
    taken = float("-inf")
    placed = {}
    for line in sorted(lines, key=lambda line: line.label_y):
        taken = max(line.label_y, taken + room)
        placed[line.name] = taken
    sunk = max(max(placed.values(), default=0) - (dimensions.height - dimensions.bottom), 0)
    return [ChartLine(**{**vars(line), "label_y": round(placed[line.name] - sunk, 1)}) for line in lines]


def _stack(dimensions: ChartDimensions, scale: ChartScale, stack: Sequence[float]) -> list[tuple[float, float]]:
    parts, below = [], 0.0
    for value in stack:
        foot, head = _y(dimensions, scale, below), _y(dimensions, scale, below + value)
        parts.append((head, round(foot - head, 1)))
        below += value
    return parts


def _steps(dimensions: ChartDimensions, scale: ChartScale, xs: list[float], limits: Sequence[Value]) -> str:
    """Return the path of the limit: a line from edge to edge that steps half way between two points."""
    edges = [dimensions.left, *((a + b) / 2 for a, b in itertools.pairwise(xs)), dimensions.width - dimensions.right]
    path, at, before = "", 0, None
    for limit, same in itertools.groupby(limits):
        until = at + len(list(same))
        if limit is not None:
            y = _text(_y(dimensions, scale, limit))
            path += f"M{_text(edges[at])} {y}" if before is None else f"V{y}"
            path += f"H{_text(edges[until])}"
        at, before = until, limit
    return path


def _labels(dimensions: ChartDimensions, xs: list[float], labels: Sequence[str]) -> list[AxisLabel]:
    """Return as many labels as fit, at even distances and counted back from the latest."""
    every = max(math.ceil(len(labels) / dimensions.labels), 1)
    positions = range(len(labels) - 1, -1, -every)
    return [AxisLabel(xs[at], labels[at]) for at in reversed(positions)]


def _text(value: float) -> str:
    """Return a coordinate as text, without a needless fraction: 12 and 12.5."""
    return f"{value:.1f}".removesuffix(".0")
