"""Ends the processes of a test run that was killed, and that nothing else would end: `python -m tests.guard`."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

GRACE = 15  # seconds in which a process may end by itself


class Guard:
    """A process beside the test run that outlives it, and then ends what the run has started.

    It waits for the end of its input, which the system closes together with the run, however that ends.
    """

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.guard"], stdin=subprocess.PIPE, text=True, start_new_session=True
        )

    def watch(self, group: int) -> None:
        """Have this process group ended with the run: a process in a session of its own, and its children."""
        assert self.process.stdin
        print(group, file=self.process.stdin, flush=True)

    def stop(self) -> None:
        """Forget the groups, which the run has ended itself: their numbers may be used again."""
        self.process.kill()
        self.process.communicate()


def main() -> None:
    groups = [int(line) for line in sys.stdin]
    for number, seconds in ((signal.SIGTERM, GRACE), (signal.SIGKILL, 0)):
        for group in groups:
            with suppress(ProcessLookupError):
                os.killpg(group, number)
        time.sleep(seconds)


if __name__ == "__main__":
    main()
