"""How licences and their use are counted: the rules of the licensing trends (CC-34…CC-37), here and nowhere else.

Numbers only; no database. What SQL must count for itself (`entitlements.actions.rollups`) is held to this by tests.

* A licence for a *user or device* is used once by whoever uses it: unique users and unique devices are counted, and the
  lesser of both is the number in use. A *concurrent* licence is used by as many as work at the same time: the peak.
* Daily is the last 24 hours, monthly the last 30 days, both up to the end of a day. Days are UTC days.
* Previously assigned are the licences assigned in earlier months, newly assigned those of this one; together: assigned.
"""

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from entitlements.models import Sku
from partnerportal.lib import usage

ACTIVE_DAYS = 30  # what monthly means
WARNING_DAYS = 90  # before an entitlement ends
PACE_MIN_DAYS = 28  # of history, before anything is said of a pace
HORIZON_DAYS = 730  # a pace says nothing of what is further away


class Tone(StrEnum):
    """How full: green, amber from 90 % to all of them, red only above. Unused ones are quiet, see the design brief."""

    QUIET = "low"
    GREEN = ""
    AMBER = "full"
    RED = "over"


@dataclass(frozen=True)
class Day:
    """What was reported of one UTC day."""

    day: dt.date
    daily_users: int = 0
    daily_devices: int = 0
    monthly_users: int = 0
    monthly_devices: int = 0
    peak_concurrent: int = 0


def in_use(licence_model: str, *, users: int, devices: int, peak: int) -> int:
    """Licences in use, of whatever period the three numbers are."""
    return peak if licence_model == Sku.LicenceModel.CONCURRENT else min(users, devices)


def daily_active(licence_model: str, day: Day) -> int:
    return in_use(licence_model, users=day.daily_users, devices=day.daily_devices, peak=day.peak_concurrent)


def monthly_active(licence_model: str, days: Iterable[Day], on: dt.date) -> int:
    """In the 30 days up to and with `on`, the latest day that was reported. Users and devices are unique over those 30
    days, which only the vendor can count: they stand in the report of `on`. A peak is the highest of the 30 days."""
    recent = [day for day in days if on - dt.timedelta(days=ACTIVE_DAYS) < day.day <= on]
    latest = max(recent, key=lambda day: day.day)
    peak = max(day.peak_concurrent for day in recent)
    return in_use(licence_model, users=latest.monthly_users, devices=latest.monthly_devices, peak=peak)


def previously_assigned(assigned: int, newly_assigned: int) -> int:
    return assigned - newly_assigned


def available(assigned: int, purchased: int, overage: int = 0) -> int:
    """Licences left; never below none: see `overage`, which is given of several SKUs together: no licence of one fills
    in for another."""
    return max(purchased - assigned + overage, 0)


def overage(assigned: int, purchased: int) -> int:
    return max(assigned - purchased, 0)


def percent(assigned: int, purchased: int) -> int | None:
    """The share assigned, in whole percent, half up. 100 is said of all and 0 of none only: one of 1,000 is 1. None
    without purchased licences, of which there is no share."""
    if purchased <= 0:
        return None
    rounded = (200 * assigned + purchased) // (2 * purchased)
    if 0 < assigned < purchased:
        return min(max(rounded, 1), 99)
    return max(rounded, 101) if assigned > purchased else rounded


def tone(assigned: int, purchased: int) -> Tone:
    return Tone(usage.tone(assigned, purchased))


def days_left(ends_on: dt.date | None, today: dt.date) -> int | None:
    """Days until the last day of use, 0 on it, while that deserves a warning: within 90 days. Else None."""
    if ends_on is None:
        return None
    left = (ends_on - today).days
    return left if 0 <= left <= WARNING_DAYS else None


def full_on(
    *, as_of: dt.date, assigned: int, purchased: int, per_day: float | None, history_days: int
) -> dt.date | None:
    """The day on which all licences will be assigned at the present pace: `as_of` if they are already, None if the pace
    is not upwards, is unknown for want of history, or leads more than two years ahead."""
    if history_days < PACE_MIN_DAYS or purchased <= 0:
        return None
    if assigned >= purchased:
        return as_of
    if per_day is None or per_day <= 0:
        return None
    days = round((purchased - assigned) / per_day, 6)  # the last digits are not PostgreSQL's, and must not make a day
    return as_of + dt.timedelta(days=math.ceil(days)) if days <= HORIZON_DAYS else None
