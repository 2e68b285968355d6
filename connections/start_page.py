"""What this app shows on the start page: the way to invite, what to do first, and who sees a customer's data."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.queries.own_account import is_customer, sees_customers
from connections.policies import ROLE_TABLE, ConnectionPermission
from connections.queries import list_active_connections, sees_any_customer
from connections.rows import build_connected_partner_rows
from partnerportal.lib.actors import Actor
from partnerportal.lib.blocks import StartPageArea, StartPageBlock
from partnerportal.lib.first_steps import FirstStep
from partnerportal.lib.requests import PortalRequest

PARTNERS_SHOWN = 6  # partners that a customer is connected with


def _invite(request: PortalRequest) -> dict[str, Any]:
    answer = ROLE_TABLE[ConnectionPermission.SEE_INVITATION_LINK].check_actor(request.actor)
    return {"invite": answer, "variant": "primary"}


def _sees_invitation_link(actor: Actor) -> bool:
    return sees_customers(actor) and bool(ROLE_TABLE[ConnectionPermission.SEE_INVITATION_LINK].check_actor(actor))


def _has_customer(request: PortalRequest) -> bool:
    return sees_any_customer(request.actor)


def _may_connect(actor: Actor) -> bool:
    return is_customer(actor) and bool(ROLE_TABLE[ConnectionPermission.ACCEPT].check_actor(actor))


def _has_partner(request: PortalRequest) -> bool:
    return list_active_connections(request.actor).exists()


FIRST_STEPS = (
    FirstStep(
        label=_("Invite your first customer"),
        icon="user-plus",
        url_name="invite",
        action=_("Get link"),
        order=10,
        seen_by=_sees_invitation_link,
        is_done=_has_customer,
    ),
    FirstStep(
        label=_("Open the invitation link from your partner to connect"),
        icon="link",
        url_name="connected_partners",
        action=_("View partners"),
        order=50,
        seen_by=_may_connect,
        is_done=_has_partner,
    ),
)


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
        order=30,
        template="connections/start_page/partners.html",
        context=_partners,
        seen_by=is_customer,
    ),
)
