"""A disk that takes no more, for some processes."""

from collections.abc import Iterator
from contextlib import contextmanager

import psutil

ROOM = 512 * 1024  # bytes of one file


@contextmanager
def no_room(*pids: int) -> Iterator[None]:
    """No file of theirs may be longer than ROOM: a limit that needs no rights, and fails as a full disk does."""
    limits = {psutil.Process(pid): psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE) for pid in pids}
    for process, (_soft, hard) in limits.items():
        process.rlimit(psutil.RLIMIT_FSIZE, (ROOM, hard))
    try:
        yield
    finally:
        for process, limit in limits.items():
            process.rlimit(psutil.RLIMIT_FSIZE, limit)
