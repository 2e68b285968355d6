"""Safety of exported text in spreadsheets: a cell that looks like a formula is marked, so that it is not run."""

from typing import Any

from django.db.models import Case, CharField, F, Func, TextField, Value, When
from django.db.models.functions import Concat, Left
from django.db.models.lookups import In

_STARTERS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_INVISIBLE = " \u00a0\ufeff\u200b\u3000"


def escape_spreadsheet_cell(text: str) -> str:
    """Return the text as a spreadsheet cell that is never run as a formula: with an apostrophe before it if need be.

    A formula is also recognised after leading blanks and byte order marks.
    """
    return f"'{text}" if text.lstrip(_INVISIBLE).startswith(_STARTERS) else text


def escape_spreadsheet_cell_sql(expression: Any) -> Case:
    """Return an SQL expression for what `escape_spreadsheet_cell` makes of a text expression. Null stays null.

    tests/lib/test_spreadsheet_safety.py makes sure that the two agree.
    """
    text = F(expression) if isinstance(expression, str) else expression
    bare = Func(text, Value(_INVISIBLE), function="ltrim", output_field=CharField())
    runs = In(Left(bare, 1), [Value(starter) for starter in _STARTERS])
    quoted = Concat(Value("'"), text, output_field=TextField())
    return Case(When(runs, then=quoted), default=text, output_field=TextField())
