"""Pages of what the organisation acted for has itself: its services and orders."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.queries.own_account import is_customer
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.customers import list_customer_services
from entitlements.queries.trials import list_trial_requesters
from entitlements.rows.customers import make_service_sections
from entitlements.views.customers import make_orders_context
from partnerportal.lib.pages import require_permission
from partnerportal.lib.requests import PortalRequest


@require_safe
@require_permission(ROLE_TABLE, EntitlementPermission.VIEW_OWN)
def own_services(request: PortalRequest) -> HttpResponse:
    """Show the organisation's own services and trials. The customer's Admins may request and cancel trials there."""
    actor = request.actor
    request_trial, cancel_trial = (
        ROLE_TABLE[permission].check_actor(actor)
        for permission in (EntitlementPermission.REQUEST_TRIALS, EntitlementPermission.CANCEL_TRIALS)
    )
    services = list(list_customer_services(actor, actor.organization_id))
    sections = make_service_sections(
        services, may_cancel=bool(cancel_trial), requesters=list_trial_requesters(actor, services)
    )
    return render(
        request,
        "entitlements/services.html",
        {
            "sections": sections,
            "has_services": any(section.rows for section in sections),
            "request_trial": request_trial,
            "is_customer": is_customer(actor),
        },
    )


@require_safe
@require_permission(ROLE_TABLE, EntitlementPermission.VIEW_OWN)
def own_orders(request: PortalRequest) -> HttpResponse:
    """Show the organisation's own orders, the newest first."""
    context = make_orders_context(request, request.actor.organization_id)
    return render(request, "entitlements/orders.html", context)
