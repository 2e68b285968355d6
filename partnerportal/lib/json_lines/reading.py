"""The reader of a file of JSON Lines, which turns bytes into facts or errors.

It judges only the shape of lines and needs no database: whether what they name exists, whoever stores them finds.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn, Protocol

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from partnerportal.lib.json_lines.facts import LineProblem, UnreadableLine, ValidLine
from partnerportal.lib.json_lines.fields import SHOWN, LineSerializer

MAX_LINE_BYTES = 256 * 1024
LINES_PER_TICK = 10_000  # read_typed_lines yields None after so many, so that a batch is not held back by unread ones


@dataclass(frozen=True)
class LineType:
    """A type of line: the serializer that judges it, and the names of the fields of which its key is made.

    One instance of a serializer judges every line, because it keeps no state between calls to run_validation. A field
    that is the whole key is left out of the line's values. `read_plain` returns the values of a line that machines
    wrote plainly, faster than the serializer, or None for one that this is to judge.
    """

    serializer: LineSerializer
    key: tuple[str, ...]
    read_plain: Callable[[dict[str, Any]], dict[str, Any] | None] | None = None

    def take_key(self, values: dict[str, Any]) -> str:
        """Return the key of a line with these values."""
        if len(self.key) == 1:
            return str(values.pop(self.key[0]))
        return " ".join(str(values[name]) for name in self.key)


LineTypes = Mapping[str, LineType]


class _Refused(ValueError):
    """Raised when a line is no JSON object. `problem` says why."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.problem = LineProblem(code, reason)


class LineReader(Protocol):
    """The interface of a binary file that `read_typed_lines` reads line by line."""

    def readline(self, size: int = -1, /) -> bytes: ...


def read_typed_lines(
    stream: LineReader, types: LineTypes, *, most_bytes: int = MAX_LINE_BYTES, skipped_lines: int = 0
) -> Iterator[ValidLine | UnreadableLine | None]:
    """Yield a ValidLine or an UnreadableLine for every non-blank line of a file, in order.

    A line has at most `most_bytes` bytes. The first `skipped_lines` lines are passed over. It also yields None after
    every LINES_PER_TICK lines, so that the caller can act even while lines are blank or skipped.
    """
    for number, raw in enumerate(_lines(stream, most_bytes), 1):
        if number % LINES_PER_TICK == 0:
            yield None
        if number <= skipped_lines:
            continue
        if raw is None:
            reason = f"A line may have {most_bytes:,} bytes."
            yield UnreadableLine(number, [LineProblem("line_too_long", reason)])
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


def _parse(number: int, raw: bytes, types: LineTypes) -> ValidLine | UnreadableLine:
    """Return what the line with this number says, or what is wrong with it."""
    try:
        data = _decode(raw, first=number == 1)
    except _Refused as refused:
        return UnreadableLine(number, [refused.problem])
    kind = data.pop("type", None)
    if not isinstance(kind, str) or kind not in types:
        names = ", ".join(types)
        return UnreadableLine(number, [LineProblem("unknown_type", f"The type is one of {names}.", "type")])
    line_type = types[kind]
    values = line_type.read_plain(data) if line_type.read_plain else None
    if values is None:
        try:
            values = line_type.serializer.run_validation(data)
        except serializers.ValidationError as error:
            return UnreadableLine(number, list(_problems(error.detail)), kind, _shown_key(data, line_type.key[0]))
    return ValidLine(number, kind, line_type.take_key(values), values)


def _shown_key(data: dict[str, Any], key_field: str) -> str:
    key = data.get(key_field)
    return key[:SHOWN] if isinstance(key, str) else ""


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


def _problems(detail: Any, path: str = "") -> Iterator[LineProblem]:
    """Yield the serializer's errors, each with the path of its field. Items of lists count from 1."""
    if isinstance(detail, ErrorDetail):
        yield LineProblem(detail.code or "invalid", str(detail), path)
    elif isinstance(detail, dict):
        for name, inner in detail.items():
            here = str(name + 1) if isinstance(name, int) else name.replace("non_field_errors", "")
            yield from _problems(inner, ".".join(filter(None, (path, here))))
    else:
        for number, inner in enumerate(detail, 1):
            yield from _problems(inner, path if isinstance(inner, ErrorDetail) else f"{path}.{number}")
