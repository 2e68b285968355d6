"""Time zones as the preferences offer them."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from partnerportal.lib.days import today
from partnerportal.lib.time_zones import REGIONS, list_time_zone_choices


def offered(chosen: str = "UTC") -> dict[str, dict[str, str]]:
    """Labels by name, by region."""
    return {str(region): dict(zones) for region, zones in list_time_zone_choices(chosen) if isinstance(zones, list)}


@pytest.mark.parametrize(("language", "city"), [("en", "London"), ("fr", "Londres"), ("ja", "ロンドン")])
def test_a_zone_is_named_by_its_city_with_the_offset_of_today(language: str, city: str) -> None:
    with translation.override(language):
        label = offered()[str(REGIONS["Europe"])]["Europe/London"]
    noon = dt.datetime.combine(today(), dt.time(12), ZoneInfo("Europe/London"))
    assert label == f"{city} (UTC+{noon.utcoffset() // dt.timedelta(hours=1):02}:00)"


def test_a_zone_known_to_locales_by_an_older_name_keeps_its_city() -> None:
    with translation.override("ja"):
        assert offered()["アジア"]["Asia/Kolkata"].startswith("コルカタ")


def test_every_zone_exists_and_is_offered_once() -> None:
    names = [name for zones in offered().values() for name in zones]
    assert len(names) == len(set(names)) > 400
    assert all(ZoneInfo(name) for name in names)
    assert {"Asia/Tokyo", "Europe/Kyiv", "America/New_York", "Pacific/Auckland"} <= set(names)


def test_an_older_name_that_is_in_use_stays_to_be_chosen() -> None:
    assert ("US/Eastern", "US/Eastern") in list_time_zone_choices("US/Eastern")
    assert ("Asia/Tokyo", "Asia/Tokyo") not in list_time_zone_choices("Asia/Tokyo")
