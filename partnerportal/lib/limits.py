"""Limits on how often something may be asked for within an hour, counted in the cache that all processes share."""

import time

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.errors import TooManyAttempts

HOUR = 3600


def enforce_hourly_limit(limit: int, key: str) -> None:
    """Count one more use of `key` in the current hour. Raises TooManyAttempts after `limit` uses.

    Two uses at the same moment may count as one, so the limit is not exact.
    """
    name = f"{key}:{int(time.time()) // HOUR}"
    count = cache.get(name, 0) + 1
    if count > limit:
        raise TooManyAttempts("too_often", _("Too many requests. Try again in an hour."))
    cache.set(name, count, HOUR)
