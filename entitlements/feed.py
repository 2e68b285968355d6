"""The format of the vendor's feed (docs/feed.md): one JSON object a line. Bytes in, facts or errors out; no database.

Only the shape is judged here. Whether a customer or SKU exists is for `entitlements.actions.import_feed`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, BinaryIO, NoReturn

from babel.numbers import is_currency
from django.core.validators import RegexValidator
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from entitlements.models import Entitlement, Order, Sku

MAX_LINE_BYTES = 256 * 1024
MAX_ORDER_LINES = 500
MAX_INTEGER = 2_147_483_647
SHOWN = 80  # characters of a foreign value that a message repeats


@dataclass(frozen=True)
class Problem:
    """Why a line was refused. `code` is stable, `field` is a path such as lines.2.sku, or ''."""

    code: str
    reason: str
    field: str = ""


@dataclass(frozen=True, eq=False)
class Fact:
    """A well-formed line: the whole truth about one SKU, entitlement or order, not a patch."""

    line: int
    type: str
    key: str
    values: dict[str, Any]

    @property
    def weight(self) -> int:
        return 1 + len(self.values.get("lines", ()))


@dataclass(frozen=True)
class BadLine:
    line: int
    problems: list[Problem]
    type: str = ""
    key: str = ""
    weight: int = field(default=1, init=False)


class Text(serializers.CharField):
    """Text without control characters, which belong in no name and no key."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        message = "Control characters are not allowed."
        self.validators.append(
            RegexValidator(r"[\x00-\x1f\x7f-\x9f]", message, code="control_characters", inverse_match=True)
        )


class Line(serializers.Serializer):
    """Refuses fields it does not know: a misspelt optional field would be lost without a word."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := data.keys() - self.fields.keys()):
            message = "This field is not known."
            raise serializers.ValidationError(
                {name[:SHOWN]: [ErrorDetail(message, "unknown_field")] for name in sorted(unknown)}
            )
        return super().to_internal_value(data)


def customer_field() -> serializers.RegexField:
    return serializers.RegexField(
        r"\A[1-9][0-9]{7}\Z",
        error_messages={"invalid": "An ORGID has eight digits, as text, and the first is not 0."},
    )


def amount_field() -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=12, decimal_places=2, min_value=Decimal(0))


class SkuLine(Line):
    code = Text(max_length=60)
    service = Text(max_length=120)
    name = Text(max_length=200)
    kind = serializers.ChoiceField(Sku.Kind.choices, default=Sku.Kind.PRODUCT)


class EntitlementLine(Line):
    external_id = Text(max_length=80)
    customer = customer_field()
    sku = Text(max_length=60)
    kind = serializers.ChoiceField(Entitlement.Kind.choices)
    state = serializers.ChoiceField(Entitlement.State.choices)
    source = serializers.ChoiceField(  # type: ignore[assignment] # a field of that name is fine: the metaclass takes it
        Entitlement.Source.choices, default=Entitlement.Source.BOUGHT
    )
    quantity = serializers.IntegerField(min_value=0, max_value=MAX_INTEGER)
    assigned = serializers.IntegerField(min_value=0, max_value=MAX_INTEGER, default=0)
    starts_on = serializers.DateField(allow_null=True, default=None)
    ends_on = serializers.DateField(allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["starts_on"] and attrs["ends_on"] and attrs["ends_on"] < attrs["starts_on"]:
            raise serializers.ValidationError(
                {"ends_on": [ErrorDetail("The last day is before the first.", "end_before_start")]}
            )
        return attrs


class OrderItem(Line):
    sku = Text(max_length=60)
    quantity = serializers.IntegerField(min_value=1, max_value=MAX_INTEGER)
    unit_price = amount_field()


class OrderLine(Line):
    number = Text(max_length=40)
    customer = customer_field()
    placed_on = serializers.DateField()
    state = serializers.ChoiceField(Order.State.choices)
    currency = serializers.CharField(max_length=3)
    total = serializers.DecimalField(max_digits=14, decimal_places=2, min_value=Decimal(0))
    lines: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=OrderItem(), allow_empty=False, max_length=MAX_ORDER_LINES
    )

    def validate_currency(self, value: str) -> str:
        if not re.fullmatch("[A-Z]{3}", value) or not is_currency(value):
            raise serializers.ValidationError("This is not an ISO 4217 currency code.", code="unknown_currency")
        return value


# One instance each, used for every line: it keeps no state between calls to run_validation.
_TYPES: dict[str, tuple[Line, str]] = {
    "sku": (SkuLine(), "code"),
    "entitlement": (EntitlementLine(), "external_id"),
    "order": (OrderLine(), "number"),
}


class _Refused(ValueError):
    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.problem = Problem(code, reason)


def read(stream: BinaryIO) -> Iterator[Fact | BadLine]:
    """Every line that is not blank, in order, as what it says or what is wrong with it."""
    for number, raw in enumerate(_lines(stream), 1):
        if raw is None:
            reason = f"A line may have {MAX_LINE_BYTES:,} bytes."
            yield BadLine(number, [Problem("line_too_long", reason)])
        elif raw.strip():
            yield _parse(number, raw)


def _lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """Lines, with None for one that is too long: it is passed over in pieces and never held as a whole."""
    while raw := stream.readline(MAX_LINE_BYTES + 2):
        if len(raw.rstrip(b"\r\n")) <= MAX_LINE_BYTES:
            yield raw
            continue
        while raw and not raw.endswith(b"\n"):
            raw = stream.readline(MAX_LINE_BYTES)
        yield None


def _parse(number: int, raw: bytes) -> Fact | BadLine:
    try:
        data = _decode(raw, first=number == 1)
    except _Refused as refused:
        return BadLine(number, [refused.problem])
    kind = data.pop("type", None)
    if not isinstance(kind, str) or kind not in _TYPES:
        return BadLine(number, [Problem("unknown_type", f"The type is one of {', '.join(_TYPES)}.", "type")])
    schema, key_field = _TYPES[kind]
    try:
        values = schema.run_validation(data)
    except serializers.ValidationError as error:
        key = data.get(key_field)
        return BadLine(number, list(_problems(error.detail)), kind, key[:SHOWN] if isinstance(key, str) else "")
    return Fact(number, kind, values.pop(key_field), values)


def _decode(raw: bytes, *, first: bool) -> dict[str, Any]:
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


def _problems(detail: Any, path: str = "") -> Iterator[Problem]:
    """Flattens the serializer's errors; items of lists count from 1."""
    if isinstance(detail, ErrorDetail):
        yield Problem(detail.code or "invalid", str(detail), path)
    elif isinstance(detail, dict):
        for name, inner in detail.items():
            here = str(name + 1) if isinstance(name, int) else name.replace("non_field_errors", "")
            yield from _problems(inner, ".".join(filter(None, (path, here))))
    else:
        for number, inner in enumerate(detail, 1):
            yield from _problems(inner, path if isinstance(inner, ErrorDetail) else f"{path}.{number}")
