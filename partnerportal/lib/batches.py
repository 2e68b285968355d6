"""Work that is done piece by piece."""

import time
from collections.abc import Callable


def for_a_minute(do_next: Callable[[], bool]) -> None:
    """Do one piece after another until none is due or a minute is over; the next sweep goes on with the rest."""
    end = time.monotonic() + 60
    while do_next() and time.monotonic() < end:
        pass
