"""Work that a task does piece by piece."""

import time
from collections.abc import Callable


def repeat_for_a_minute(do_next: Callable[[], bool]) -> None:
    """Call `do_next` until it returns False, which says that no work is left, or until a minute is over.

    What is then left is done by the next sweep.
    """
    end = time.monotonic() + 60
    while do_next() and time.monotonic() < end:
        pass
