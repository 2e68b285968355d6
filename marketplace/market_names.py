"""The names of the markets in the reader's language. Files and the API name a market by its code, or in English."""

from django.utils.translation import gettext, gettext_noop

NAMES = (
    gettext_noop("Africa"),
    gettext_noop("Asia and Pacific"),
    gettext_noop("Australia"),
    gettext_noop("Brazil"),
    gettext_noop("Canada"),
    gettext_noop("Europe"),
    gettext_noop("India"),
    gettext_noop("Japan"),
    gettext_noop("Korea"),
    gettext_noop("Latin America and the Caribbean"),
    gettext_noop("Middle East, Central and Eastern Europe"),
    gettext_noop("New Zealand"),
    gettext_noop("Russia"),
    gettext_noop("Taiwan"),
    gettext_noop("United States"),
)


def translate_market_name(name: str) -> str:
    """Return the name of a market, as stored, in the reader's language. An unknown one stays as it is."""
    return gettext(name) if name in NAMES else name
