"""Pages that code leads to without knowing which app above has them. That app registers them in its AppConfig.ready.

account           the organisation's own account
customers         the list of connected customers
export            where a form asks for a list as a file
organization_new  for a person who acts for no organisation yet
preferences       a person's own
roles             who can do what
"""

from django.urls import reverse

_url_names: dict[str, str] = {}


def register_page(page: str, url_name: str) -> None:
    assert page not in _url_names, f"two pages are called {page}"
    _url_names[page] = url_name


def page_url(page: str) -> str:
    """Return the address of a registered page. Raises KeyError for one that no app has registered."""
    return reverse(_url_names[page])
