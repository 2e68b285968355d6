"""ISO 3166 countries, named in the reader's language."""

from collections.abc import Iterable
from functools import lru_cache

import pycountry
from babel import Locale
from django.utils.translation import get_language


@lru_cache(maxsize=8)
def _named(language: str) -> list[tuple[str, str]]:
    names = Locale.parse(language, sep="-").territories
    rows = [(c.alpha_2, names.get(c.alpha_2, c.name)) for c in pycountry.countries]
    return sorted(rows, key=lambda row: row[1])


def list_country_choices() -> list[tuple[str, str]]:
    """Return all countries as (code, name) pairs, sorted by name in the active language.

    Codes are upper-case ISO 3166 alpha-2.
    """
    return _named(get_language() or "en")


@lru_cache(maxsize=2048)
def _name(code: str, language: str) -> str:
    return dict(_named(language)).get(code, code)


def get_country_name(code: str) -> str:
    """Return the name of the country with this code in the active language, or the code itself if it is unknown."""
    return _name(code, get_language() or "en")


def pair_countries(codes: Iterable[str]) -> list[tuple[str, str]]:
    """Return pairs of a country's code and its name in the active language, sorted by name."""
    return sorted(((code, get_country_name(code)) for code in codes), key=lambda pair: pair[1])
