"""What this app shows on the start page: customers in numbers or one's own services, and what needs attention."""

from typing import Any

from django.utils.translation import gettext as _

from accounts.models import OrganizationKind
from accounts.queries import is_customer, sees_customers
from entitlements.activation_hints import awaits_membership, describe_awaited_membership
from entitlements.models import UnusualUse
from entitlements.queries.customers import (
    find_customers_needing_attention,
    get_portfolio_totals,
    list_customer_services,
)
from entitlements.queries.usage import find_latest_usage_report_day
from entitlements.rows.customers import (
    list_customer_attention_items,
    list_service_attention_items,
    make_seat_usage_bar,
    make_service_sections,
)
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.blocks import StartPageArea, StartPageBlock
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.rows import AttentionItem

CUSTOMERS_SHOWN = 6  # customers that need attention


def _customers(request: PortalRequest) -> dict[str, Any] | None:
    """Return all customers in numbers and those to look after; nothing before the first one."""
    numbers = get_portfolio_totals(request.actor)
    if not numbers.customers:
        return None
    listings = find_customers_needing_attention(request.actor, CUSTOMERS_SHOWN)
    calm = _("Nothing ends in the next 30 days, and no limit is exceeded.")
    falling = numbers.unusual.get(UnusualUse.FALLING, 0)
    as_of = find_latest_usage_report_day(request.actor, UnusualUse.FALLING) if falling else None
    use = {"falling": falling, "as_of": formats.format_date(as_of) if as_of else ""}
    return {"numbers": numbers} | use | _attention(list_customer_attention_items(listings), calm)


def _own_services(request: PortalRequest) -> dict[str, Any]:
    """Return how many services the customer has, and which of them to act on."""
    actor = request.actor
    entitlements = list_customer_services(actor, actor.organization_id)
    sections = {section.key: section.rows for section in make_service_sections(entitlements)}
    counts = {
        "running_count": len(sections["active"]),
        "trial_count": len(sections["active_trials"]),
        "pending_count": len(sections["pending_trials"]),
    }
    calm = _("Nothing ends in the next 90 days, and no limit is exceeded.")
    return counts | _attention(list_service_attention_items(entitlements), calm)


def _own_licences(request: PortalRequest) -> dict[str, Any] | None:
    """Return the services that run of those that an organisation has though it is no customer, or None without any.

    They have no entry in the menu, for which every page would have to ask: the account details lead to them too.
    """
    entitlements = list_customer_services(request.actor, request.actor.organization_id)
    if not entitlements:
        return None
    sections = {section.key: section.rows for section in make_service_sections(entitlements)}
    return {"usage": make_seat_usage_bar(entitlements), "running": sections["active"] + sections["active_trials"]}


def _awaited_membership(request: PortalRequest) -> dict[str, Any] | None:
    """Return what a new partner waits for, and whom it may ask; nothing for any other organisation."""
    awaited = describe_awaited_membership(request.actor)
    return {"awaited": awaited, "organization": request.operator.organization} if awaited else None


def _attention(items: list[AttentionItem], calm: str) -> dict[str, Any]:
    return {"title": _("Needs attention"), "attention": items, "none": calm}


def may_hold_own_licences(actor: Actor) -> bool:
    """Return whether the actor's organisation may hold licences itself, although it is not a customer."""
    return actor.organization_kind in (
        OrganizationKind.DISTRIBUTOR,
        OrganizationKind.PARTNER,
        OrganizationKind.PUBLISHER,
    )


BLOCKS = (
    StartPageBlock(
        area=StartPageArea.WORK,
        order=5,
        template="entitlements/start_page/awaited.html",
        context=_awaited_membership,
        seen_by=awaits_membership,
    ),
    StartPageBlock(
        area=StartPageArea.STRIP,
        order=10,
        template="entitlements/start_page/customers.html",
        context=_customers,
        seen_by=sees_customers,
    ),
    StartPageBlock(
        area=StartPageArea.WORK, order=20, template="ui/attention.html", context=_customers, seen_by=sees_customers
    ),
    StartPageBlock(
        area=StartPageArea.STRIP,
        order=10,
        template="entitlements/start_page/services.html",
        context=_own_services,
        seen_by=is_customer,
    ),
    StartPageBlock(
        area=StartPageArea.WORK, order=20, template="ui/attention.html", context=_own_services, seen_by=is_customer
    ),
    StartPageBlock(
        area=StartPageArea.WORK,
        order=40,
        template="entitlements/start_page/own_licences.html",
        context=_own_licences,
        seen_by=may_hold_own_licences,
    ),
)
