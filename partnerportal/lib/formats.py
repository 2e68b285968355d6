"""Numbers, money and dates in the reader's language and time zone, through Babel.

Every function returns a plain string, so that queries and views can hand preformatted rows to templates.
The language and the time zone are Django's active ones.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache

from babel import Locale, dates, numbers
from django.utils import timezone, translation
from django.utils.translation import gettext, pgettext

# English is read outside any one country: the day stands before the month, the clock has 24 hours, the currency stands
# before the amount. Japanese has its country, because without it a week would begin on Monday.
_LOCALES = {"en": "en_GB", "ja": "ja_JP"}
_NEAR_PAST = dt.timedelta(days=7)  # so far back, `format_relative_time` says it in words
_NEAR_FUTURE = dt.timedelta(days=30)  # so far ahead, `format_relative_time` says it in words
NAMED_AT_ONCE = 5  # names in one sentence, where there may be hundreds


@lru_cache(maxsize=32)
def _locale_of(language: str) -> Locale:
    return Locale.parse(_LOCALES.get(language, language), sep="_" if language in _LOCALES else "-")


def get_reader_locale() -> Locale:
    """Return the Babel locale of the active language, or of English when translation is switched off."""
    return _locale_of(translation.get_language() or "en")


def format_number(value: int | Decimal) -> str:
    """Return a number as text in the reader's language, such as 1,234.5 in English and 1 234,5 in French."""
    return _number(value, get_reader_locale())


@lru_cache(maxsize=4096)  # lists show the same few numbers and days again and again
def _number(value: int | Decimal, where: Locale) -> str:
    return numbers.format_decimal(value, locale=where)


class ReaderFormats:
    """The formats of one reader, for many values: asking for the language again with each took a tenth of a list.

    `day` is today in the reader's time zone.
    """

    def __init__(self) -> None:
        self.locale = get_reader_locale()
        self.zone = timezone.get_current_timezone()
        self.day = timezone.localdate(timezone=self.zone)
        self._separator = _separator(translation.get_language())

    def format_number(self, value: int | Decimal) -> str:
        """Return a number as text, as the function of this name does."""
        return _number(value, self.locale)

    def format_date(self, value: dt.date) -> str:
        """Return a date as text, as the function of this name does."""
        if isinstance(value, dt.datetime):
            value = value.astimezone(self.zone).date()
        return _date(value, self.locale)

    def join_names(self, items: Iterable[object]) -> str:
        """Return names as one text, as the function of this name does."""
        return self._separator.join(map(str, items))


def format_file_size(size: int) -> str:
    """Return the size of a file, given in bytes, as text such as 12 kB, from a million bytes on such as 2.5 MB."""
    if size < 1_000_000:
        return gettext("%(size)s kB") % {"size": format_number(min(max(1, round(size / 1000)), 999))}
    mega = numbers.format_decimal(size / 1_000_000, "#,##0.0", locale=get_reader_locale())
    return gettext("%(size)s MB") % {"size": mega}


def format_axis_number(value: int) -> str:
    """Return a number as short text for a chart's axis: from a million on as 2.5M."""
    if value < 1_000_000:
        return format_number(value)
    return numbers.format_compact_decimal(value, locale=get_reader_locale(), fraction_digits=1)


def join_names(items: Iterable[object]) -> str:
    """Join names into one string with the separator of the reader's language: "A, B", in Japanese "A、B"."""
    return _separator(translation.get_language()).join(map(str, items))


def join_first_names(names: Sequence[str]) -> str:
    """Join the first NAMED_AT_ONCE of some names, with "…" after them where there are more."""
    return join_names([*names[:NAMED_AT_ONCE], *["…"] * (len(names) > NAMED_AT_ONCE)])


def join_alternatives(items: Iterable[object]) -> str:
    """Join names of which one is enough: "A, B or C". Return "" if there are none."""
    *others, last = [*map(str, items)] or [""]
    return (
        pgettext("names", "%(others)s or %(last)s") % {"others": join_names(others), "last": last} if others else last
    )


@lru_cache(maxsize=32)
def _separator(language: str | None) -> str:
    """Return the separator of `language`, the active one. It is cached, because lists ask twice for each row."""
    return pgettext("between the items of a list", ", ")


def format_percent(value: int | float | Decimal) -> str:
    """Return a ratio as text in whole percent, such as 66% for 0.66."""
    return numbers.format_percent(value, locale=get_reader_locale())


# Where a code stands before an amount, as in CHF 4.30: the patterns of English and Japanese have no space of their own.
_LETTER_BEFORE_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)")


