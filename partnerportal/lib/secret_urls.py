"""URLs that hold a secret: whoever reads one could act in somebody's place."""

import re

# These lead to invitations, calendars and new passwords. The proxy's configuration names them too; a test compares.
SECRET_URL_PREFIXES = ("/i/", "/join/", "/activate/", "/calendar/", "/sign-in/password/reset/key/")

_SLASH = "(?:/|%2F)"  # in a query string the slashes of a URL are encoded
_PREFIXES = "|".join(prefix.replace("/", _SLASH) for prefix in SECRET_URL_PREFIXES)
_SECRET = re.compile(rf"({_PREFIXES})(?:(?!{_SLASH})[^\s\"'<>?#&])+", re.IGNORECASE)
_PASSWORD = re.compile(r"(://[^\s:/@]*:)[^\s/@]+@")  # a password in the URL of a server


def mask_secrets(text: str) -> str:
    """Return the text with "…" in place of every secret in a URL: secret tokens in paths, and passwords of servers."""
    return _PASSWORD.sub(r"\1…@", _SECRET.sub(r"\1…", text))
