"""Time zones to choose from: by region, named by a city in the reader's language, with their offset of today."""

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global
from django.utils.translation import pgettext_lazy

from partnerportal.lib.days import today
from partnerportal.lib.formats import locale
from partnerportal.lib.text import fold

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


def time_zone_choices(chosen: str) -> list[Choice | tuple[str, list[Choice]]]:
    """Every zone once, under the name that is usual today. `chosen` may be an older one: it stays to be chosen."""
    groups = _groups(locale(), today())
    listed = {"UTC", *(name for zones in groups.values() for name, _label in zones)}
    kept = [] if chosen in listed else [(chosen, chosen)]
    return [("UTC", "UTC"), *kept, *((str(REGIONS[region]), zones) for region, zones in groups.items())]


@lru_cache(maxsize=8)
def _groups(where: Locale, day: dt.date) -> dict[str, list[Choice]]:
    """The day, because offsets change with summer time."""
    noon = dt.datetime.combine(day, dt.time(12), dt.UTC)
    cities = _cities(where)
    groups: dict[str, list[Choice]] = {region: [] for region in REGIONS}
    for name in sorted(cities, key=lambda name: fold(cities[name])):
        region = name.partition("/")[0]
        if region in groups:
            offset = noon.astimezone(ZoneInfo(name)).isoformat()[-6:]
            groups[region].append((name, f"{cities[name]} (UTC{offset})"))
    return groups


def _cities(where: Locale) -> dict[str, str]:
    """By zone. Locales know some zones by an older name only, and leave out cities that are called the same."""
    older = {new: old for old, new in get_global("zone_aliases").items() if old in where.time_zones}
    return {
        name: where.time_zones.get(name, {}).get("city")
        or where.time_zones.get(older.get(name, ""), {}).get("city")
        or name.rpartition("/")[2].replace("_", " ")
        for name in get_global("zone_territories")
    }
