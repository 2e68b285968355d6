"""How Python looks for garbage in a process that answers requests."""

import gc

OBJECTS = 20_000  # made more than freed before the newest are searched; a page of a list makes about ten thousand


def freeze_garbage() -> None:
    """Once all is loaded: what is there stays, and is not searched again and again. Searching anew after each 700
    objects, as Python does by itself, took a twelfth of a page's CPU; rare full searches made the slowest pages slow.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS, 20, 50)
