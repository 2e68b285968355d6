"""A process that seals the log, for the bench: `python -m tools.bench.sealer SECONDS`, which stand between two runs.

A process of its own, as in earnest: in a thread it would share the interpreter with those whose time is measured.
"""

import sys
import time

import django


def main() -> None:
    """Seal what waits, again and again, until the process is ended."""
    django.setup()
    from notifications.tasks import seal_events

    while True:
        seal_events()
        time.sleep(float(sys.argv[1]))


if __name__ == "__main__":
    main()
