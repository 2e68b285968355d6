"""The reader of the vendor's feed (docs/feed.md), one JSON object a line, which turns bytes into facts or errors.

It judges only the shape of lines and needs no database. Whether a customer or SKU exists `importing.import_feed` finds.
"""

import datetime as dt
import json
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn, Protocol

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from entitlements.facts import FeedLineProblem, ValidFeedLine
from entitlements.ingest.lines import (
    MAX_INTEGER,
    SHOWN,
    AssignmentFeedLineSerializer,
    EntitlementFeedLineSerializer,
    FeedLineSerializer,
    OrderFeedLineSerializer,
    SkuFeedLineSerializer,
    UsageFeedLineSerializer,
    find_usage_day_problem,
)

MAX_LINE_BYTES = 256 * 1024


@dataclass(frozen=True)
class UnreadableFeedLine:
    """A line of the feed that cannot be read, and the reason; `type` and `key` are empty where the line lacks them."""

    line: int
    problems: list[FeedLineProblem]
    type: str = ""
    key: str = ""


@dataclass(frozen=True)
class LineType:
    """A type of line: the serializer that judges it, and the names of the fields of which its key is made.

    One instance of a serializer judges every line, because it keeps no state between calls to run_validation. A field
    that is the whole key is left out of the line's values.
    """

    serializer: FeedLineSerializer
    key: tuple[str, ...]

    def take_key(self, values: dict[str, Any]) -> str:
        """Return the key of a line with these values."""
        if len(self.key) == 1:
            return str(values.pop(self.key[0]))
        return " ".join(str(values[name]) for name in self.key)


LineTypes = Mapping[str, LineType]
_TYPES: LineTypes = {
    "sku": LineType(SkuFeedLineSerializer(), ("code",)),
    "entitlement": LineType(EntitlementFeedLineSerializer(), ("external_id",)),
    "order": LineType(OrderFeedLineSerializer(), ("number",)),
    "usage": LineType(UsageFeedLineSerializer(), ("customer", "sku", "day")),
    "assignment": LineType(AssignmentFeedLineSerializer(), ("external_id",)),
}
TYPES = tuple(_TYPES)
LINES_PER_TICK = 10_000  # read() yields None after so many lines, so that a batch is not held back by unread ones


