"""The first page, which differs by what the organisation acted for may see."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.models import Kind
from connections.policies import ROLE_TABLE, ConnectionPermission
from entitlements import overviews
from partnerportal.lib.pages import signed_in
from partnerportal.lib.requests import PortalRequest


@require_safe
@signed_in
def overview(request: PortalRequest) -> HttpResponse:
    """Show the first page of a partner, a customer or any other organisation.

    A person who acts for no organisation is led to the page that makes one.
    """
    actor = request.actor
    if actor.organization_id is None:
        return redirect("organization_new")
    if ROLE_TABLE[ConnectionPermission.VIEW_CUSTOMERS].check(actor):
        return render(request, "entitlements/overview_partner.html", overviews.of_partner(request))
    if actor.organization_kind == Kind.CUSTOMER:
        return render(request, "entitlements/overview_customer.html", overviews.of_customer(request))
    return render(request, "entitlements/overview.html", overviews.of_others(request))
