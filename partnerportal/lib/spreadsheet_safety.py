"""Spreadsheet safety for exported text (a cell that starts a formula is data, not a formula)."""

from typing import Any

from django.db.models import Case, CharField, F, Func, TextField, Value, When
from django.db.models.functions import Concat, Left
from django.db.models.lookups import In

_STARTERS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_INVISIBLE = " \u00a0\ufeff\u200b\u3000"


def safe_cell(text: str) -> str:
    """The text with an apostrophe before it when a spreadsheet would run it, looking past leading blanks and BOMs."""
    return f"'{text}" if text.lstrip(_INVISIBLE).startswith(_STARTERS) else text


def safe_cell_sql(expression: Any) -> Case:
    """`safe_cell`, done by PostgreSQL; null stays null. tests/lib/test_spreadsheet_safety.py holds the two together."""
    text = F(expression) if isinstance(expression, str) else expression
    bare = Func(text, Value(_INVISIBLE), function="ltrim", output_field=CharField())
    runs = In(Left(bare, 1), [Value(starter) for starter in _STARTERS])
    quoted = Concat(Value("'"), text, output_field=TextField())
    return Case(When(runs, then=quoted), default=text, output_field=TextField())
