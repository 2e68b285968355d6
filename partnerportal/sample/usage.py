"""Thirteen months of use, day by day: invented, but in the shapes that real use has.

A customer's shape follows from its number, unless cast.USAGE names one. Every curve ends today at the assigned seats
that the entitlement says, so that pages agree with one another.
"""

import datetime as dt
import math
from collections.abc import Iterable, Iterator
from random import Random

from django.db.models import Min

from accounts.models import Organization
from entitlements.actions.usage import ReportedUsageDay, store_usage_days
from entitlements.models import Entitlement
from partnerportal.lib.actors import Actor
from partnerportal.sample import cast

MONTHS = 13
# Each shape comes up as often as it stands here.
SHAPES = (
    "growing", "rollout", "growing", "steady", "seasonal", "growing", "holidays", "steady", "falling", "churning", "steady",
)  # fmt: skip
DAYS_TOLD = {"new": 14}  # days for which a shape has been reported, if not for the whole time
GAP = (60, 46)  # the days ago from which and until which nothing was reported
MERGED = (130, 105)  # the days ago from which and until which those of another company came in
# What is purchased is less the longer ago it is, in steps: the part of the days that are told, and the part of today's.
STEPS = {"growing": ((0.35, 1.0), (0.7, 0.8), (1.0, 0.6)), "rollout": ((0.3, 1.0), (0.6, 0.7), (1.0, 0.4))}
# The part of the usual number of people who come in each month of the year.
SEASONS = {
    "seasonal": (0.96, 1, 1, 0.94, 0.97, 0.9, 0.46, 0.34, 0.9, 0.98, 1, 0.92),  # of schools
    "holidays": (0.52, 0.5, 0.6, 0.72, 0.84, 0.95, 1, 1, 0.86, 0.7, 0.56, 0.62),  # of tourism
}
FREE = {"NB-FIL-SHR", "NB-WSP-STD"}  # products of which the feed says how many users are not billed
BATCH = 100_000  # rows that are stored at a time


def write_sample_usage(organizations: Iterable[Organization], today: dt.date) -> int:
    """Store invented usage for each day up to `today`, for all active licences of these organisations.

    Returns the number of database rows that were written.
    """
    keys = {organization.pk: organization for organization in organizations}
    batch: list[ReportedUsageDay] = []
    written = 0
    entitlements = Entitlement.objects.filter(customer__in=keys, state=Entitlement.State.ACTIVE, kind="production")
    terms = Entitlement.objects.filter(customer__in=keys, kind="production").values_list("customer_id", "sku_id")
    begun = {(customer, sku): first for customer, sku, first in terms.annotate(first=Min("starts_on"))}
    per_sku: dict[tuple[int, int], list[Entitlement]] = {}
    for entitlement in entitlements.select_related("sku").order_by("customer_id", "sku_id", "pk"):
        per_sku.setdefault((entitlement.customer_id, entitlement.sku_id), []).append(entitlement)
    for key, held in per_sku.items():
        batch.extend(_days(keys[key[0]], held, begun[key], today, len(batch)))
        if len(batch) >= BATCH:
            written += _store(batch)
            batch = []
    return written + _store(batch)


def _store(batch: list[ReportedUsageDay]) -> int:
    return len(store_usage_days(actor=Actor.system("feed"), usage_days=batch))


