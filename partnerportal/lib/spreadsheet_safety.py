"""Safety of exported text in spreadsheets: a cell that looks like a formula is marked, so that it is not run.

The mark is an apostrophe. A text that looks as if it had one gets another, so that an import takes off what an export
has put on, and nothing else.
"""

from typing import Any

from django.db.models import F, Func, TextField, Value

_STARTERS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_INVISIBLE = " \u00a0\ufeff\u200b\u3000"
_FORMULA = f"^('*[{_INVISIBLE}]*[{''.join(sorted(_STARTERS, key='-'.__eq__))}])"  # PostgreSQL's; "-" stands last


def escape_spreadsheet_cell(text: str) -> str:
    """Return the text as a spreadsheet cell that is never run as a formula: with an apostrophe before it if need be.

    A formula is also recognised after leading blanks and byte order marks, and after apostrophes.
    """
    return f"'{text}" if _looks_like_formula(text) else text


def unescape_spreadsheet_cell(cell: str) -> str:
    """Return the text from which `escape_spreadsheet_cell` has made the cell."""
    return cell[1:] if cell.startswith("'") and _looks_like_formula(cell[1:]) else cell


def _looks_like_formula(text: str) -> bool:
    return text.lstrip("'").lstrip(_INVISIBLE).startswith(_STARTERS)


def escape_spreadsheet_cell_sql(expression: Any) -> Func:
    """Return an SQL expression for what `escape_spreadsheet_cell` makes of a text expression. Null stays null.

    It names the expression once, because PostgreSQL works out a sub-select each time that it is named.
    tests/lib/test_spreadsheet_safety.py makes sure that the two agree.
    """
    text = F(expression) if isinstance(expression, str) else expression
    return Func(text, Value(_FORMULA), Value(r"'\1"), function="regexp_replace", output_field=TextField())
