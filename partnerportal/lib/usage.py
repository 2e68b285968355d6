"""How much of something limited is used, as bars show it."""


def tone(used: int, limit: int) -> str:
    """The colour of a usage bar: quiet below 45%, blue, amber from 90% to full, red only above the limit."""
    if used > limit:
        return "over"
    ratio = used / limit if limit else 0
    return "full" if ratio >= 0.9 else "low" if ratio < 0.45 else ""


def width(used: int, limit: int) -> int:
    """How much of a usage bar to fill, in whole percent, never above 100. What is used of nothing fills it, in red."""
    return min(100, round(100 * used / limit)) if limit else 100 if used else 0
