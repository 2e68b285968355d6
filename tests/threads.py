"""Threads of tests: waited for as long as is reasonable, because one that hangs would hold the whole run."""

import threading
import time
from collections.abc import Iterable

PATIENCE = 120  # seconds; on a machine with nothing else to do no thread takes ten


def join_all(threads: Iterable[threading.Thread]) -> None:
    """Wait for the end of each. Raises AssertionError, with their names, if one still runs after PATIENCE.

    The threads have to be daemons: a process does not end before its others have.
    """
    deadline = time.monotonic() + PATIENCE
    running = list(threads)
    for thread in running:
        thread.join(max(0.0, deadline - time.monotonic()))
    assert not (left := [thread.name for thread in running if thread.is_alive()]), f"{left} do not end"
