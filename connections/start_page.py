"""What this app shows on the start page: the way to invite, how a partner begins, and who sees a customer's data."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Organization
from accounts.queries.operators import list_operators
from accounts.queries.own_account import is_customer, sees_customers
from connections.policies import ROLE_TABLE, ConnectionPermission
from connections.queries import list_active_connections, sees_any_customer
from connections.rows import build_connected_partner_rows
from partnerportal.lib.actors import Actor
from partnerportal.lib.blocks import StartPageArea, StartPageBlock
from partnerportal.lib.requests import PortalRequest

PARTNERS_SHOWN = 6  # partners that a customer is connected with


def _invite(request: PortalRequest) -> dict[str, Any]:
    answer = ROLE_TABLE[ConnectionPermission.SEE_INVITATION_LINK].check_actor(request.actor)
    return {"invite": answer, "variant": "primary"}


def _first_steps(request: PortalRequest) -> dict[str, Any] | None:
    """Return what is to be done before the first customer, and nothing once there is one."""
    actor = request.actor
    if sees_any_customer(actor):
        return None
    steps = _account_steps(actor, request.operator.organization)
    if ROLE_TABLE[ConnectionPermission.SEE_INVITATION_LINK].check_actor(actor):
        steps.insert(0, _step(_("Invite your first customer"), "user-plus", "invite", _("Get link"), is_done=False))
    return {"steps": steps}


def _account_steps(actor: Actor, organization: Organization) -> list[dict[str, Any]]:
    admins = [operator for operator in list_operators(actor) if operator.is_admin]
    is_complete = bool(organization.street and organization.city and organization.contact_email)
    complete = _("Complete your account details")
    second_admin = _("Add a second Admin, so that nobody is locked out")
    return [
        _step(complete, "building", "account_details", _("Open account details"), is_done=is_complete),
        _step(second_admin, "users", "operators", _("Open operators"), is_done=len(admins) > 1),
    ]


def _step(label: str, icon: str, url_name: str, action: str, *, is_done: bool) -> dict[str, Any]:
    return {"label": label, "icon": icon, "url": reverse(url_name), "action": action, "is_done": is_done}


def _partners(request: PortalRequest) -> dict[str, Any]:
    """Return who sees the customer's data (CC-12), the latest connection first.

    A partner whose membership is not active is among them: with the next one it sees the data again.
    """
    partners = list(list_active_connections(request.actor).order_by("-connected_at", "-pk")[: PARTNERS_SHOWN + 1])
    return {
        "partners": build_connected_partner_rows(partners[:PARTNERS_SHOWN]),
        "has_more_partners": len(partners) > PARTNERS_SHOWN,
    }


BLOCKS = (
    StartPageBlock(
        area=StartPageArea.ACTIONS,
        order=10,
        template="connections/parts/invite.html",
        context=_invite,
        seen_by=sees_customers,
    ),
    StartPageBlock(
        area=StartPageArea.WORK,
        order=10,
        template="connections/start_page/steps.html",
        context=_first_steps,
        seen_by=sees_customers,
    ),
    StartPageBlock(
        area=StartPageArea.WORK,
        order=30,
        template="connections/start_page/partners.html",
        context=_partners,
        seen_by=is_customer,
    ),
)
