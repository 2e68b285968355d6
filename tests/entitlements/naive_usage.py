"""What the trend must say, computed from the raw lines in the plainest way, by the rules of entitlements.counting."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from entitlements import counting
from entitlements.counting import DailyUsageCounts
from entitlements.models import Sku

WEEKS = 16
Line = dict[str, Any]


def last_told(lines: Iterable[Line]) -> dict[tuple[str, str], dict[dt.date, Line]]:
    """The last line about each day, by customer and SKU."""
    told: dict[tuple[str, str], dict[dt.date, Line]] = defaultdict(dict)
    for line in lines:
        told[line["customer"], line["sku"]][dt.date.fromisoformat(line["day"])] = line
    return told


def _day(day: dt.date, line: Line) -> DailyUsageCounts:
    names = ["daily_users", "daily_devices", "monthly_users", "monthly_devices", "peak_concurrent"]
    return DailyUsageCounts(day, **{name: line[name] for name in names})


def months(lines: Iterable[Line], models: dict[str, str]) -> set[tuple[Any, ...]]:
    rows = set()
    for (customer, sku), days in last_told(lines).items():
        reported = [_day(day, line) for day, line in days.items()]
        for month in {day.replace(day=1) for day in days}:
            of_month = [day for day in days if day.replace(day=1) == month]
            last = max(of_month)
            line = days[last]
            rows.add((
                customer, sku, month, line["purchased"], line["assigned"], line["newly_assigned"], last, len(of_month),
                counting.count_monthly_active_licences(models[sku], reported, last),
                max(counting.count_daily_active_licences(models[sku], _day(day, days[day])) for day in of_month),
            ))  # fmt: skip
    return rows


def customer(lines: Iterable[Line], models: dict[str, str], org_id: str) -> tuple[Any, ...] | None:
    """What lists say, as a tuple in the order of CustomerUsage's columns."""
    told = {sku: days for (who, sku), days in last_told(lines).items() if who == org_id}
    every = [day for days in told.values() for day in days]
    if not every:
        return None
    as_of, history = max(every), (max(every) - min(every)).days
    totals = [_week(told, models, as_of - dt.timedelta(7 * week)) for week in range(WEEKS)]
    now, before = totals[0], totals[4]
    assert now is not None
    points = [(-7 * week, total[1]) for week, total in enumerate(totals[:13]) if total]
    full_on = counting.predict_day_licences_run_out(
        as_of=as_of, assigned=now[1], purchased=now[0], assigned_per_day=_slope(points), history_days=history
    )  # fmt: skip
    shares = [-1 if total is None else _share(total[1], total[0]) for total in reversed(totals)]
    purchased, assigned, active, overage = now
    earlier = (before[1], before[2]) if before else (None, None)
    return (as_of, purchased, assigned, overage, active, *earlier, full_on, history, shares)


def _week(told: Any, models: dict[str, str], end: dt.date) -> tuple[int, int, int, int] | None:
    """Purchased, assigned, active, overage: of each SKU its last report within the seven days up to `end`."""
    found = []
    for sku, days in told.items():
        within = [day for day in days if end - dt.timedelta(7) < day <= end]
        if within:
            line = days[max(within)]
            on = end if models[sku] == Sku.LicenceModel.CONCURRENT else max(within)
            active = counting.count_monthly_active_licences(models[sku], [_day(day, days[day]) for day in days], on)
            over = counting.count_licence_overage(line["assigned"], line["purchased"])
            found.append((line["purchased"], line["assigned"], active, over))
    return tuple(map(sum, zip(*found, strict=True))) if found else None  # type: ignore[return-value]


def _share(assigned: int, purchased: int) -> int:
    if not purchased:
        return 999 if assigned else 0
    return min((200 * assigned + purchased) // (2 * purchased), 999)


def _slope(points: list[tuple[int, int]]) -> float | None:
    """Least squares."""
    if len(points) < 2:
        return None
    mean_x, mean_y = (sum(column) / len(points) for column in zip(*points, strict=True))
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
