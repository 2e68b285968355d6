"""Pages of the use of licences: of a connected customer, of the actor's organisation, and of all customers together."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from connections.customers import get_customer_with_tab_counts, render_customer_page
from connections.guards import require_customer_viewing_permission
from entitlements.counting import count_licence_totals
from entitlements.lists.trend import UsageTrendPage
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.customers import get_portfolio_totals, list_customer_services
from entitlements.queries.usage import (
    find_latest_use_by_sku,
    find_standout_customers,
    get_customer_usage,
    list_open_anomalies,
    list_usage_by_day,
)
from entitlements.rows import usage as words
from entitlements.rows.customers import list_service_attention_items
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.pages import require_permission
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.scopes import Scope

CURRENT = dt.timedelta(days=7)  # time without a report after which a service is not among those in use
RANKED = 8  # customers shown of those that stand out in a respect


@require_customer_viewing_permission
def customer_usage(request: PortalRequest, customer_id: UUID) -> HttpResponse:
    """Show the licensing summary of a customer (CC-30, CC-31, CC-33)."""
    customer = get_customer_with_tab_counts(request.actor, customer_id)
    shares_services = customer.shares_scope(Scope.ENTITLEMENTS)
    context = _licensing(request.actor, customer.organization.pk, shares_services=shares_services)
    return render_customer_page(
        request, customer, tab="usage", template="entitlements/customer_usage.html", context=context
    )


@require_customer_viewing_permission
def customer_usage_trend(request: PortalRequest, customer_id: UUID) -> HttpResponse:
    """Show how a customer's use of licences changed over weeks or months, as charts and tables (CC-34…CC-37)."""
    customer = get_customer_with_tab_counts(request.actor, customer_id)
    shares_services = customer.shares_scope(Scope.ENTITLEMENTS)
    context = _trend(request, customer.organization.pk, shares_services=shares_services)
    template = "entitlements/customer_usage_trend.html"
    return render_customer_page(request, customer, tab="usage", template=template, context=context)


@require_safe
@require_permission(ROLE_TABLE, EntitlementPermission.VIEW_OWN)
def own_usage(request: PortalRequest) -> HttpResponse:
    """Show the licensing summary of the organisation itself: how many licences it has, and how many are used."""
    actor = request.actor
    context = {"may_release": ROLE_TABLE[EntitlementPermission.MANAGE_HOLDERS].check_actor(actor)}
    return render(
        request, "entitlements/usage.html", context | _licensing(actor, actor.organization_id, shares_services=True)
    )


@require_safe
@require_permission(ROLE_TABLE, EntitlementPermission.VIEW_OWN)
def own_usage_trend(request: PortalRequest) -> HttpResponse:
    """Show how the organisation's own use of licences changed over weeks or months."""
    context = _trend(request, request.actor.organization_id, shares_services=True)
    return render(request, "entitlements/usage_trend.html", context)


@require_customer_viewing_permission
def usage_of_customers(request: PortalRequest) -> HttpResponse:
    """Show the use of all customers together, and the customers whose use stands out.

    The sums are stored, and indexes find the customers, so the page's cost does not grow with their number.
    """
    actor = request.actor
    rankings = find_standout_customers(actor, today(), RANKED)
    context = {
        "numbers": get_portfolio_totals(actor),
        "risen": words.rank_customers_by_seat_change(rankings.risen),
        "fallen": words.rank_customers_by_seat_change(rankings.fallen),
        "unused": words.rank_customers_by_unused_seats(rankings.unused),
        "filling": words.rank_customers_by_day_seats_run_out(rankings.filling),
        "as_of": formats.format_date(rankings.latest_report_day) if rankings.latest_report_day else "",
    }
    return render(request, "entitlements/usage_of_customers.html", context)


def _licensing(actor: Actor, customer_id: int | None, *, shares_services: bool) -> dict[str, Any]:
    """Return the context of a licensing summary. `usage` is None before the first report.

    Where the customer does not share its services, licences are those of its latest report.
    """
    usage = get_customer_usage(actor, customer_id)
    entitlements = list_customer_services(actor, customer_id)
    anomalies = list_open_anomalies(actor, customer_id)
    attention = words.list_anomaly_attention_items(anomalies) + list_service_attention_items(entitlements)
    if usage is None:
        return {"usage": None, "attention": attention}
    uses = find_latest_use_by_sku(list_usage_by_day(actor, customer_id, usage.as_of - CURRENT), usage.as_of - CURRENT)
    totals = count_licence_totals(entitlements, today())
    if not shares_services:
        totals = words.get_reported_licence_totals(usage)
    return {
        "usage": usage,
        "licences": words.LicenceUsageLabel.from_totals(totals, {row.sku_id: row.sku.name for row in entitlements}),
        "full": words.describe_day_licences_run_out(usage),
        "services": words.make_sku_usage_table_rows(uses, entitlements if shares_services else None),
        "freshness": words.describe_usage_report_freshness(usage),
        "daily": sum(use.daily for use in uses),
        "attention": attention,
    }


def _trend(request: PortalRequest, customer_id: int | None, *, shares_services: bool) -> dict[str, Any]:
    """Return the context of a page of the trend. `trend` is None before the first report."""
    usage = get_customer_usage(request.actor, customer_id)
    if usage is None:
        return {"trend": None}
    entitlements = list_customer_services(request.actor, customer_id) if shares_services else None
    trend = UsageTrendPage(request.actor, customer_id, usage, request.GET, entitlements)
    return {"trend": trend, "freshness": words.describe_usage_report_freshness(usage)}
