"""Columns of exported files: a stable English key, and under it what PostgreSQL writes, or words in any language."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, CharField, F, Func, Value, When
from django.db.models.functions import Cast, Round

from partnerportal.lib.spreadsheet_safety import escape_spreadsheet_cell_sql


@dataclass(frozen=True)
class ExportColumn:
    """One column of an exported CSV file.

    `key` is its heading; `value` is the database expression that PostgreSQL writes into each row.
    """

    key: str
    value: Any
    is_quoted: bool = False
    words: Callable[[Any], str] | None = None  # makes the text of a row in Python, in place of `value`

    @property
    def alias(self) -> str:
        """The column's alias in the SQL query, which is not `key`, because the model may have a field of that name."""
        return f"_{self.key}_"


def _expression(value: Any) -> Any:
    return F(value) if isinstance(value, str) else value


def make_text_column(key: str, value: Any = "") -> ExportColumn:
    """Return a column of text that people or other systems wrote, which no spreadsheet will run as a formula.

    `value` is a field or an expression; by default the field that is named like `key`.
    """
    return ExportColumn(key, escape_spreadsheet_cell_sql(value or key), is_quoted=True)


def make_translated_column(key: str, make_text: Callable[[Any], str]) -> ExportColumn:
    """Return a column of text that the function `make_text` makes from each row, in the active language.

    It is slower than a column that PostgreSQL writes.
    """
    return ExportColumn(key, None, is_quoted=True, words=make_text)


def make_unchanged_column(key: str, value: Any = "") -> ExportColumn:
    """Return a column whose values are written unchanged: numbers, ISO dates or codes of the portal.

    `value` is a field or an expression; by default the field that is named like `key`.
    """
    return ExportColumn(key, _expression(value or key))


def make_datetime_column(key: str, value: Any = "") -> ExportColumn:
    """Return a column of dates with times, written in ISO 8601, in UTC and to the second.

    `value` is a field or an expression; by default the field that is named like `key`.
    """
    utc = Func(Value("UTC"), _expression(value or key), function="timezone")
    written = Func(utc, Value('YYYY-MM-DD"T"HH24:MI:SS"Z"'), function="to_char", output_field=CharField())
    return ExportColumn(key, written)


def make_boolean_column(key: str) -> ExportColumn:
    """Return a column of the boolean field `key`, written as `true` or `false`."""
    written = Case(When(**{key: True}, then=Value("true")), default=Value("false"), output_field=CharField())
    return ExportColumn(key, written)


def make_percent_column(key: str, part: Any, whole: Any) -> ExportColumn:
    """Return a column of `part` as a percentage of `whole`, with one decimal. It is empty where `whole` is 0.

    Both are fields or expressions.
    """
    unless_zero = Func(_expression(whole), Value(0), function="nullif")
    return ExportColumn(key, Round(100.0 * _expression(part) / unless_zero, 1))


def join_with_semicolons(values: Any) -> Any:
    """Return an SQL expression that joins an array of strings into one string, separated by "; "."""
    return Func(values, Value("; "), function="array_to_string", output_field=CharField())


def make_identifier_column(key: str, value: Any = "") -> ExportColumn:
    """Return a column of the portal's own identifiers, such as UUIDs, written as text.

    `value` is a field or an expression; by default the field that is named like `key`.
    """
    return ExportColumn(key, Cast(_expression(value or key), CharField()))
