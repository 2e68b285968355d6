"""Browser and system of a session, as people call them. It is a guess for the eye, and nothing may depend on it."""

import re

from django.utils.translation import gettext as _

# The order counts, because most browsers also name the ones from which they descend.
_BROWSERS = {
    "Edge": re.compile(r"Edg(?:A|iOS)?/(\d*)"),
    "Opera": re.compile(r"OPR/(\d*)"),
    "Firefox": re.compile(r"(?:Firefox|FxiOS)/(\d*)"),
    "Chrome": re.compile(r"(?:Chrome|CriOS)/(\d*)"),
    "Safari": re.compile(r"(?:Version/(\d*)\S* .*)?Safari/"),
}
_SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def describe_user_agent(user_agent: str) -> str:
    """Return the browser with its version and the system that a User-Agent header names, as "Firefox 140 on Windows".

    For an unknown one, it is the beginning of the header itself.
    """
    browser = _name_browser(user_agent)
    system = next((name for mark, name in _SYSTEMS.items() if mark in user_agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or user_agent[:60] or _("Unknown browser")


def _name_browser(user_agent: str) -> str:
    for name, mark in _BROWSERS.items():
        if match := mark.search(user_agent):
            return f"{name} {match[1]}" if match[1] else name
    return ""
