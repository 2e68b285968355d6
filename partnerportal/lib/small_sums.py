"""Sums over customers by place that give no customer away: too small ones are joined until each counts enough of them.

Every sum that is shown counts at least FEWEST customers, and no sum overlaps another. So whatever is added up or
subtracted of one period is a sum over at least as many. Differences between two periods are not hidden.
"""

from collections.abc import Mapping
from typing import NamedTuple

FEWEST = 5  # customers that a sum counts at least
OTHERS = ""  # the place under which small sums are joined, and sums of no place stand


class CountedSum(NamedTuple):
    """A sum, and how many customers contribute to it. Who contributes 0 is not counted: it would hide nobody."""

    amount: int
    contributors: int

    def join(self, other: "CountedSum") -> "CountedSum":
        """Return the sum of both. No customer may contribute to both."""
        return CountedSum(self.amount + other.amount, self.contributors + other.contributors)


def join_small_sums(sums: Mapping[str, CountedSum], fewest: int = FEWEST) -> dict[str, CountedSum]:
    """Return the sums by place, with those over fewer than `fewest` customers joined under OTHERS.

    While what is joined counts too few itself, the smallest of the other sums joins it, because the total of all places
    would give it away. The result is empty if all places together count too few; otherwise it has the same total.
    """
    shown = {place: one for place, one in sums.items() if place != OTHERS and one.contributors >= fewest}
    joined = CountedSum(0, 0)
    for place, one in sums.items():
        if place not in shown:
            joined = joined.join(one)
    while 0 < joined.contributors < fewest and shown:
        smallest = min(shown, key=lambda place: (shown[place].contributors, place))
        joined = joined.join(shown.pop(smallest))
    return shown | {OTHERS: joined} if joined.contributors >= fewest else shown
