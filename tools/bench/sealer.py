"""A process that seals the log, for the bench: `python -m tools.bench.sealer SECONDS`, which stand between two runs.

A process of its own, as in earnest: in a thread it would share the interpreter with those whose time is measured.
"""

import sys
import time

import django


def main() -> None:
    """Seal what waits, again and again, until the process is ended."""
    django.setup()
    from notifications.actions.sealing import seal_next_events

    while True:
        while seal_next_events():
            pass
        time.sleep(float(sys.argv[1]))


if __name__ == "__main__":
    main()
