"""How an app declares what it shows on the start page: as a tuple `BLOCKS` in its start_page.py."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any

from partnerportal.lib.actors import Actor
from partnerportal.lib.requests import PortalRequest


class StartPageArea(StrEnum):
    """The areas of the start page after sign-in. Each block stands in one of them."""

    ACTIONS = auto()  # beside the heading
    STRIP = auto()  # numbers, across the page
    WORK = auto()  # the wide column
    SIDE = auto()  # the narrow one


def make_empty_context(request: PortalRequest) -> dict[str, Any]:
    """Return no template values, for a block whose template needs none."""
    return {}


@dataclass(frozen=True, kw_only=True)
class StartPageBlock:
    """A piece of the start page after sign-in, shown to the actors for whom `seen_by` returns true.

    `context` is a function that returns the values for the template, or None where there is nothing to show. Several
    blocks may name the same function; it is called once for all of them.
    """

    area: StartPageArea
    order: int  # within the area
    template: str
    seen_by: Callable[[Actor], object]
    context: Callable[[PortalRequest], Mapping[str, Any] | None] = make_empty_context
