"""Who may open a page about customers."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Feature, Kind
from entitlements import overviews, queries
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from partnerportal.lib.pages import allowed
from partnerportal.lib.policies import Denied
from partnerportal.lib.requests import PortalRequest

View = Callable[..., HttpResponse]


def for_partners(view: View) -> View:
    """`allowed`, but a missing badge gets a page that says which programmes grant it and whom to ask (CC-5, CC-8)."""
    guarded = allowed(ROLE_TABLE, EntitlementPermission.VIEW_CUSTOMERS)(view)

    @require_safe
    @wraps(view)
    def page(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        actor = request.actor
        answer = ROLE_TABLE[EntitlementPermission.VIEW_CUSTOMERS].check(actor)
        if actor.organization_id and isinstance(answer, Denied) and answer.code == "no_badge":
            return no_badge(request)
        return guarded(request, *args, **kwargs)

    return page


def no_badge(request: PortalRequest) -> HttpResponse:
    context = {
        "programs": queries.programs_that_grant(Feature.CUSTOMER_DASHBOARD),
        "organization": overviews.organization_of(request),
        "is_partner": request.actor.organization_kind == Kind.PARTNER,
    }
    return render(request, "entitlements/no_badge.html", context, status=403)
