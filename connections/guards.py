"""Who may open a page about customers."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import ProgramFeature
from accounts.queries.programs import list_program_names_granting
from connections.policies import ROLE_TABLE, ConnectionPermission
from connections.queries import find_distributor_of_partner
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.pages import require_permission
from partnerportal.lib.policies import ActionDenied
from partnerportal.lib.requests import PortalRequest

View = Callable[..., HttpResponse]
_missing_badge_hints: list[Callable[[Actor], Message]] = []


def register_missing_badge_hint(hint: Callable[[Actor], Message]) -> None:
    """Register a function that says, for an actor without the badge, what is awaited and from whom; "" for nothing.

    The page that explains the missing badge shows what it says.
    """
    _missing_badge_hints.append(hint)


def require_customer_viewing_permission(view: View) -> View:
    """Decorate a view about customers so that only actors who may view customers get it.

    It works as `require_permission`, except that a partner without the needed badge gets a page that says which
    programmes grant it and whom to ask (CC-5, CC-8).
    """
    guarded = require_permission(ROLE_TABLE, ConnectionPermission.VIEW_CUSTOMERS)(view)

    @require_safe
    @wraps(view)
    def page(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        actor = request.actor
        answer = ROLE_TABLE[ConnectionPermission.VIEW_CUSTOMERS].check_actor(actor)
        if actor.organization_id and isinstance(answer, ActionDenied) and answer.code == "no_badge":
            return render_missing_badge_page(request)
        return guarded(request, *args, **kwargs)

    return page


def render_missing_badge_page(request: PortalRequest) -> HttpResponse:
    """Return a 403 page that says which partner programmes grant access to the pages about customers."""
    own = request.operator.organization
    context = {
        "hints": [text for text in (hint(request.actor) for hint in _missing_badge_hints) if text],
        "programs": list_program_names_granting(ProgramFeature.CUSTOMER_DASHBOARD),
        "organization": own,
        "distributor": find_distributor_of_partner(request.actor, own.pk),
    }
    return render(request, "connections/no_badge.html", context, status=403)
