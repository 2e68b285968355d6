"""Pages of connected customers: the list, and the services and orders of one."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.models import OrganizationKind
from accounts.policies import ROLE_TABLE as ACCOUNTS
from accounts.policies import AccountPermission
from accounts.queries.operators import name_colleagues_to_ask
from connections.customers import get_customer_with_tab_counts, render_customer_page
from connections.guards import require_customer_viewing_permission
from connections.policies import ROLE_TABLE as CONNECTIONS
from connections.policies import ConnectionPermission
from entitlements.imports import END_CONNECTIONS
from entitlements.lists.customers import CustomerList, SoldCustomerList
from entitlements.models import ActivationLink
from entitlements.partner_imports import CUSTOMER_MANAGERS
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.customers import list_customer_orders, list_customer_services
from entitlements.rows.customers import make_order_table_rows, make_service_sections
from partnerportal.lib.imports.bulk import list_bulk_buttons
from partnerportal.lib.keyset import fetch_keyset_page
from partnerportal.lib.pages import render_list_page, require_permission
from partnerportal.lib.policies import ActionDenied
from partnerportal.lib.requests import PortalRequest

ORDERS_A_PAGE = 25  # rows on a page of orders


def customer_list(request: PortalRequest) -> HttpResponse:
    """Show the customers that are connected, or to the vendor's staff all; for htmx only the list."""
    is_vendor = request.actor.organization_kind == OrganizationKind.VENDOR
    return sold_customer_list(request) if is_vendor else connected_customer_list(request)


@require_safe
@require_permission(ROLE_TABLE, EntitlementPermission.VIEW_SOLD)
def sold_customer_list(request: PortalRequest) -> HttpResponse:
    """Show the vendor's staff all customers, what the vendor sold them and when it ends."""
    actor = request.actor
    return render_list_page(
        request,
        SoldCustomerList(actor, request.GET),
        page_template="entitlements/sold_customers.html",
        list_template="entitlements/customer_list.html#list",
        context={
            "kind": ActivationLink.Kind.CUSTOMER,
            "may_send": ROLE_TABLE[EntitlementPermission.ACTIVATE_CUSTOMERS].check_actor(actor),
            "may_register": ACCOUNTS[AccountPermission.REGISTER_ORGANIZATIONS].check_actor(actor),
            "bulk_buttons": list_bulk_buttons(actor, (CUSTOMER_MANAGERS,)),
        },
    )


@require_customer_viewing_permission
def connected_customer_list(request: PortalRequest) -> HttpResponse:
    """Show the page of connected customers, or for an htmx request only its list (CC-6…CC-8, CV-3…CV-6)."""
    return render_list_page(
        request,
        CustomerList(request.actor, request.GET),
        page_template="entitlements/customers.html",
        list_template="entitlements/customer_list.html#list",
        context={
            "invite": CONNECTIONS[ConnectionPermission.SEE_INVITATION_LINK].check_actor(request.actor),
            "kind": ActivationLink.Kind.CUSTOMER,
            "may_send": ROLE_TABLE[EntitlementPermission.ACTIVATE_CUSTOMERS].check_actor(request.actor),
            "bulk_buttons": list_bulk_buttons(request.actor, (END_CONNECTIONS,)),
        },
    )


@require_customer_viewing_permission
def customer_services(request: PortalRequest, customer_id: UUID) -> HttpResponse:
    """Show what a customer has, had and asked for: its active, trial, pending and expired services (CC-47…CC-52)."""
    actor = request.actor
    customer = get_customer_with_tab_counts(actor, customer_id)
    context = {"sections": make_service_sections(list_customer_services(actor, customer.organization.pk))}
    template = "entitlements/customer_services.html"
    return render_customer_page(request, customer, tab="services", template=template, context=context)


@require_customer_viewing_permission
def customer_orders(request: PortalRequest, customer_id: UUID) -> HttpResponse:
    """Show the orders of a customer, the newest first (CC-27), or in their place why the person does not see them."""
    customer = get_customer_with_tab_counts(request.actor, customer_id)
    answer = ROLE_TABLE[EntitlementPermission.VIEW_ORDERS].check_actor(request.actor)
    if isinstance(answer, ActionDenied):
        ask = name_colleagues_to_ask(request.actor, answer.roles)
        context, status = {"refusal": answer.message, "ask": ask}, 403
    else:
        context, status = make_orders_context(request, customer.organization.pk), 200
    template = "entitlements/customer_orders.html"
    return render_customer_page(request, customer, tab="orders", template=template, context=context, status=status)


def make_orders_context(request: PortalRequest, customer_id: int | None) -> dict[str, Any]:
    """Return the template context for one page of a customer's orders, the newest first.

    The cursor in the request's URL says which page.
    """
    orders = list_customer_orders(request.actor, customer_id)
    cursor = request.GET.get("cursor", "")
    page = fetch_keyset_page(orders, sort="placed_on", descending=True, size=ORDERS_A_PAGE, cursor=cursor)
    return {"orders": make_order_table_rows(page.rows), "page": page}