def format_money(amount: Decimal, currency: str) -> str:
    """Format an amount with its currency, given as a code such as EUR.

    Raises TypeError for a float, which is not exact to the cent.
    """
    if isinstance(amount, float):
        raise TypeError("money takes a Decimal")
    text = numbers.format_currency(amount, currency, locale=get_reader_locale())
    return _LETTER_BEFORE_DIGIT.sub("\N{NO-BREAK SPACE}", text)


def format_date(value: dt.date) -> str:
    """Format a date, such as 14 Dec 2025. A datetime is first converted to the reader's time zone."""
    if isinstance(value, dt.datetime):
        value = timezone.localtime(value).date()
    return _date(value, get_reader_locale())


@lru_cache(maxsize=4096)
def _date(value: dt.date, where: Locale) -> str:
    return _name_first_day(dates.format_date(value, "medium", locale=where), where)


# The first day of a month within a French date, which is said and written "1er". No locale data spell it so.
_FIRST_DAY = re.compile(r"(?<!\d)1(?= [^\W\d]|–)")


def _name_first_day(text: str, where: Locale) -> str:
    """Return a date of the locale data as French writes it: 1er janv. 2027. Other languages stay as they are."""
    return _FIRST_DAY.sub("1er", text) if where.language == "fr" else text


def format_date_with_weekday(value: dt.date) -> str:
    """Format a date in full, such as Monday, 14 December 2026."""
    where = get_reader_locale()
    return _name_first_day(dates.format_date(value, "full", locale=where), where)


def format_date_range(first: dt.date, last: dt.date) -> str:
    """Return the days from `first` to `last` as text without the year, such as 7–13 Dec."""
    where = get_reader_locale()
    return _name_first_day(str(dates.format_interval(first, last, "MMMd", locale=where)), where)


def format_date_and_time(value: dt.datetime) -> str:
    """Format a datetime in the reader's time zone, with the zone's name, such as 14 Dec 2025, 23:59 UTC."""
    local = timezone.localtime(value)
    here = get_reader_locale()
    clock = dates.format_time(local, "short", locale=here)
    pattern = str(dates.get_datetime_format("medium", locale=here)).replace("'", "")
    return pattern.replace("{1}", _date(local.date(), here)).replace("{0}", f"{clock} {local.tzname()}")


def format_relative_time(value: dt.date, now: dt.datetime | None = None) -> str:
    """Format a date or datetime in words when it is near (2 hours ago, in 3 days), else as a date.

    Up to a week ago and up to 30 days ahead count as near. `now` is the present unless a caller gives another.
    """
    now = now or timezone.now()
    if not isinstance(value, dt.datetime):
        return format_relative_day(value, timezone.localtime(now).date())
    delta = value - now
    if not -_NEAR_PAST < delta < _NEAR_FUTURE:
        return format_date(value)
    if abs(delta) < dt.timedelta(minutes=1):
        return gettext("just now")
    if abs(delta) >= dt.timedelta(days=1):
        return format_relative_day(timezone.localtime(value).date(), timezone.localtime(now).date())
    where = get_reader_locale()
    return _close_up(dates.format_timedelta(delta, threshold=1.0, add_direction=True, locale=where), where)


def format_relative_day(day: dt.date, today: dt.date) -> str:
    """Format a day in words when it is near `today` (yesterday, in 3 days), else as a date.

    `today` is the day in the reader's time zone. Up to a week ago and up to 30 days ahead count as near.
    """
    delta = day - today
    if not -_NEAR_PAST < delta <= _NEAR_FUTURE:
        return format_date(day)
    near = {-1: gettext("yesterday"), 0: gettext("today"), 1: gettext("tomorrow")}
    if delta.days in near:
        return near[delta.days]
    return _in_days(delta, get_reader_locale())


@lru_cache(maxsize=1024)
def _in_days(delta: dt.timedelta, where: Locale) -> str:
    text = dates.format_timedelta(delta, granularity="day", threshold=float("inf"), add_direction=True, locale=where)
    return _close_up(text, where)


def _close_up(text: str, where: Locale) -> str:
    """Return a text of the locale data without the blanks that Japanese does not set beside digits."""
    return text.replace(" ", "") if where.language == "ja" else text


def format_day_and_month(value: dt.date) -> str:
    """Format a date without its year, such as 11 Sep."""
    return _skeleton("MMMd", value, get_reader_locale())


def format_month(value: dt.date) -> str:
    """Format a date as its month and year, such as Sep 2026."""
    return _skeleton("yMMM", value, get_reader_locale())


@lru_cache(maxsize=1024)
def _skeleton(skeleton: str, value: dt.date, where: Locale) -> str:
    return _name_first_day(dates.format_skeleton(skeleton, value, locale=where), where)
