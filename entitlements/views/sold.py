"""The vendor's pages of what it sold an organisation: services and orders, never how they are used."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.guards import require_vendor_staff
from accounts.organization_frame import render_organization_page
from accounts.queries.organizations import get_managed_organization
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.customers import list_customer_services
from entitlements.rows.customers import make_service_sections
from entitlements.views.customers import make_orders_context
from partnerportal.lib.policies import ActionDenied
from partnerportal.lib.requests import PortalRequest


@require_safe
@require_vendor_staff()
def sold_services(request: PortalRequest, organization_id: UUID) -> HttpResponse:
    """Show the vendor's staff what an organisation has, had and asked for: licences and last days."""
    organization = get_managed_organization(request.actor, organization_id)
    context = {"sections": make_service_sections(list_customer_services(request.actor, organization.pk))}
    template = "entitlements/sold_services.html"
    return render_organization_page(request, organization, tab="services", template=template, context=context)


@require_safe
@require_vendor_staff()
def sold_orders(request: PortalRequest, organization_id: UUID) -> HttpResponse:
    """Show the vendor's staff what an organisation ordered, or in its place why the person does not see it (E-13)."""
    organization = get_managed_organization(request.actor, organization_id)
    answer = ROLE_TABLE[EntitlementPermission.VIEW_SOLD_ORDERS].check_actor(request.actor)
    if isinstance(answer, ActionDenied):
        context: dict[str, Any] = {"refusal": answer.message}
    else:
        context = make_orders_context(request, organization.pk)
    template = "entitlements/sold_orders.html"
    return render_organization_page(request, organization, tab="orders", template=template, context=context)
