"""How an app declares its entries in the menus: as a tuple `ITEMS` in its navigation.py.

`POLLS` beside them are functions that take the request and return a URL which its browser is to ask every few
seconds, or "" for none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message

COUNTED = 100  # what waits is counted no further, for a badge says "99+" from there on


class NavigationMenu(Enum):
    """The menus of the page frame. Each navigation item stands in one of them."""

    WORK = auto()  # the first section of the sidebar
    SETTINGS = auto()  # its second section; like the first it is there for who acts for an organisation
    PERSON = auto()  # the menu of whoever is signed in
    BELL = auto()  # the one button in the top bar
    HELP = auto()  # only among the pages that the search of the portal finds


def allow_everybody(actor: Actor) -> bool:
    """Return True for every actor, as the `seen_by` function of what everybody may see."""
    return True


@dataclass(frozen=True, kw_only=True)
class NavigationItem:
    """An entry of a menu, which leads to a page and is shown to the actors for whom `seen_by` returns true.

    `count`, if there is one, is a function that returns how many things wait there for the actor, at most COUNTED. They
    are shown as a badge; 0 shows none.
    """

    label: Message
    icon: str
    url_name: str
    menu: NavigationMenu = NavigationMenu.WORK
    order: int  # within the menu
    seen_by: Callable[[Actor], object] = allow_everybody
    count: Callable[[Actor], int] | None = None
    is_exact: bool = False  # current on its own page alone, and not on those below its URL
