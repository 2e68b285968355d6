"""Thirteen months of use, day by day: invented, but in the shapes that real use has.

A customer's shape follows from its number, unless cast.USAGE names one. Every curve ends today at the assigned seats
that the entitlement says, so that pages agree with one another.
"""

import datetime as dt
import math
from collections.abc import Iterable, Iterator
from random import Random

from accounts.models import Organization
from entitlements.actions.usage import ReportedUsageDay, store_usage_days
from entitlements.models import Entitlement
from partnerportal.lib.actors import Actor
from partnerportal.sample import cast

MONTHS = 13
# Each shape comes up as often as it stands here.
SHAPES = ("growing", "growing", "growing", "steady", "steady", "flat", "falling")
DAYS_TOLD = {"new": 14}  # days for which a shape has been reported, if not for the whole time
GAP = (60, 46)  # the days ago from which and until which nothing was reported
BATCH = 100_000  # rows that are stored at a time


def write_sample_usage(organizations: Iterable[Organization], today: dt.date) -> int:
    """Store invented usage for each day up to `today`, for all active licences of these organisations.

    Returns the number of database rows that were written.
    """
    keys = {organization.pk: organization for organization in organizations}
    batch: list[ReportedUsageDay] = []
    written = 0
    entitlements = Entitlement.objects.filter(customer__in=keys, state=Entitlement.State.ACTIVE, kind="production")
    per_sku: dict[tuple[int, int], list[Entitlement]] = {}
    for entitlement in entitlements.select_related("sku").order_by("customer_id", "sku_id", "pk"):
        per_sku.setdefault((entitlement.customer_id, entitlement.sku_id), []).append(entitlement)
    for (customer_id, _sku_id), held in per_sku.items():
        batch.extend(_days(keys[customer_id], held, today, len(batch)))
        if len(batch) >= BATCH:
            written += _store(batch)
            batch = []
    return written + _store(batch)


def _store(batch: list[ReportedUsageDay]) -> int:
    return len(store_usage_days(actor=Actor.system("feed"), usage_days=batch))


def _days(customer: Organization, held: list[Entitlement], today: dt.date, line: int) -> Iterator[ReportedUsageDay]:
    """Yield the days that were reported of one SKU. Seats of several entitlements for it count together."""
    first = held[0]
    purchased, assigned = sum(e.quantity for e in held), sum(e.assigned for e in held)
    random = Random(f"{customer.org_id} {first.sku.code}")
    shape = cast.USAGE.get(customer.website.removesuffix(".example")) or SHAPES[int(customer.org_id) % len(SHAPES)]
    start = (today.replace(day=1) - dt.timedelta(days=31 * MONTHS - 35)).replace(day=1)
    start = max(start, today - dt.timedelta(days=DAYS_TOLD.get(shape, 10**4)))
    if shape != "new" and first.starts_on:
        start = max(start, min(first.starts_on, today - dt.timedelta(days=150)))
    share = random.uniform(0.62, 0.9)  # the part of the assigned who come within a month
    devices = random.uniform(0.85, 1.25)  # devices per user
    before_month = month_assigned = 0
    for back in range((today - start).days - 1, -1, -1):  # the last is yesterday, because today is not over
        day = today - dt.timedelta(days=back + 1)
        held_now = _assigned(shape, assigned, back, (today - start).days)
        if day.day == 1 or not month_assigned:
            before_month = month_assigned or round(held_now * 0.96)
        month_assigned = held_now
        if shape == "gap" and GAP[1] <= back < GAP[0]:
            continue
        monthly = round(held_now * _come(shape, share, back) * (1 + 0.015 * math.sin(back / 3)))
        daily = round(monthly * random.uniform(0.52, 0.66) * (0.22 if day.weekday() >= 5 else 1))
        line += 1
        yield ReportedUsageDay(
            line, customer.pk, first.sku_id, day, purchased, held_now, max(held_now - before_month, 0),
            daily, round(daily * devices), monthly, round(monthly * devices), round(daily * 0.7),
        )  # fmt: skip


def _assigned(shape: str, now: int, back: int, length: int) -> int:
    """Return the seats that were assigned `back` days ago, on a curve that ends at `now`."""
    if shape in ("flat", "new", "gap"):
        return now
    if shape == "falling":
        return round(now * (1 + 0.12 * min(back, 60) / 60))
    slope = 0.55 if shape == "growing" else 0.12
    return max(round(now * (1 - slope * back / max(length, 1))), min(now, 1))


def _come(shape: str, share: float, back: int) -> float:
    """Return the part of the assigned that come within a month. Falling use fell in the last two weeks."""
    if shape == "falling":
        return share * (1 - 0.34 * (1 - min(back, 14) / 14))
    return share
