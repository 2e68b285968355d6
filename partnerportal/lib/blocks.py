"""How an app declares what it shows on the first page: as a tuple `BLOCKS` in its first_page.py."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any

from partnerportal.lib.actors import Actor
from partnerportal.lib.requests import PortalRequest


class FirstPageArea(StrEnum):
    """The areas of the first page, in one of which each block stands."""

    ACTIONS = auto()  # beside the heading
    STRIP = auto()  # numbers, across the page
    WORK = auto()  # the wide column
    SIDE = auto()  # the narrow one


def make_empty_context(request: PortalRequest) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True)
class FirstPageBlock:
    """A piece of the first page, shown to the actors for whom `seen_by` is true.

    `context` makes the values of the template, or returns None where there is nothing to show. Blocks that name the
    same function share its values: it is called once.
    """

    area: FirstPageArea
    order: int  # within the area
    template: str
    seen_by: Callable[[Actor], object]
    context: Callable[[PortalRequest], Mapping[str, Any] | None] = make_empty_context
