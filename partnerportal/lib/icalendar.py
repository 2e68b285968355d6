"""Calendar files of whole days for other programs, by RFC 5545: values escaped, lines folded and ended by CRLF."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from partnerportal.lib.text import make_single_line

CONTENT_TYPE = "text/calendar; charset=utf-8"
_OCTETS = 75  # in a line at most, without its CRLF


@dataclass(frozen=True)
class AllDayEvent:
    """A calendar event that lasts all of the date `day`.

    Calendar programs replace an event by one with the same `uid` and a later `changed_at`.
    """

    uid: str
    day: dt.date
    changed_at: dt.datetime
    title: str
    text: str = ""
    url: str = ""


def build_icalendar_file(name: str, events: Iterable[AllDayEvent], *, now: dt.datetime, text: str = "") -> bytes:
    """Return an iCalendar (.ics) file of all-day events, as UTF-8 bytes.

    `name` and `text` are the calendar's name and description; `now` is the time of writing. The file asks calendar
    programs to fetch it again every six hours.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//partnerportal//renewals//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text(name)}",
        *([f"X-WR-CALDESC:{_text(text)}"] if text else []),
        "REFRESH-INTERVAL;VALUE=DURATION:PT6H",
        "X-PUBLISHED-TTL:PT6H",
        *(line for event in events for line in _event(event, now)),
        "END:VCALENDAR",
    ]
    return b"".join(_folded(line) for line in lines)


def _event(day: AllDayEvent, now: dt.datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(day.uid)}"
    yield f"DTSTAMP:{_moment(now)}"
    yield f"LAST-MODIFIED:{_moment(day.changed_at)}"
    yield f"SEQUENCE:{int(day.changed_at.timestamp()) // 60 % 2**31}"
    yield f"DTSTART;VALUE=DATE:{day.day:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{day.day + dt.timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{_text(day.title)}"
    if day.text:
        yield f"DESCRIPTION:{_text(day.text)}"
    if day.url:
        yield f"URL:{day.url}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _text(value: str) -> str:
    """Return a value of the type TEXT: one line, with backslashes, semicolons and commas escaped."""
    escaped = make_single_line(value).replace("\\", "\\\\")
    for mark in ";,":
        escaped = escaped.replace(mark, f"\\{mark}")
    return escaped


def _moment(value: dt.datetime) -> str:
    return value.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def _folded(line: str) -> bytes:
    """Return a line cut at _OCTETS, between characters and never within one. What goes on begins with a blank."""
    pieces, piece = [], b""
    for character in line:
        octets = character.encode()
        if len(piece) + len(octets) > _OCTETS:
            pieces.append(piece)
            piece = b" "
        piece += octets
    return b"\r\n".join([*pieces, piece]) + b"\r\n"
