"""What rows of several apps show, already in the reader's words: a bar of seats, a last day, a thing to act on."""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

from babel import Locale
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerportal.lib import formats, usage
from partnerportal.lib.days import SOON, today


@dataclass(frozen=True)
class SeatBar:
    """Seats assigned of purchased; of several SKUs together the overage is more than what the two differ by."""

    assigned: str
    purchased: str
    tone: str
    width: int
    over_by: str = ""
    over: str = ""  # the same in words

    @classmethod
    def of(cls, assigned: int, purchased: int, overage: int | None = None) -> "SeatBar":
        """Return the bar of these seats. Without `overage` they are of one SKU, and it is their difference."""
        over = max(assigned - purchased, 0) if overage is None else overage
        return _seat_bar(assigned, purchased, over, formats.locale())


@lru_cache(maxsize=4096)  # lists show the same few numbers and days again and again
def _seat_bar(assigned: int, purchased: int, over: int, where: Locale) -> SeatBar:
    return SeatBar(
        assigned=formats.number(assigned),
        purchased=formats.number(purchased),
        tone="over" if over else usage.tone(assigned, purchased),
        width=usage.width(assigned, purchased),
        over_by=formats.number(over) if over else "",
        over=_("%(over)s over") % {"over": formats.number(over)} if over else "",
    )


@dataclass(frozen=True)
class LastDay:
    """A last day of use: `near` in words when it is close, and the date."""

    iso: str
    date: str
    near: str
    tone: str  # soon, past or none

    @classmethod
    def of(cls, day: dt.date | None, soon: dt.timedelta = SOON) -> "LastDay | None":
        return _last_day(day, soon, today(), timezone.localdate(), formats.locale()) if day else None


@lru_cache(maxsize=4096)
def _last_day(day: dt.date, soon: dt.timedelta, today: dt.date, here: dt.date, where: Locale) -> LastDay:
    """`today` judges, in UTC; the words are said from the reader's own day and in the reader's own language."""
    date, near = formats.date(day), formats.relative_day(day, here)
    left = day - today
    tone = "past" if left < dt.timedelta(0) else "soon" if left <= soon else ""
    return LastDay(day.isoformat(), date, near if near != date else "", tone)


@dataclass(frozen=True)
class Attention:
    """One thing to act on, drawn by ui/attention.html. `tone` bad: over licence; warn: ends soon; info: a request
    waits.
    """

    tone: str
    icon: str
    title: str
    text: str
    url: str = ""
    day: LastDay | None = None
