"""Pages of partners for their distributor and the vendor, and of distributors for the vendor (CV-3, CV-8, CV-9)."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.models import OrganizationKind
from accounts.policies import ROLE_TABLE as ACCOUNTS
from accounts.policies import AccountPermission
from connections.timeline import build_activity_rows
from entitlements.lists.partners import DistributorList, PartnerList
from entitlements.onboarding_part import build_onboarding_part
from entitlements.partner_imports import DISTRIBUTOR_MANAGERS, PARTNER_MANAGERS
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.partners import (
    get_partner,
    get_partner_account,
    list_partner_events,
    list_partner_memberships,
    list_programs,
    sum_months_of_partner,
)
from entitlements.queries.usage import list_usage_trend_months
from entitlements.rows.partner_page import draw_partner_chart, list_partner_attention_items, make_membership_rows
from entitlements.rows.partners import make_partner_table_rows
from partnerportal.lib.days import today
from partnerportal.lib.imports.bulk import list_bulk_buttons
from partnerportal.lib.pages import render_list_page, require_permission
from partnerportal.lib.requests import PortalRequest

CHART_RANGE = "13m"  # of the chart: this month and the twelve before
EVENTS_SHOWN = 10


@require_safe
@require_permission(ROLE_TABLE, EntitlementPermission.VIEW_PARTNERS)
def partner_list(request: PortalRequest) -> HttpResponse:
    """Show the page of a distributor's partners, or of all partners to the vendor; for htmx only its list."""
    return _render(request, PartnerList(request.actor, request.GET))


@require_safe
@require_permission(ROLE_TABLE, EntitlementPermission.VIEW_DISTRIBUTORS)
def distributor_list(request: PortalRequest) -> HttpResponse:
    """Show the page of all distributors to the vendor's staff, or for an htmx request only its list."""
    return _render(request, DistributorList(request.actor, request.GET))


def _render(request: PortalRequest, partners: PartnerList) -> HttpResponse:
    is_of_distributors = isinstance(partners, DistributorList)
    return render_list_page(
        request,
        partners,
        page_template="entitlements/partners.html",
        list_template="entitlements/partner_list.html#list",
        context={
            "is_of_distributors": is_of_distributors,
            "bulk_buttons": list_bulk_buttons(
                request.actor, [DISTRIBUTOR_MANAGERS if is_of_distributors else PARTNER_MANAGERS]
            ),
            "kind": "partner",
            "may_send": ROLE_TABLE[EntitlementPermission.ACTIVATE_PARTNERS].check_actor(request.actor),
            "may_register": ACCOUNTS[AccountPermission.REGISTER_ORGANIZATIONS].check_actor(request.actor),
        },
    )


@require_safe
@require_permission(ROLE_TABLE, EntitlementPermission.VIEW_PARTNERS)
def partner_page(request: PortalRequest, partner_id: UUID) -> HttpResponse:
    """Show a partner to the distributor above it: its account, badges, the sums of its customers and its activity.

    Of what the partner itself owns it shows nothing (E-15). The vendor's staff have another page of each organisation.
    """
    actor = request.actor
    partner = get_partner(actor, partner_id)
    if actor.organization_kind == OrganizationKind.VENDOR:
        return redirect("organization", partner.public_id)
    (row,) = make_partner_table_rows(actor, [partner], {}, {program.code: program.name for program in list_programs()})
    months = list_usage_trend_months(today(), CHART_RANGE)
    context = {
        "partner": partner,
        "row": row,
        "organization": get_partner_account(actor, partner),
        "attention": list_partner_attention_items(actor, partner),
        "chart": draw_partner_chart(sum_months_of_partner(actor, partner, months[0]), months),
        "memberships": make_membership_rows(list_partner_memberships(actor, partner)),
        "moments": build_activity_rows(actor, list_partner_events(actor, partner, EVENTS_SHOWN)),
        "parts": build_onboarding_part(actor, partner.pk),
    }
    return render(request, "entitlements/partner.html", context)