class _Refused(ValueError):
    """Raised when a line is no JSON object. `problem` says why."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.problem = FeedLineProblem(code, reason)


class LineReader(Protocol):
    """The interface of a binary file that `read_feed_lines` reads line by line."""

    def readline(self, size: int = -1, /) -> bytes: ...


def read_feed_lines(
    stream: LineReader, line_types: Container[str] = TYPES, skipped_lines: int = 0
) -> Iterator[ValidFeedLine | UnreadableFeedLine | None]:
    """Yield a ValidFeedLine or an UnreadableFeedLine for every non-blank line of a feed, in order.

    The first `skipped_lines` lines are passed over. It also yields None after every LINES_PER_TICK lines, so that the
    caller can act even while lines are blank or skipped.
    """
    types = {name: kind for name, kind in _TYPES.items() if name in line_types}
    return read_typed_lines(stream, types, skipped_lines=skipped_lines)


def read_typed_lines(
    stream: LineReader, types: LineTypes, *, most_bytes: int = MAX_LINE_BYTES, skipped_lines: int = 0
) -> Iterator[ValidFeedLine | UnreadableFeedLine | None]:
    """Yield what `read_feed_lines` does, of a file with lines of other types, and of up to `most_bytes` bytes."""
    for number, raw in enumerate(_lines(stream, most_bytes), 1):
        if number % LINES_PER_TICK == 0:
            yield None
        if number <= skipped_lines:
            continue
        if raw is None:
            reason = f"A line may have {most_bytes:,} bytes."
            yield UnreadableFeedLine(number, [FeedLineProblem("line_too_long", reason)])
        elif raw.strip():
            yield _parse(number, raw, types)


def _lines(stream: LineReader, most_bytes: int) -> Iterator[bytes | None]:
    """Yield the lines, or None for one that is too long, which is passed over in pieces and never held as a whole."""
    while raw := stream.readline(most_bytes + 2):
        if len(raw.rstrip(b"\r\n")) <= most_bytes:
            yield raw
            continue
        while raw and not raw.endswith(b"\n"):
            raw = stream.readline(most_bytes)
        yield None


def _parse(number: int, raw: bytes, types: LineTypes) -> ValidFeedLine | UnreadableFeedLine:
    """Return what the line with this number says, or what is wrong with it."""
    try:
        data = _decode(raw, first=number == 1)
    except _Refused as refused:
        return UnreadableFeedLine(number, [refused.problem])
    kind = data.pop("type", None)
    if not isinstance(kind, str) or kind not in types:
        names = ", ".join(types)
        return UnreadableFeedLine(number, [FeedLineProblem("unknown_type", f"The type is one of {names}.", "type")])
    line_type = types[kind]
    values = _plain_usage(data) if kind == "usage" else None
    if values is None:
        try:
            values = line_type.serializer.run_validation(data)
        except serializers.ValidationError as error:
            return UnreadableFeedLine(number, list(_problems(error.detail)), kind, _shown_key(data, line_type.key[0]))
    return ValidFeedLine(number, kind, line_type.take_key(values), values)


def _shown_key(data: dict[str, Any], key_field: str) -> str:
    key = data.get(key_field)
    return key[:SHOWN] if isinstance(key, str) else ""


_USAGE_NUMBERS = tuple(
    str(name) for name in UsageFeedLineSerializer().fields if str(name) not in ("customer", "sku", "day")
)
_PLAIN_ORGID, _PLAIN_SKU, _PLAIN_DAY = map(re.compile, ("[1-9][0-9]{7}", r"[\w.-]{1,60}", "[0-9]{4}-[0-9]{2}-[0-9]{2}"))


def _plain_usage(data: dict[str, Any]) -> dict[str, Any] | None:
    """Return the values of a day of use as UsageFeedLineSerializer would, if machines wrote the line plainly.

    It is eight times as fast. Returns None for any other line, which UsageFeedLineSerializer is then to judge.
    """
    customer, sku, day = (data.get(name) for name in ("customer", "sku", "day"))
    numbers = [data.get(name, 0) for name in _USAGE_NUMBERS]
    if (
        len(data) > 3 + len(numbers)
        or not (type(customer) is type(sku) is type(day) is str)
        or not (_PLAIN_ORGID.fullmatch(customer) and _PLAIN_SKU.fullmatch(sku) and _PLAIN_DAY.fullmatch(day))
        or any(type(number) is not int or not 0 <= number <= MAX_INTEGER for number in numbers)
        or data.keys() - UsageFeedLineSerializer._declared_fields.keys()
        or not data.keys() >= {"purchased", "assigned"}
    ):
        return None
    values = {"customer": customer, "sku": sku, **dict(zip(_USAGE_NUMBERS, numbers, strict=True))}
    try:
        values["day"] = dt.date.fromisoformat(day)
    except ValueError:
        return None
    return None if values["newly_assigned"] > values["assigned"] or find_usage_day_problem(values["day"]) else values


def _decode(raw: bytes, *, first: bool) -> dict[str, Any]:
    """Return the object of a line; the first line may begin with a byte order mark. Raises _Refused."""
    try:
        data = _DECODER.decode(raw.decode("utf-8-sig" if first else "utf-8").strip())
    except UnicodeDecodeError:
        raise _Refused("not_utf8", "The line is not UTF-8.") from None
    except _Refused:
        raise
    except (ValueError, ArithmeticError, RecursionError):
        raise _Refused("not_json", "The line is not JSON.") from None
    if not isinstance(data, dict):
        raise _Refused("not_an_object", "The line is not a JSON object.")
    return data


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise _Refused("repeated_field", "A field stands twice in one object.")
    return result


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=Decimal, parse_constant=_no_constant)


def _problems(detail: Any, path: str = "") -> Iterator[FeedLineProblem]:
    """Yield the serializer's errors, each with the path of its field. Items of lists count from 1."""
    if isinstance(detail, ErrorDetail):
        yield FeedLineProblem(detail.code or "invalid", str(detail), path)
    elif isinstance(detail, dict):
        for name, inner in detail.items():
            here = str(name + 1) if isinstance(name, int) else name.replace("non_field_errors", "")
            yield from _problems(inner, ".".join(filter(None, (path, here))))
    else:
        for number, inner in enumerate(detail, 1):
            yield from _problems(inner, path if isinstance(inner, ErrorDetail) else f"{path}.{number}")
