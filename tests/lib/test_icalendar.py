"""Calendars that other programs read: RFC 5545, checked by a reader that knows nothing of the writer."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnerportal.lib.icalendar import AllDayEvent, build_icalendar_file

NOW = dt.datetime(2026, 11, 21, 5, 0, tzinfo=dt.UTC)


def day(**values):
    return AllDayEvent(**{"uid": "a@b", "day": dt.date(2026, 12, 31), "changed_at": NOW, "title": "T"} | values)


def read(raw):
    """The events as dictionaries; unfolded, unescaped."""
    assert raw.endswith(b"\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))
    events, current = [], None
    for line in raw.decode().replace("\r\n ", "").split("\r\n"):
        if line == "BEGIN:VEVENT":
            current = {}
        elif line == "END:VEVENT":
            events.append(current)
            current = None
        elif current is not None:
            name, _colon, value = line.partition(":")
            current[name] = unescaped(value)
    return events


def unescaped(value):
    out, characters = "", iter(value)
    for character in characters:
        out += next(characters) if character == "\\" else character
    return out


def test_a_day_is_whole_and_ends_with_the_next():
    raw = build_icalendar_file("N", [day()], now=NOW)
    assert raw.startswith(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:")
    assert raw.endswith(b"END:VCALENDAR\r\n")
    (event,) = read(raw)
    assert event["DTSTART;VALUE=DATE"] == "20261231"
    assert event["DTEND;VALUE=DATE"] == "20270101"
    assert event["DTSTAMP"] == "20261121T050000Z"


def test_a_change_keeps_the_id_and_moves_the_version_on():
    before, after = (
        read(build_icalendar_file("N", [day(changed_at=NOW + dt.timedelta(minutes=minutes))], now=NOW))[0]
        for minutes in (0, 1)
    )
    assert before["UID"] == after["UID"]
    assert int(before["SEQUENCE"]) < int(after["SEQUENCE"]) < 2**31


def test_an_empty_calendar_is_one():
    assert read(build_icalendar_file("N", [], now=NOW)) == []


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), max_size=200))
def test_any_title_comes_back(title):
    (event,) = read(build_icalendar_file("N", [day(title=title)], now=NOW))
    assert event["SUMMARY"] == title.strip()


@pytest.mark.parametrize("character", ["x", "é", "東", "😀", ","])
def test_long_lines_are_cut_between_characters(character):
    """At each place at which the 75 octets can end within one; `read` measures the lines."""
    for length in range(1, 160):
        title = "a" * (length % 4) + character * length
        raw = build_icalendar_file("N", [day(title=title)], now=NOW)
        assert read(raw)[0]["SUMMARY"] == title
        assert raw.count(b"\r\n ") <= len(title.encode()) * 2 // 70 + 1


def test_nothing_in_a_name_begins_a_line():
    (event,) = read(build_icalendar_file("N", [day(title="A\r\nEND:VEVENT\nATTACH:http://x")], now=NOW))
    assert event["SUMMARY"] == "A END:VEVENT ATTACH:http://x"
    assert "ATTACH" not in event
