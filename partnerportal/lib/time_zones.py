"""Time zones to choose from, by region. Each has the name of a city in the reader's language and today's offset."""

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global
from django.utils.translation import pgettext_lazy

from partnerportal.lib.days import today
from partnerportal.lib.formats import get_reader_locale
from partnerportal.lib.text import make_search_key

Choice = tuple[str, str]

REGIONS = {
    "Africa": pgettext_lazy("region of time zones", "Africa"),
    "America": pgettext_lazy("region of time zones", "America"),
    "Antarctica": pgettext_lazy("region of time zones", "Antarctica"),
    "Asia": pgettext_lazy("region of time zones", "Asia"),
    "Atlantic": pgettext_lazy("region of time zones", "Atlantic Ocean"),
    "Australia": pgettext_lazy("region of time zones", "Australia"),
    "Europe": pgettext_lazy("region of time zones", "Europe"),
    "Indian": pgettext_lazy("region of time zones", "Indian Ocean"),
    "Pacific": pgettext_lazy("region of time zones", "Pacific Ocean"),
}


def list_time_zone_choices(current: str) -> list[Choice | tuple[str, list[Choice]]]:
    """Return the choices of a form field for a time zone: UTC, and every zone once, by region.

    Each zone has its usual name of today. `current`, the zone that is set now, is always among them, although it may
    have an older name.
    """
    groups = _groups(get_reader_locale(), today())
    listed = {"UTC", *(name for zones in groups.values() for name, _label in zones)}
    kept = [] if current in listed else [(current, current)]
    return [("UTC", "UTC"), *kept, *((str(REGIONS[region]), zones) for region, zones in groups.items())]


@lru_cache(maxsize=8)
def _groups(where: Locale, day: dt.date) -> dict[str, list[Choice]]:
    """Return the choices by region. `day` is an argument of the cache, because offsets change with summer time."""
    noon = dt.datetime.combine(day, dt.time(12), dt.UTC)
    cities = _cities(where)
    groups: dict[str, list[Choice]] = {region: [] for region in REGIONS}
    for name in sorted(cities, key=lambda name: make_search_key(cities[name])):
        region = name.partition("/")[0]
        if region in groups:
            offset = noon.astimezone(ZoneInfo(name)).isoformat()[-6:]
            groups[region].append((name, f"{cities[name]} (UTC{offset})"))
    return groups


def _cities(where: Locale) -> dict[str, str]:
    """Return the city of every zone, in the locale's language.

    Locales know some zones by an older name only, and leave a city out where the zone's own name says it.
    """
    older = {new: old for old, new in get_global("zone_aliases").items() if old in where.time_zones}
    return {
        name: where.time_zones.get(name, {}).get("city")
        or where.time_zones.get(older.get(name, ""), {}).get("city")
        or name.rpartition("/")[2].replace("_", " ")
        for name in get_global("zone_territories")
    }
