"""Numbers, money and dates in three languages (CC-32), near and far, in the reader's time zone."""

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from partnerportal.lib import formats

NOW = dt.datetime(2026, 11, 20, 14, 5, tzinfo=dt.UTC)
TODAY = NOW.date()
NARROW = "\u202f"  # the narrow space that French puts between thousands
SPACE = "\u00a0"


@pytest.mark.parametrize(
    ("language", "number", "percent", "money", "date", "moment"),
    [
        ("en", "1,234.5", "66%", "€1,234.50", "20 Nov 2026", "20 Nov 2026, 14:05 UTC"),
        (
            "fr",
            f"1{NARROW}234,5",
            f"66{SPACE}%",
            f"1{NARROW}234,50{SPACE}€",
            "20 nov. 2026",
            "20 nov. 2026, 14:05 UTC",
        ),
        ("ja", "1,234.5", "66%", "€1,234.50", "2026/11/20", "2026/11/20 14:05 UTC"),
    ],
)
def test_each_language_writes_in_its_own_way(
    language: str, number: str, percent: str, money: str, date: str, moment: str
) -> None:
    with translation.override(language):
        assert formats.format_number(Decimal("1234.5")) == number
        assert formats.format_percent(Decimal("0.66")) == percent
        assert formats.format_money(Decimal("1234.5"), "EUR") == money
        assert formats.format_date(NOW) == date
        assert formats.format_date_and_time(NOW) == moment


def test_french_writes_the_first_day_of_a_month_as_an_ordinal() -> None:
    first, eleventh = dt.date(2026, 12, 1), dt.date(2026, 12, 11)
    with translation.override("fr"):
        assert formats.format_date(first) == "1er déc. 2026"
        assert formats.ReaderFormats().format_date(first) == "1er déc. 2026"
        assert formats.format_day_and_month(first) == "1er déc."
        assert formats.format_date_with_weekday(first) == "mardi 1er décembre 2026"
        assert formats.format_date_range(first, eleventh) == "1er–11 déc."
        assert formats.format_date_range(dt.date(2026, 11, 21), first) == "21 nov.\u2009–\u20091er déc."
        assert formats.format_date_and_time(dt.datetime(2026, 12, 1, 1, 1, tzinfo=dt.UTC)) == "1er déc. 2026, 01:01 UTC"
        assert formats.format_date(eleventh) == "11 déc. 2026" and formats.format_month(first) == "déc. 2026"
        assert formats.format_relative_time(first, now=NOW) == "dans 11 jours"
    with translation.override("en"):
        assert formats.format_date(first) == "1 Dec 2026"


@pytest.mark.parametrize(("language", "words"), [("en", "2.5M"), ("fr", f"2,5{SPACE}M"), ("ja", "250万")])
def test_beside_a_chart_millions_are_short(language: str, words: str) -> None:
    with translation.override(language):
        assert formats.format_axis_number(2_500_000) == words
        assert formats.format_axis_number(999_999) == formats.format_number(999_999)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "1 ko"),
        (1_499, "1 ko"),
        (64_000, "64 ko"),
        (999_999, "999 ko"),
        (1_000_000, "1,0 Mo"),
        (1_048_576_000, "1\N{NARROW NO-BREAK SPACE}048,6 Mo"),
    ],
)
def test_the_size_of_a_file_is_counted_in_thousands(size: int, words: str) -> None:
    with translation.override("fr"):
        assert formats.format_file_size(size) == words


def test_money_refuses_a_float_and_knows_the_digits_of_a_currency() -> None:
    with pytest.raises(TypeError):
        formats.format_money(12.5, "EUR")  # type: ignore[arg-type]
    with translation.override("en"):
        assert formats.format_money(Decimal("1200"), "JPY") == "JP¥1,200"


def test_a_moment_is_told_in_the_readers_time_zone() -> None:
    late = dt.datetime(2026, 11, 20, 23, 30, tzinfo=dt.UTC)
    with translation.override("en"), timezone.override(ZoneInfo("Asia/Tokyo")):
        assert formats.format_date(late) == "21 Nov 2026"
        assert formats.format_date_and_time(late) == "21 Nov 2026, 08:30 JST"


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (NOW - dt.timedelta(seconds=20), "just now"),
        (NOW - dt.timedelta(minutes=12), "12 minutes ago"),
        (NOW - dt.timedelta(hours=2), "2 hours ago"),
        (NOW - dt.timedelta(days=1), "yesterday"),
        (NOW + dt.timedelta(days=12), "in 12 days"),
        (NOW - dt.timedelta(days=7), "13 Nov 2026"),
        (NOW + dt.timedelta(days=30), "20 Dec 2026"),
        (TODAY, "today"),
        (TODAY + dt.timedelta(days=1), "tomorrow"),
        (TODAY - dt.timedelta(days=2), "2 days ago"),
        (TODAY + dt.timedelta(days=30), "in 30 days"),
        (TODAY + dt.timedelta(days=31), "21 Dec 2026"),
        (TODAY - dt.timedelta(days=7), "13 Nov 2026"),
    ],
)
def test_near_dates_are_words_and_far_ones_dates(moment: dt.date, words: str) -> None:
    with translation.override("en"):
        assert formats.format_relative_time(moment, now=NOW) == words


@pytest.mark.parametrize(("language", "words"), [("fr", "dans 22 jours"), ("ja", "22日後")])
def test_relative_words_are_translated(language: str, words: str) -> None:
    with translation.override(language):
        assert formats.format_relative_time(TODAY + dt.timedelta(days=22), now=NOW) == words


@pytest.mark.parametrize(("language", "first"), [("en", 0), ("fr", 0), ("ja", 6)])
def test_a_week_begins_where_the_reader_begins_it(language: str, first: int) -> None:
    """0 is Monday."""
    with translation.override(language):
        assert formats.get_reader_locale().first_week_day == first
