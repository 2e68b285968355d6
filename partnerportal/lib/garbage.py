"""Settings of Python's garbage collector for a process that answers requests."""

import gc

# So many more objects are made than freed before the newest are searched. A page of a list makes about ten thousand.
OBJECTS = 20_000


def tune_garbage_collection() -> None:
    """Exempt all objects that exist by now from garbage collection, and search for garbage less often.

    Searching after each 700 objects, as Python does by itself, took a twelfth of a page's CPU, and full searches made
    the slowest pages slow. Call it once, when the process has loaded everything.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS, 20, 50)
