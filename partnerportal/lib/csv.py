"""Spreadsheet safety for exported text (a cell that starts a formula is data, not a formula)."""

_STARTERS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_INVISIBLE = " \u00a0\ufeff\u200b\u3000"


def safe_cell(text: str) -> str:
    """The text with an apostrophe before it when a spreadsheet would run it, looking past leading blanks and BOMs."""
    return f"'{text}" if text.lstrip(_INVISIBLE).startswith(_STARTERS) or text.startswith(("\t", "\r", "\n")) else text


def original_cell(text: str) -> str:
    """Undo `safe_cell`: our own exports import byte for byte."""
    return text[1:] if text.startswith("'") and safe_cell(text[1:]) == text else text
