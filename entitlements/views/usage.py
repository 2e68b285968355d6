"""Pages of the use of licences: of a connected customer, of the actor's organisation, and of all customers together."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from connections.customers import get_customer_with_tab_counts, render_customer_page
from connections.guards import require_customer_viewing_permission
from entitlements.counting import count_licence_totals
from entitlements.lists.customers import CustomerUsageList
from entitlements.lists.trend import RECENT, UsageTrendPage
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.customers import PortfolioTotals, list_customer_services
from entitlements.queries.renewal_work import list_renewal_values
from entitlements.queries.usage import (
    CustomerSeatChange,
    find_latest_use_by_sku,
    find_standout_customers,
    get_customer_usage,
    list_open_anomalies,
    list_portfolio_months,
)
from entitlements.rows import usage as words
from entitlements.rows.customers import ServicePages, list_service_attention_items
from entitlements.rows.portfolio import describe_customers_sharing_usage, make_portfolio_trend
from entitlements.rows.proposals import make_proposal_rows
from partnerportal.lib import formats
from partnerportal.lib.days import today
from partnerportal.lib.lists import build_list_url
from partnerportal.lib.pages import render_list_page, require_permission
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.scopes import Scope

RANKED = 5  # customers shown of those that stand out in a respect
RANKED_ALL = 100  # and at most, in the ranking of which more is shown


@require_customer_viewing_permission
def customer_usage(request: PortalRequest, customer_id: UUID) -> HttpResponse:
    """Show the licensing summary of a customer and how it changed over weeks or months (CC-30, CC-31, CC-33…CC-37)."""
    customer = get_customer_with_tab_counts(request.actor, customer_id)
    context = _licensing(
        request,
        customer.organization.pk,
        ServicePages.of_customer(customer.organization),
        shares_services=customer.shares_scope(Scope.ENTITLEMENTS),
    )
    return render_customer_page(
        request, customer, tab="usage", template="entitlements/customer_usage.html", context=context
    )


@require_customer_viewing_permission
def customer_usage_trend(request: PortalRequest, customer_id: UUID) -> HttpResponse:
    """Redirect to the trend on the page of the customer's usage, which had a page of its own."""
    customer = get_customer_with_tab_counts(request.actor, customer_id)
    return redirect(_build_trend_url(request, reverse("customer_usage", args=[customer.organization.public_id])))


@require_safe
@require_permission(ROLE_TABLE, EntitlementPermission.VIEW_OWN)
def own_usage(request: PortalRequest) -> HttpResponse:
    """Show how many licences the organisation itself has, how many are used, and how that changed."""
    actor = request.actor
    context = {"may_release": ROLE_TABLE[EntitlementPermission.MANAGE_HOLDERS].check_actor(actor)}
    context |= _licensing(request, actor.organization_id, ServicePages.of_own_organization(), shares_services=True)
    return render(request, "entitlements/usage.html", context)


@require_safe
@require_permission(ROLE_TABLE, EntitlementPermission.VIEW_OWN)
def own_usage_trend(request: PortalRequest) -> HttpResponse:
    """Redirect to the trend on the page of the organisation's own usage, which had a page of its own."""
    return redirect(_build_trend_url(request, reverse("usage")))


def _build_trend_url(request: PortalRequest, page: str) -> str:
    return f"{build_list_url(page, request.GET.dict())}#trend"


@require_customer_viewing_permission
def usage_of_customers(request: PortalRequest) -> HttpResponse:
    """Show the use of all customers together, those whose use stands out, and a list of all; for htmx only the list.

    The sums are stored, and indexes find the customers, so the page's cost does not grow with their number.
    """
    listing = CustomerUsageList(request.actor, request.GET)
    return render_list_page(
        request,
        listing,
        page_template="entitlements/usage_of_customers.html",
        list_template="entitlements/customer_usage_list.html#list",
        context={} if request.htmx else _make_context_of_all(request, listing.numbers),
    )


def _make_context_of_all(request: PortalRequest, numbers: PortfolioTotals) -> dict[str, Any]:
    """Return what stands above the list: the trend of all, and two rankings, of which `top` in the URL names the one
    of which more is shown."""
    actor, top = request.actor, request.GET.get("top", "")
    months = list_portfolio_months(actor) if numbers.share_usage else []
    rankings = find_standout_customers(actor, today(), RANKED_ALL if top in ("changed", "filling") else RANKED)
    return {
        "numbers": numbers,
        "trend": make_portfolio_trend(months),
        "is_counted": bool(months),
        "usage_sharing": describe_customers_sharing_usage(numbers),
        "top": top,
        "changed": words.rank_customers_by_seat_change(_cut(rankings.changed, top == "changed")),
        "filling": words.rank_customers_by_day_seats_run_out(_cut(rankings.filling, top == "filling")),
        "as_of": formats.format_date(rankings.latest_report_day) if rankings.latest_report_day else "",
    }


def _cut(ranked: list[CustomerSeatChange], is_whole: bool) -> list[CustomerSeatChange]:
    return ranked if is_whole else ranked[:RANKED]


def _licensing(
    request: PortalRequest, customer_id: int | None, pages: ServicePages, *, shares_services: bool
) -> dict[str, Any]:
    """Return the context of a licensing summary and its trend. `usage` is None before the first report.

    Where the customer does not share its services, licences are those of its latest report.
    """
    actor = request.actor
    usage = get_customer_usage(actor, customer_id)
    entitlements = list_customer_services(actor, customer_id)
    anomalies = list_open_anomalies(actor, customer_id)
    attention = words.list_anomaly_attention_items(anomalies, pages.usage)
    attention += list_service_attention_items(entitlements, pages)
    calm = _describe_calm(is_reported=usage is not None, shares_services=shares_services)
    if usage is None:
        return {"usage": None, "attention": attention, "calm": calm}
    trend = UsageTrendPage(actor, customer_id, usage, request.GET, entitlements if shares_services else None)
    uses = find_latest_use_by_sku(trend.uses_by_day, usage.as_of - RECENT)
    values = list_renewal_values(actor, entitlements)
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
        "calm": calm,
        "proposals": make_proposal_rows(entitlements, trend.uses_by_month, values),
        "trend": trend,
    }


def _describe_calm(*, is_reported: bool, shares_services: bool) -> str:
    """Return the words where nothing needs attention: about what is reported and shared alone, "" if neither is."""
    if not shares_services:
        return _("No unusual usage was found.") if is_reported else ""
    if not is_reported:
        return _("Nothing ends in the next 90 days, and no limit is exceeded.")
    return _("Nothing ends in the next 90 days, no limit is exceeded, and usage is normal.")
