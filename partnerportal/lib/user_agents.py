"""Browser and system of a session, as people call them. It is a guess for the eye, and nothing may depend on it."""

from django.utils.translation import gettext as _

# The order counts, because most browsers also name the ones from which they descend.
_BROWSERS = {"Edg": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
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
    """Return the browser and system that a User-Agent header names, as "Firefox on Windows".

    For an unknown one, it is the beginning of the header itself.
    """
    browser = next((name for mark, name in _BROWSERS.items() if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS.items() if mark in user_agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or user_agent[:60] or _("Unknown browser")
