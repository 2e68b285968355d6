"""Limits on how often something may be asked for within an hour, counted in the cache that all processes share."""

import datetime as dt
import hashlib
import time

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.errors import TooManyAttempts

HOUR = 3600
DAY = dt.timedelta(days=1)


def enforce_hourly_limit(limit: int, key: str) -> None:
    """Count one more use of `key` in the current hour. Raises TooManyAttempts after `limit` uses.

    Two uses at the same moment may count as one, so the limit is not exact.
    """
    name = f"{key}:{int(time.time()) // HOUR}"
    count = cache.get(name, 0) + 1
    if count > limit:
        raise TooManyAttempts("too_often", _("The hourly limit has been reached. Try again in an hour."))
    cache.set(name, count, HOUR)


def count_use(key: str, *, pause: dt.timedelta, a_day: int) -> dt.datetime | None:
    """Count one more use of `key` and return None; or count nothing, and return when the next use is possible.

    There may be one use in each `pause`, and `a_day` within 24 hours. Two at the same moment may count as one.
    """
    name, now = f"uses:{hashlib.sha256(key.encode()).hexdigest()}", timezone.now()  # keys of the cache are short
    uses = [at for at in map(dt.datetime.fromisoformat, cache.get(name, [])) if at > now - DAY]
    ends = [at + pause for at in uses[-1:]] + [at + DAY for at in uses[-a_day:][:1] if len(uses) >= a_day]
    if ends and max(ends) > now:
        return max(ends)
    cache.set(name, [at.isoformat() for at in (*uses, now)], DAY.total_seconds())
    return None
