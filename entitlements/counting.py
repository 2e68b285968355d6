"""The rules by which licences and their use are counted, for the licensing trends (CC-34…CC-37).

The functions take numbers and read no database. Tests hold the statements that count in SQL
(`entitlements.actions.rollups`, `totals`) to these rules.

* A licence for a *user or device* is used once by whoever uses it: unique users and unique devices are counted, and the
  lesser of both is the number in use. A *concurrent* licence is used by as many as work at the same time: the peak.
* Daily is the last 24 hours, monthly the last 30 days, both up to the end of a day. Days are UTC days.
* Previously assigned are the licences assigned in earlier months, newly assigned those of this month. Assigned are both
  together.
* Of what a customer has now, its *paid* licences are counted: those of entitlements that run and are in production.
  They are the total of a customer, and of all customers, on every page, in every file and in the API. Licences on trial
  stand beside it and are added to nothing. Overage is of paid licences, of each SKU on its own, all entitlements
  of that SKU together. The listing counts the same in SQL (migration 0017).
"""

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from entitlements.models import CustomerListing, Entitlement, Sku
from partnerportal.lib import usage

ACTIVE_DAYS = 30  # days over which monthly use is counted
WARNING_DAYS = 90  # days before an entitlement's end from which pages warn of it
PACE_MIN_DAYS = 28  # days of history that there must be before anything is said of a pace
HORIZON_DAYS = 730  # days ahead beyond which a pace says nothing


class LicenceBarTone(StrEnum):
    """The colour of a bar that shows how many of the purchased licences are assigned.

    It is quiet where few are assigned, then green, amber from 90 % to all, and red only above.
    """

    QUIET = "low"
    GREEN = ""
    AMBER = "full"
    RED = "over"


@dataclass(frozen=True)
class LicenceTotals:
    """How many paid licences are purchased and assigned, and beside them how many are on trial."""

    purchased: int = 0
    assigned: int = 0
    overage: int = 0
    trial_purchased: int = 0
    trial_assigned: int = 0
    overage_by_sku: Mapping[int, int] = field(default_factory=dict)  # by primary key of the SKU, the largest first

    @property
    def available(self) -> int:
        """How many purchased licences are not assigned, of each SKU on its own."""
        return count_available_licences(self.assigned, self.purchased, self.overage)

    @property
    def has_paid(self) -> bool:
        """Whether there are paid licences, or any are assigned as such."""
        return bool(self.purchased or self.assigned)


def count_licence_totals(entitlements: Iterable[Entitlement], today: dt.date) -> LicenceTotals:
    """Return the licences of those of these entitlements that run on the day `today` (UTC), paid ones and trials apart.

    The entitlements are of one customer, all of them or those of one SKU.
    """
    sums = {kind: {"quantity": 0, "assigned": 0} for kind in Entitlement.Kind}
    excess: dict[int, int] = {}
    for row in entitlements:
        if not row.runs_on(today):
            continue
        sums[Entitlement.Kind(row.kind)]["quantity"] += row.quantity
        sums[Entitlement.Kind(row.kind)]["assigned"] += row.assigned
        if row.kind == Entitlement.Kind.PRODUCTION:
            excess[row.sku_id] = excess.get(row.sku_id, 0) + row.assigned - row.quantity
    over = sorted(((seats, sku) for sku, seats in excess.items() if seats > 0), key=lambda pair: (-pair[0], pair[1]))
    paid, tried = sums[Entitlement.Kind.PRODUCTION], sums[Entitlement.Kind.TRIAL]
    return LicenceTotals(
        purchased=paid["quantity"],
        assigned=paid["assigned"],
        overage=sum(seats for seats, _sku in over),
        trial_purchased=tried["quantity"],
        trial_assigned=tried["assigned"],
        overage_by_sku={sku: seats for seats, sku in over},
    )


def get_listed_licence_totals(row: CustomerListing) -> LicenceTotals:
    """Return the licences of a customer as its row of the customer listing has them."""
    return LicenceTotals(
        purchased=row.seats,
        assigned=row.assigned,
        overage=row.overage,
        trial_purchased=row.trial_seats,
        trial_assigned=row.trial_assigned,
        overage_by_sku=dict(zip(row.over_skus, row.over_seats, strict=True)),
    )


