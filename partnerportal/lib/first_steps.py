"""How an app declares what somebody new has to do first: as a tuple `FIRST_STEPS` in its start_page.py."""

from collections.abc import Callable
from dataclasses import dataclass

from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.requests import PortalRequest


@dataclass(frozen=True, kw_only=True)
class FirstStep:
    """A step of the checklist on the start page, for the actors for whom `seen_by` returns true.

    `url_name` and `url_args` lead to the page where it is done, by a button that says `action`.
    """

    label: Message
    icon: str
    url_name: str
    url_args: tuple[str, ...] = ()
    action: Message
    order: int
    seen_by: Callable[[Actor], object]
    is_done: Callable[[PortalRequest], bool]
