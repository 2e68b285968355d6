"""The start page, made of the blocks that the apps declare, and of the checklist of what to do first."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from accounts.actions.people import hide_first_steps
from partnerportal.gathering import gather_app_declarations
from partnerportal.lib.blocks import StartPageArea
from partnerportal.lib.parts import PagePart
from partnerportal.lib.requests import PortalRequest


def list_start_page_blocks_by_area(request: PortalRequest) -> dict[str, list[PagePart]]:
    """Return the blocks that the actor's start page shows, as a dict of lists by area of the page."""
    areas: dict[str, list[PagePart]] = {area: [] for area in StartPageArea}
    areas[StartPageArea.WORK] = _list_first_steps(request)
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


def has_hidden_first_steps(request: PortalRequest) -> bool:
    """Return whether the person has dismissed the checklist of what to do first here before all of it was done."""
    person: Any = request.user
    if request.actor.organization_id not in person.past_first_steps:
        return False
    return not all(step["is_done"] for step in _list_steps(request))


def _list_steps(request: PortalRequest) -> list[dict[str, Any]]:
    declared = sorted(gather_app_declarations("start_page", "FIRST_STEPS"), key=lambda step: step.order)
    return [
        {
            "label": step.label,
            "icon": step.icon,
            "url": reverse(step.url_name, args=step.url_args),
            "action": step.action,
            "is_done": step.is_done(request),
        }
        for step in declared
        if step.seen_by(request.actor)
    ]


def _list_first_steps(request: PortalRequest) -> list[PagePart]:
    """Return the checklist of what the person has to do first here, or an empty list once it is done or dismissed.

    That it is done is stored, so that later pages need not ask again.
    """
    person: Any = request.user
    organization_id = request.operator.organization_id
    if organization_id in person.past_first_steps:
        return []
    steps = _list_steps(request)
    if all(step["is_done"] for step in steps):
        hide_first_steps(person=person, organization_id=organization_id)
        return []
    done = sum(bool(step["is_done"]) for step in steps)
    return [PagePart("first_steps.html", {"steps": steps, "done": done, "total": len(steps)})]
