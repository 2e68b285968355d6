"""The contexts of the first page, for each kind of organisation."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import queries as accounts
from accounts.models import Organization
from connections import queries as connections
from connections.policies import ROLE_TABLE as CONNECTIONS
from connections.policies import ConnectionPermission
from entitlements import queries, rows
from notifications import queries as notifications
from notifications.rows import notice_rows
from partnerportal.lib.actors import Actor
from partnerportal.lib.requests import PortalRequest

CUSTOMERS_SHOWN = 6  # customers that need attention
NOTICES_SHOWN = 5  # latest notices
PARTNERS_SHOWN = 6  # partners that a customer is connected with


def organization_of(request: PortalRequest) -> Organization:
    """Return the organisation acted for, which the middleware has read already."""
    organization: Organization = request.operator.organization
    return organization


def of_others(request: PortalRequest) -> dict[str, Any]:
    """Return the context for any organisation: itself, and its latest notices."""
    actor = request.actor
    latest = notifications.inbox(actor).open().filter(is_wanted=True)[:NOTICES_SHOWN]
    return {"organization": organization_of(request), "notices": notice_rows(actor, latest)}


def of_partner(request: PortalRequest) -> dict[str, Any]:
    """Return the context for a partner: the numbers of its customers, and those that need attention.

    Before the first customer there are the first steps instead.
    """
    actor = request.actor
    numbers = queries.portfolio(actor)
    invite = CONNECTIONS[ConnectionPermission.SEE_INVITATION_LINK].check(actor)
    context = of_others(request) | {"numbers": numbers, "invite": invite}
    if numbers.customers:
        listings = queries.needing_attention(actor, CUSTOMERS_SHOWN)
        return context | {"attention": rows.attention_of_customers(listings)}
    return context | {"steps": _first_steps(actor, context["organization"], can_invite=bool(invite))}


def _first_steps(actor: Actor, organization: Organization, *, can_invite: bool) -> list[dict[str, Any]]:
    admins = [operator for operator in accounts.operators(actor) if operator.is_admin]
    complete = bool(organization.street and organization.city and organization.contact_email)
    steps = [
        {
            "label": _("Complete your account details"),
            "icon": "building",
            "url": reverse("account_details"),
            "action": _("Open the account"),
            "is_done": complete,
        },
        {
            "label": _("Have a second Admin, so that nobody is locked out"),
            "icon": "users",
            "url": reverse("operators"),
            "action": _("Open the operators"),
            "is_done": len(admins) > 1,
        },
    ]
    if can_invite:
        invite = {
            "label": _("Invite your first customer"),
            "icon": "user-plus",
            "url": reverse("invite"),
            "action": _("Get the link"),
            "is_done": False,
        }
        steps.insert(0, invite)
    return steps


def of_customer(request: PortalRequest) -> dict[str, Any]:
    """Return the context for a customer: who sees its data (CC-12), and what ends soon."""
    actor = request.actor
    entitlements = queries.services(actor, actor.organization_id)
    sections = {section.key: section.rows for section in rows.service_sections(entitlements)}
    partners = list(connections.connections(actor).active()[: PARTNERS_SHOWN + 1])  # type: ignore[attr-defined]
    return of_others(request) | {
        "partners": partners[:PARTNERS_SHOWN],
        "has_more_partners": len(partners) > PARTNERS_SHOWN,
        "attention": rows.attention_of_services(entitlements),
        "running_count": len(sections["active"]),
        "trial_count": len(sections["active_trials"]),
        "pending_count": len(sections["pending_trials"]),
    }
