"""Addresses that hold a secret after their beginning: whoever reads one could act in somebody's place."""

import re

# An invitation, a calendar, the link to a new password. The proxy's configuration names the same, and a test compares.
SECRET_ADDRESSES = ("/i/", "/calendar/", "/sign-in/password/reset/key/")

_SLASH = "(?:/|%2F)"  # a query string names addresses with their slashes encoded
_BEGINNINGS = "|".join(address.replace("/", _SLASH) for address in SECRET_ADDRESSES)
_SECRET = re.compile(rf"({_BEGINNINGS})(?:(?!{_SLASH})[^\s\"'<>?#&])+", re.IGNORECASE)
_PASSWORD = re.compile(r"(://[^\s:/@]*:)[^\s/@]+@")  # in the address of a server


def mask_secrets(text: str) -> str:
    """Put "…" in place of the secret of every address in a text, and of a password in the address of a server."""
    return _PASSWORD.sub(r"\1…@", _SECRET.sub(r"\1…", text))
