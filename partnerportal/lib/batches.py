"""Work that a task does piece by piece."""

import time
from collections.abc import Callable


def repeat_for_a_minute(do_next: Callable[[], bool]) -> None:
    """Call `do_next` again and again until it returns False, because no work is left, or until a minute is over.

    Work that is left then is done by the next run of the periodic task.
    """
    end = time.monotonic() + 60
    while do_next() and time.monotonic() < end:
        pass
