"""URLs that hold a secret: whoever reads one could act in somebody's place."""

import re

# They lead to invitations, calendars and new passwords. The proxy's configuration names the same; a test compares both.
SECRET_ADDRESSES = ("/i/", "/calendar/", "/sign-in/password/reset/key/")

_SLASH = "(?:/|%2F)"  # in a query string the slashes of an address are encoded
_BEGINNINGS = "|".join(address.replace("/", _SLASH) for address in SECRET_ADDRESSES)
_SECRET = re.compile(rf"({_BEGINNINGS})(?:(?!{_SLASH})[^\s\"'<>?#&])+", re.IGNORECASE)
_PASSWORD = re.compile(r"(://[^\s:/@]*:)[^\s/@]+@")  # a password in the address of a server


def mask_secrets(text: str) -> str:
    """Return the text with "…" in place of every secret in a URL: secret tokens in paths, and passwords of servers."""
    return _PASSWORD.sub(r"\1…@", _SECRET.sub(r"\1…", text))
