"""Connected customers: the list, and the pages of one."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import push_url

from connections.policies import ROLE_TABLE as CONNECTIONS
from connections.policies import ConnectionPermission
from entitlements import queries, rows
from entitlements.lists.customers import CustomerList
from entitlements.models import CustomerListing
from entitlements.rows.usage import attention_of_anomalies
from entitlements.timeline import moments
from entitlements.views.guards import for_partners
from partnerportal.lib.keyset import keyset
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.rows import SeatBar

ORDERS_A_PAGE = 25
EVENTS_A_PAGE = 50
EVENTS_ON_OVERVIEW = 5


@for_partners
@vary_on_headers("HX-Request")
def customers(request: PortalRequest) -> HttpResponse:
    """CC-6…CC-8, CV-3…CV-6."""
    actor = request.actor
    listing = CustomerList(actor, request.GET)
    if listing.opens_with and not (request.GET or request.htmx):
        return redirect(listing.opens_with)
    context = {"list": listing, "invite": CONNECTIONS[ConnectionPermission.SEE_INVITATION_LINK].check(actor)}
    if request.htmx:
        response = render(request, "entitlements/customer_list.html#list", context)
        return push_url(response, listing.own_address)
    return render(request, "entitlements/customers.html", context)


def customer_page(request: PortalRequest, customer: CustomerListing, tab: str, context: dict[str, Any]) -> HttpResponse:
    end_url, end_reason = rows.end_of_connection(request.actor, customer.connection_id)  # type: ignore[attr-defined]
    common = {
        "customer": customer,
        "organization": customer.customer,
        "tab": tab,
        "end_url": end_url,
        "end_reason": end_reason,
    }
    return render(request, f"entitlements/customer_{tab}.html", common | context)


@for_partners
def customer(request: PortalRequest, customer_id: UUID) -> HttpResponse:
    """Account data (CC-26), licences in total, what needs attention, the latest activity."""
    actor = request.actor
    customer = queries.customer(actor, customer_id)
    entitlements = queries.services(actor, customer.customer_id)
    events = queries.customer_activity(actor, customer.customer_id).order_by("-pk")[:EVENTS_ON_OVERVIEW]
    sections = {section.key: section.rows for section in rows.service_sections(entitlements)}
    context = {
        "usage": SeatBar.of(customer.assigned, customer.seats, customer.overage),
        "running": sections["active"] + sections["active_trials"],
        "attention": attention_of_anomalies(queries.open_anomalies(actor, customer.customer_id))
        + rows.attention_of_services(entitlements),
        "moments": moments(actor, events),
    }
    return customer_page(request, customer, "overview", context)


@for_partners
def customer_services(request: PortalRequest, customer_id: UUID) -> HttpResponse:
    """CC-47…CC-52."""
    actor = request.actor
    customer = queries.customer(actor, customer_id)
    sections = rows.service_sections(queries.services(actor, customer.customer_id))
    return customer_page(request, customer, "services", {"sections": sections})


@for_partners
def customer_orders(request: PortalRequest, customer_id: UUID) -> HttpResponse:
    """CC-27."""
    customer = queries.customer(request.actor, customer_id)
    return customer_page(request, customer, "orders", orders_page(request, customer.customer_id))


@for_partners
def customer_activity(request: PortalRequest, customer_id: UUID) -> HttpResponse:
    actor = request.actor
    customer = queries.customer(actor, customer_id)
    events = queries.customer_activity(actor, customer.customer_id)
    page = keyset(events, sort="id", descending=True, size=EVENTS_A_PAGE, cursor=request.GET.get("cursor", ""))
    context = {"moments": moments(actor, page.rows), "page": page}
    return customer_page(request, customer, "activity", context)


def orders_page(request: PortalRequest, customer_id: int | None) -> dict[str, Any]:
    orders = queries.orders(request.actor, customer_id)
    cursor = request.GET.get("cursor", "")
    page = keyset(orders, sort="placed_on", descending=True, size=ORDERS_A_PAGE, cursor=cursor)
    return {"orders": rows.order_rows(page.rows), "page": page}
