"""How an app declares what the search of the whole portal finds of it: as a tuple `SEARCHES` in its searches.py.

What can be done from everywhere stands beside it as a tuple `ACTIONS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.errors import Message
from partnerportal.lib.navigation import allow_everybody


@dataclass(frozen=True)
class FoundRecord:
    """A record that a search has found: its name, what tells it from others of that name, and the URL of its page."""

    label: str
    detail: str
    url: str


def describe_found_organization(organization: Any, url: str) -> FoundRecord:
    """Return the record of an organisation, which has a name, an ORGID and a country, with the URL of its page."""
    country = get_country_name(organization.country)
    return FoundRecord(organization.name, f"{organization.org_id} · {country}", url)


@dataclass(frozen=True, kw_only=True)
class RecordSearch:
    """A kind of record that people find by words, for the actors for whom `seen_by` returns true.

    `find` takes the actor, the text and the most records that it may return, in the order in which they are shown. The
    page with the URL name `list_url_name` finds all of them by the filters that `make_list_filters` makes of the text.
    """

    label: Message  # what many are called, such as "Customers"
    icon: str
    order: int
    seen_by: Callable[[Actor], object]
    find: Callable[[Actor, str, int], list[FoundRecord]]
    list_url_name: str
    make_list_filters: Callable[[str], dict[str, str]] = lambda text: {"q": text}


@dataclass(frozen=True, kw_only=True)
class PortalAction:
    """Something to begin from every page, such as an invitation. Its page opens as a dialog if `is_dialog` is true.

    With a `name` it is no page to open but a form to send, with that name and value. What that answers is a file if
    `is_export` is true.
    """

    label: Message
    icon: str
    url_name: str
    order: int
    args: tuple[str, ...] = ()
    is_dialog: bool = False
    name: str = ""
    value: str = ""
    is_export: bool = False
    seen_by: Callable[[Actor], object] = allow_everybody
