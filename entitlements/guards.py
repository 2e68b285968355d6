"""Who may open the pages about partners and distributors."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from entitlements.policies import ROLE_TABLE, EntitlementPermission
from partnerportal.lib.errors import NotFound
from partnerportal.lib.pages import require_permission
from partnerportal.lib.requests import PortalRequest

View = Callable[..., HttpResponse]


def require_partner_viewing_permission(permission: EntitlementPermission) -> Callable[[View], View]:
    """Decorate a view so that only actors with this permission get it; for all other organisations it is not there.

    They get a 404 and no refusal, because a page for the level above is none of theirs (CV-7). Visitors who are not
    signed in go to the sign-in page, and people without an organisation to the page that creates one.
    """

    def decorate(view: View) -> View:
        guarded = require_permission(ROLE_TABLE, permission)(view)

        @require_safe
        @wraps(view)
        def page(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            actor = request.actor
            if actor.organization_id is not None and not ROLE_TABLE[permission].check_actor(actor):
                raise NotFound("not_found", "")
            return guarded(request, *args, **kwargs)

        return page

    return decorate
