"""Parts of rows that several apps show, in the reader's words: a bar of seats, a last day, a thing to act on."""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

from babel import Locale
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partnerportal.lib import formats, usage
from partnerportal.lib.days import SOON, URGENT, today


@dataclass(frozen=True)
class SeatUsageBar:
    """The values that the bar of assigned and purchased seats shows, as text in the reader's language.

    For several SKUs together, the overage may be more than the assigned less the purchased seats: spare seats of one
    SKU do not make up for missing ones of another.
    """

    assigned: str
    purchased: str
    tone: str
    width: int
    over_by: str = ""
    over: str = ""  # the overage in words: of which SKUs, such as "Workspace +12", where that is known
    trial: str = ""  # what is on trial beside these seats, such as "+ 9 of 25 on trial"
    is_trial_only: bool = False  # whether there is nothing but what is on trial

    @classmethod
    def from_seat_counts(
        cls,
        assigned: int,
        purchased: int,
        overage: int | None = None,
        *,
        overages: tuple[tuple[str, int], ...] = (),
        trial: tuple[int, int] = (0, 0),
        reader: formats.ReaderFormats | None = None,
    ) -> "SeatUsageBar":
        """Return the bar for these numbers of seats.

        Without `overage` the seats are taken to be of one SKU: the overage is then what is assigned beyond what is
        purchased. `overages` are the names of SKUs, each with its overage, and `trial` the seats assigned and those
        there are on trial. `reader` is who reads, where that is known already.
        """
        over = max(assigned - purchased, 0) if overage is None else overage
        where = reader.locale if reader else formats.get_reader_locale()
        return _seat_bar(assigned, purchased, over, overages, trial, where)


@lru_cache(maxsize=4096)  # lists show the same few numbers and days again and again
def _seat_bar(
    assigned: int,
    purchased: int,
    over: int,
    overages: tuple[tuple[str, int], ...],
    trial: tuple[int, int],
    where: Locale,
) -> SeatUsageBar:
    is_trial_only = any(trial) and not (assigned or purchased)
    return SeatUsageBar(
        assigned=formats.format_number(assigned),
        purchased=formats.format_number(purchased),
        tone="over" if over else usage.choose_usage_bar_tone(assigned, purchased),
        width=usage.compute_usage_bar_percent(assigned, purchased),
        over_by=formats.format_number(over) if over else "",
        over=_describe_overage(over, overages) if over else "",
        trial=_describe_trial(*trial, is_alone=is_trial_only) if any(trial) else "",
        is_trial_only=is_trial_only,
    )


def _describe_overage(over: int, overages: tuple[tuple[str, int], ...]) -> str:
    if overages:
        return formats.join_names(f"{name} +{formats.format_number(seats)}" for name, seats in overages)
    return _("%(over)s over") % {"over": formats.format_number(over)}


def _describe_trial(assigned: int, seats: int, *, is_alone: bool) -> str:
    text = _("%(assigned)s of %(seats)s on trial") if is_alone else _("+ %(assigned)s of %(seats)s on trial")
    return text % {"assigned": formats.format_number(assigned), "seats": formats.format_number(seats)}


@dataclass(frozen=True)
class LastDayLabel:
    """The last day on which something can be used, as text in the reader's language.

    `near` says a day that is close in words, such as "tomorrow", and is "" for any other.
    """

    iso: str
    date: str
    near: str
    tone: str  # "soon", "near", "past" or ""

    @classmethod
    def from_date(
        cls, day: dt.date | None, soon: dt.timedelta = URGENT, *, reader: formats.ReaderFormats | None = None
    ) -> "LastDayLabel | None":
        """Return the LastDayLabel of a date, or None for None.

        Its tone is "soon", which has a colour, if the day is at most `soon` away (by default 7 days), "near" if it is
        at most 30 days away, and "past" if it is over. Lists of customers, renewals and trials show an end alike.
        `reader` is who reads, where that is known already.
        """
        if not day:
            return None
        reader = reader or formats.ReaderFormats()
        return _last_day(day, soon, today(), reader.day, reader.locale)


@lru_cache(maxsize=4096)
def _last_day(day: dt.date, soon: dt.timedelta, today: dt.date, here: dt.date, where: Locale) -> LastDayLabel:
    """Return the row of a last day. `today`, in UTC, decides the tone; `here`, the reader's own day, the words."""
    date, near = formats.format_date(day), formats.format_relative_day(day, here)
    left = day - today
    tone = "past" if left < dt.timedelta(0) else "soon" if left <= soon else "near" if left <= SOON else ""
    return LastDayLabel(day.isoformat(), date, near if near != date else "", tone)


LATE = dt.timedelta(days=3)  # what has waited longer for a decision is in amber


@dataclass(frozen=True)
class WaitingTime:
    """For how long something has waited for a decision, in the reader's words. ui/waits.html draws it.

    `text` is "" on its first day. `is_late` says that it has waited for more than LATE. All lists of what waits for
    somebody show it alike.
    """

    text: str
    is_late: bool

    @classmethod
    def since(cls, at: dt.datetime) -> "WaitingTime":
        """Return the WaitingTime of what has waited since `at`, counted in days (UTC)."""
        waited = today() - at.astimezone(dt.UTC).date()
        count = {"count": formats.format_number(waited.days)}
        text = ngettext("%(count)s day waiting", "%(count)s days waiting", waited.days) % count if waited.days else ""
        return cls(text, waited > LATE)


@dataclass(frozen=True)
class AttentionItem:
    """A thing that needs the reader's attention, such as a licence in overuse. ui/attention.html draws it.

    The `tone` is "bad" for use over the licence, "warn" for an end that is near, and "info" for a request that waits.
    With a `verb`, such as "See usage", the link at `url` has this text and stands at the end of the line; else the
    title is the link.
    """

    tone: str
    icon: str
    title: str
    text: str
    url: str = ""
    day: LastDayLabel | None = None
    verb: str = ""
