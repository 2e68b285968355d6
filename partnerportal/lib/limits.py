"""How often something may be asked for within an hour; counted in the cache, which all processes share."""

import time

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.errors import TooMany

HOUR = 3600


def at_most(times: int, key: str) -> None:
    """Count one more of this hour. Raises TooMany beyond `times`. Two at once may count as one: it is a brake."""
    name = f"{key}:{int(time.time()) // HOUR}"
    count = cache.get(name, 0) + 1
    if count > times:
        raise TooMany("too_often", _("This has been asked for too often. Try again in an hour."))
    cache.set(name, count, HOUR)
