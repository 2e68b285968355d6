"""The start page, made of the blocks that the apps declare."""

from collections.abc import Mapping
from typing import Any

from partnerportal.gathering import gather_app_declarations
from partnerportal.lib.blocks import StartPageArea
from partnerportal.lib.parts import PagePart
from partnerportal.lib.requests import PortalRequest


def list_start_page_blocks_by_area(request: PortalRequest) -> dict[str, list[PagePart]]:
    """Return the blocks that the actor's start page shows, as a dict of lists by area of the page."""
    areas: dict[str, list[PagePart]] = {area: [] for area in StartPageArea}
    contexts: dict[object, Mapping[str, Any] | None] = {}
    for block in sorted(gather_app_declarations("start_page", "BLOCKS"), key=lambda block: block.order):
        if not block.seen_by(request.actor):
            continue
        if block.context not in contexts:
            contexts[block.context] = block.context(request)
        values = contexts[block.context]
        if values is not None:
            areas[block.area].append(PagePart(block.template, values))
    return areas
