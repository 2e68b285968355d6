"""Columns of exported files: a stable English key, and what PostgreSQL writes under it, or words in any language."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, CharField, F, Func, Value, When
from django.db.models.functions import Cast, Round

from partnerportal.lib.spreadsheet_safety import safe_cell_sql


@dataclass(frozen=True)
class Column:
    key: str
    value: Any
    is_quoted: bool = False
    words: Callable[[Any], str] | None = None  # of a row, instead of the value

    @property
    def alias(self) -> str:
        """In SQL, where the plain key may be a field of the model."""
        return f"_{self.key}_"


def _expression(value: Any) -> Any:
    return F(value) if isinstance(value, str) else value


def text(key: str, value: Any = "") -> Column:
    """Words that somebody chose: never a formula."""
    return Column(key, safe_cell_sql(value or key), is_quoted=True)


def in_words(key: str, words: Callable[[Any], str]) -> Column:
    """A sentence about the row, in the language of the moment. It costs more than what PostgreSQL writes."""
    return Column(key, None, is_quoted=True, words=words)


def raw(key: str, value: Any = "") -> Column:
    """Numbers, dates (ISO), and words of our own."""
    return Column(key, _expression(value or key))


def moment(key: str, value: Any = "") -> Column:
    """ISO 8601 in UTC, to the second."""
    utc = Func(Value("UTC"), _expression(value or key), function="timezone")
    return Column(key, Func(utc, Value('YYYY-MM-DD"T"HH24:MI:SS"Z"'), function="to_char", output_field=CharField()))


def flag(key: str) -> Column:
    """A boolean field, written as `true` or `false`."""
    return Column(key, Case(When(**{key: True}, then=Value("true")), default=Value("false"), output_field=CharField()))


def share(key: str, part: Any, whole: Any) -> Column:
    """Percent with one decimal; empty of nothing."""
    return Column(key, Round(100.0 * _expression(part) / Func(_expression(whole), Value(0), function="nullif"), 1))


def joined_by_semicolon(values: Any) -> Any:
    """An array of words in one cell."""
    return Func(values, Value("; "), function="array_to_string", output_field=CharField())


def code(key: str, value: Any = "") -> Column:
    """An identifier of ours, as text."""
    return Column(key, Cast(_expression(value or key), CharField()))
