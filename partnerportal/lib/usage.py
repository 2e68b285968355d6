"""The bars that show how much of a limit is used: their tone and their width."""


def choose_usage_bar_tone(used: int, limit: int) -> str:
    """Return the tone of a usage bar, which decides its colour: "low", "", "full" or "over".

    It is "low" (quiet) below 45% of the limit, "" (blue) from there, "full" (amber) from 90%, and "over" (red) only
    above the limit.
    """
    if used > limit:
        return "over"
    ratio = used / limit if limit else 0
    return "full" if ratio >= 0.9 else "low" if ratio < 0.45 else ""


def compute_usage_bar_percent(used: int, limit: int) -> int:
    """Return how much of a usage bar to fill, as a whole number of percent from 0 to 100.

    Any use with a limit of 0 fills the bar, in red.
    """
    return min(100, round(100 * used / limit)) if limit else 100 if used else 0
