"""The rule by which a quantity of licences is proposed for the next renewal of a SKU, and why (G-6).

What is assigned today, what was assigned at most in the last months, and the rate at which that changed say how many
licences will be needed on the day of the renewal. A reduction leaves some room, and is proposed only where it is worth
the trouble. Use by people decides nothing, because who holds a licence may need it tomorrow.
"""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

MONTHS = 3  # months before the present one that are looked at
ROOM = 0.05  # the part of what is needed that is left free when fewer licences are proposed
LEAST_SHARE, LEAST_LICENCES = 0.1, 5  # the least reduction that is proposed, of what is purchased and in itself


class ProposalReason(StrEnum):
    """Why a quantity is proposed."""

    OVER = "over"  # more are assigned than purchased
    GROWING = "growing"  # more will be assigned on the day of the renewal than are purchased
    UNUSED = "unused"  # many were assigned to nobody for months
    KEEP = "keep"  # the present quantity fits


@dataclass(frozen=True)
class ProposedQuantity:
    """How many licences of a SKU to have from its next renewal on, and why.

    `expected` is how many will be assigned then at the present rate, `peak` how many were assigned at most lately.
    """

    quantity: int
    reason: ProposalReason
    expected: int
    peak: int


def propose_quantity(
    *, purchased: int, assigned: int, earlier: Sequence[int], today: dt.date, renews_on: dt.date | None
) -> ProposedQuantity:
    """Return the quantity that is proposed for a SKU.

    `earlier` are the licences that were assigned at the ends of the last MONTHS, the oldest first; fewer are too little
    history for a rate or for a reduction. Without a renewal nothing is expected to change.
    """
    has_history = len(earlier) >= MONTHS
    per_day = (assigned - earlier[0]) / _count_days_since(today, len(earlier)) if has_history else 0.0
    days = max((renews_on - today).days, 0) if renews_on else 0
    expected = max(round(assigned + per_day * days), 0)
    peak = max([assigned, *earlier])
    if assigned > purchased:
        return ProposedQuantity(max(assigned, expected), ProposalReason.OVER, expected, peak)
    if expected > purchased:
        return ProposedQuantity(expected, ProposalReason.GROWING, expected, peak)
    needed = math.ceil(max(peak, expected) * (1 + ROOM))
    spare = purchased - needed
    if has_history and spare >= max(LEAST_SHARE * purchased, LEAST_LICENCES):
        return ProposedQuantity(needed, ProposalReason.UNUSED, expected, peak)
    return ProposedQuantity(purchased, ProposalReason.KEEP, expected, peak)


def _count_days_since(today: dt.date, months: int) -> int:
    """Return the number of days since the end of the month that is so many months before the present one."""
    first = today.replace(day=1)
    for _month in range(months - 1):
        first = (first - dt.timedelta(days=1)).replace(day=1)
    return (today - first).days + 1
