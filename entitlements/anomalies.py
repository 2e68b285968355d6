"""The rules by which a number has left its usual range, and the words that say so.

The usual range is the median ± 3 scaled median absolute deviations of the eight weeks that ended 14 days before, of
which four must have been reported. A number outside of it is unusual if it changed by at least 10 % and 5 in 14 days.
"""

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from statistics import median
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from entitlements.counting import ACTIVE_DAYS
from entitlements.models import Anomaly, CustomerUsage, UnusualUse
from partnerportal.lib import formats

LOOKS_BACK = dt.timedelta(days=14)  # the time over which a change is judged
HISTORY = dt.timedelta(weeks=8)  # the time before it whose numbers are usual
LEAST_HISTORY = 28  # days with a report that the history must have
DEVIATIONS = 3  # deviations from the median that are still usual
SCALE = 1.4826  # makes the median absolute deviation one standard deviation of a normal distribution
LEAST_SHARE, LEAST_CHANGE = 0.1, 5  # the least change that counts, as a share of the earlier number and in itself
NEW_FOR = dt.timedelta(days=7)  # from the day on which an anomaly was found
TOLD = 10  # unusual numbers that one notice names
NEAR = dt.timedelta(days=3)  # where nothing was reported 14 days before, the report of up to so much earlier counts


@dataclass(frozen=True)
class UsageNumberWithUsualRange:
    """A reported number of a customer's usage, with the lowest and the highest number that were usual before."""

    value: int
    before: int  # the number of 14 days earlier
    low: int  # the least number of the usual range
    high: int  # the greatest number of the usual range
    is_unusual: bool


def compute_usual_range(earlier_numbers: Sequence[int]) -> tuple[int, int]:
    """Return the lowest and the highest usual number, as integers of at least 0, computed from `earlier_numbers`."""
    middle = median(earlier_numbers)
    spread = DEVIATIONS * SCALE * median(abs(value - middle) for value in earlier_numbers)
    return max(math.floor(middle - spread), 0), math.ceil(middle + spread)


def compare_with_usual_range(number_by_day: Mapping[dt.date, int], day: dt.date) -> UsageNumberWithUsualRange | None:
    """Return the number that was reported for the date `day`, with the range of numbers that was usual before.

    `number_by_day` maps days to numbers. Returns None if that day, or the one 14 days before it, was not reported, or
    if there is too little history.
    """
    then = day - LOOKS_BACK
    before = next((number_by_day[day] for day in _back_from(then) if day in number_by_day), None)
    history = [value for day, value in number_by_day.items() if then - HISTORY < day <= then]
    if before is None or day not in number_by_day or len(history) < LEAST_HISTORY:
        return None
    value, (low, high) = number_by_day[day], compute_usual_range(history)
    change = abs(value - before)
    is_unusual = not low <= value <= high and change >= max(LEAST_SHARE * before, LEAST_CHANGE)
    # A number may go back and forth between two levels. It is unusual if it moved away from the range, not towards it.
    is_unusual = is_unusual and (value < before) == (value < low)
    return UsageNumberWithUsualRange(value, before, low, high, is_unusual)


def _back_from(day: dt.date) -> list[dt.date]:
    return [day - dt.timedelta(days=back) for back in range(NEAR.days + 1)]


def list_unusual_use_kinds(usage: CustomerUsage, open_anomalies: Iterable[Anomaly]) -> list[UnusualUse]:
    """Return the kinds of unusual use that a customer's latest report shows: falling, rising, idle or new.

    It is falling or rising while an anomaly of that kind is open, and new for a week after one was found. It is idle
    when licences are assigned and nobody has used one in the last 30 days.
    """
    anomalies = list(open_anomalies)
    is_said = {
        UnusualUse.FALLING: any(row.is_below_usual_range for row in anomalies),
        UnusualUse.RISING: any(not row.is_below_usual_range for row in anomalies),
        UnusualUse.IDLE: usage.assigned > 0 and usage.monthly_active == 0 and usage.history_days >= ACTIVE_DAYS,
        UnusualUse.NEW: any(usage.as_of - row.found_on < NEW_FOR for row in anomalies),
    }
    return [kind for kind, is_so in is_said.items() if is_so]


def describe_anomaly(metric: str, *, before: int, value: int, low: int, high: int) -> str:
    """Return a sentence that describes an anomaly in the reader's language.

    In English it is such as "Monthly active users fell from 182 to 121 in 14 days; usual range 175–190".
    """
    falls, active = value < low, metric == Anomaly.Metric.MONTHLY_ACTIVE
    if falls:
        words = (
            _("Monthly active users fell from %(before)s to %(value)s in 14 days; usual range %(low)s–%(high)s")
            if active
            else _("Licences assigned fell from %(before)s to %(value)s in 14 days; usual range %(low)s–%(high)s")
        )
    else:
        words = (
            _("Monthly active users rose from %(before)s to %(value)s in 14 days; usual range %(low)s–%(high)s")
            if active
            else _("Licences assigned rose from %(before)s to %(value)s in 14 days; usual range %(low)s–%(high)s")
        )
    numbers = {"before": before, "value": value, "low": low, "high": high}
    return words % {name: formats.format_number(number) for name, number in numbers.items()}


def describe_anomalies(anomalies: Sequence[Mapping[str, Any]], *, total_count: int) -> str:
    """Return a text that describes the anomalies of an event, with one line for each service.

    `anomalies` are those in the event's data, which holds only the first of many. `total_count` is the number of all of
    them; a last line says how many are left out. If there are several services, each line names its own, which is a
    SKU by its display name.
    """
    words_by_service: dict[str, list[str]] = {}
    for use in anomalies:
        words = describe_anomaly(use["metric"], **{name: use[name] for name in ("before", "value", "low", "high")})
        words_by_service.setdefault(use["service"], []).append(words)
    lines = []
    for service, words_of_service in words_by_service.items():
        words = reduce(
            lambda first, second: _("%(first)s; %(second)s") % {"first": first, "second": second}, words_of_service
        )
        names = {"service": service, "words": words}
        lines.append(words if len(words_by_service) == 1 else _("%(service)s: %(words)s") % names)
    if left_out := total_count - len(anomalies):
        more = ngettext("and %(count)s more on the usage page", "and %(count)s more on the usage page", left_out)
        lines.append(more % {"count": formats.format_number(left_out)})
    return "\n".join(lines)


def list_anomaly_service_names(anomalies: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the distinct names of the services in the anomalies of an event, in the anomalies' order."""
    return list(dict.fromkeys(use["service"] for use in anomalies))
