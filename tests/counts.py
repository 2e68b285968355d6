"""How often tests repeat what goes wrong only now and then: a tenth in `make test`, all of it in `make test-long`."""

import os

IS_LONG = bool(os.environ.get("TEST_LONG"))


def count(full: int, *, at_least: int = 3) -> int:
    """Return how many rounds, rows or invented examples this run takes, of the `full` number that a long run takes.

    A short run takes a tenth, but `at_least` so many: fewer would let a broken rule pass too often.
    """
    return full if IS_LONG else min(full, max(at_least, full // 10))