def _days(
    customer: Organization, held: list[Entitlement], begun: dt.date | None, today: dt.date, line: int
) -> Iterator[ReportedUsageDay]:
    """Yield the days that were reported of one SKU since `begun`. Seats of several entitlements count together."""
    first = held[0]
    purchased, assigned = sum(e.quantity for e in held), sum(e.assigned for e in held)
    random = Random(f"{customer.org_id} {first.sku.code}")
    shape = cast.USAGE.get(customer.website.removesuffix(".example")) or SHAPES[int(customer.org_id) % len(SHAPES)]
    start = (today.replace(day=1) - dt.timedelta(days=31 * MONTHS - 35)).replace(day=1)
    start = max(start, today - dt.timedelta(days=DAYS_TOLD.get(shape, 10**4)))
    if shape != "new" and begun:
        start = max(start, min(begun, today - dt.timedelta(days=150)))
    share = random.uniform(0.62, 0.9)  # the part of the assigned who come within a month
    devices = random.uniform(0.85, 1.25)  # devices per user
    period, phase = random.uniform(6, 11), random.uniform(0, 6)  # of a slow wave, so that no line is straight
    free = random.choice((0.02, 0.05, 0.08)) if first.sku.code in FREE else None  # the part that is not billed
    before_month = month_assigned = 0
    for back in range((today - start).days - 1, -1, -1):  # the last is yesterday, because today is not over
        day = today - dt.timedelta(days=back + 1)
        held_now = _assigned(shape, assigned, back, (today - start).days)
        bought = max(_purchased(shape, purchased, back, (today - start).days), min(held_now, purchased))
        if day.day == 1 or not month_assigned:
            before_month = month_assigned or round(held_now * 0.96)
        month_assigned = held_now
        if shape == "gap" and GAP[1] <= back < GAP[0]:
            continue
        wave = 1 + (0.04 + 1 / max(assigned, 8)) * math.sin(back / period + phase) + random.uniform(-0.012, 0.012)
        monthly = min(round(held_now * _come(shape, share, back, day) * wave), held_now)
        daily = round(monthly * random.uniform(0.52, 0.66) * (0.22 if day.weekday() >= 5 else 1))
        line += 1
        yield ReportedUsageDay(
            line, customer.pk, first.sku_id, day, bought, held_now, max(held_now - before_month, 0),
            daily, round(daily * devices), monthly, round(monthly * devices), round(daily * 0.7), None if free is None else round(monthly * free),
        )  # fmt: skip


def _assigned(shape: str, now: int, back: int, length: int) -> int:
    """Return the seats that were assigned `back` days ago, on a curve that ends at `now`."""
    told = back / max(length, 1)  # the part of the days from then until today
    if shape in ("flat", "new", "gap"):
        return now
    if shape == "falling":
        return round(now * (1 + 0.12 * min(back, 60) / 60))
    if shape == "churning":
        return round(now * (1 + 1.3 * min(told / 0.7, 1)))
    if shape == "merged":
        came = min(max((MERGED[0] - back) / (MERGED[0] - MERGED[1]), 0), 1)
        return max(round(now * (0.46 + 0.5 * came + 0.04 * (1 - told))), min(now, 1))
    if shape == "rollout":  # slowly, then all together, then slowly again
        return max(round(now * (0.12 + 0.88 / (1 + math.exp(14 * (told - 0.45)))) / 0.9985), min(now, 1))
    slope = 0.55 if shape == "growing" else 0.2
    return max(round(now * (1 - slope * told)), min(now, 1))


def _purchased(shape: str, now: int, back: int, length: int) -> int:
    """Return the seats that were purchased `back` days ago: fewer before each time that more were ordered."""
    if shape == "merged":
        return now if back < MERGED[0] else round(now * 0.5)
    told = back / max(length, 1)
    return round(now * next((part for until, part in STEPS.get(shape, ()) if told <= until), 1))


def _come(shape: str, share: float, back: int, day: dt.date) -> float:
    """Return the part of the assigned that come within a month. Falling use fell in the last two weeks."""
    if shape == "falling":
        return share * (1 - 0.34 * (1 - min(back, 14) / 14))
    if shape == "churning":
        return share * (0.55 + 0.45 * min(back, 210) / 210)
    if shape in SEASONS:
        months = SEASONS[shape]
        here, following = months[day.month - 1], months[day.month % 12]
        return share * (here + (following - here) * max(day.day - 15, 0) / 16)
    return share