@dataclass(frozen=True)
class DailyUsageCounts:
    """The numbers of users, devices and concurrent uses that were reported for one UTC day."""

    day: dt.date
    daily_users: int = 0
    daily_devices: int = 0
    monthly_users: int = 0
    monthly_devices: int = 0
    peak_concurrent: int = 0


def count_licences_in_use(licence_model: str, *, users: int, devices: int, peak: int) -> int:
    """Return how many licences were in use in a period, from the users, devices and peak counted in it.

    A concurrent licence is counted by `peak`; any other by `users`, or by `devices` where those are fewer.
    """
    return peak if licence_model == Sku.LicenceModel.CONCURRENT else min(users, devices)


def count_daily_active_licences(licence_model: str, day_counts: DailyUsageCounts) -> int:
    """Return how many licences were in use on a day, which is 24 hours in UTC."""
    return count_licences_in_use(
        licence_model, users=day_counts.daily_users, devices=day_counts.daily_devices, peak=day_counts.peak_concurrent
    )


def count_monthly_active_licences(
    licence_model: str, daily_counts: Iterable[DailyUsageCounts], last_day: dt.date
) -> int:
    """Return how many licences were in use in the 30 days up to and with `last_day`, the latest day that was reported.

    The numbers of unique users and devices over those 30 days are part of the report of `last_day`, because only the
    vendor can count them. A peak is the highest of the 30 days.
    """
    recent = [day for day in daily_counts if last_day - dt.timedelta(days=ACTIVE_DAYS) < day.day <= last_day]
    latest = max(recent, key=lambda day: day.day)
    peak = max(day.peak_concurrent for day in recent)
    return count_licences_in_use(licence_model, users=latest.monthly_users, devices=latest.monthly_devices, peak=peak)


def count_previously_assigned_licences(assigned: int, newly_assigned: int) -> int:
    """Return how many of the assigned licences were assigned in earlier months."""
    return assigned - newly_assigned


def count_available_licences(assigned: int, purchased: int, overage: int = 0) -> int:
    """Return how many purchased licences are not assigned, never below 0.

    For several SKUs together `overage` is the sum of their overages, because no licence of one SKU fills in for
    another.
    """
    return max(purchased - assigned + overage, 0)


def count_licence_overage(assigned: int, purchased: int) -> int:
    """Return how many licences of one SKU are assigned beyond those purchased, which is never below 0."""
    return max(assigned - purchased, 0)


def compute_percent_of_licences_assigned(assigned: int, purchased: int) -> int | None:
    """Return the assigned share of purchased licences in whole percent, rounded half up; None if none is purchased.

    100 is returned only if all are assigned, and 0 only if none is: 1 of 1,000 gives 1.
    """
    if purchased <= 0:
        return None
    rounded = (200 * assigned + purchased) // (2 * purchased)
    if 0 < assigned < purchased:
        return min(max(rounded, 1), 99)
    return max(rounded, 101) if assigned > purchased else rounded


def choose_licence_bar_tone(assigned: int, purchased: int) -> LicenceBarTone:
    """Return the colour of the bar that shows how many of the purchased licences are assigned."""
    return LicenceBarTone(usage.choose_usage_bar_tone(assigned, purchased))


def count_days_left(ends_on: dt.date | None, today: dt.date) -> int | None:
    """Return the days until the last day of use, 0 on it, or None if it is past or more than WARNING_DAYS ahead."""
    if ends_on is None:
        return None
    left = (ends_on - today).days
    return left if 0 <= left <= WARNING_DAYS else None


def predict_day_licences_run_out(
    *, as_of: dt.date, assigned: int, purchased: int, assigned_per_day: float | None, history_days: int
) -> dt.date | None:
    """Predict the day on which all purchased licences will be assigned, at `assigned_per_day` more each day.

    The day is counted from `as_of`, and is `as_of` if all are assigned already. `history_days` is for how many days use
    was reported. Returns None if the number does not grow, if there is too little history, or if the day lies more than
    two years ahead.
    """
    if history_days < PACE_MIN_DAYS or purchased <= 0:
        return None
    if assigned >= purchased:
        return as_of
    if assigned_per_day is None or assigned_per_day <= 0:
        return None
    # The last digits are other than PostgreSQL's, and must not make a day more.
    days = round((purchased - assigned) / assigned_per_day, 6)
    return as_of + dt.timedelta(days=math.ceil(days)) if days <= HORIZON_DAYS else None
