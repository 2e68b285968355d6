"""The menu of what vendor staff do with an organisation, and what a page says when it is done."""

from dataclasses import dataclass

from django.urls import reverse

from accounts.models import Organization
from accounts.organization_actions import ORGANIZATION_ACTIONS, OrganizationAction
from accounts.policies import ROLE_TABLE
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.policies import ActionDenied


@dataclass(frozen=True)
class OrganizationActionMenuItem:
    """An entry in the menu of actions. `reason` says why the reader may not do it; "" if they may."""

    name: str  # its key in ORGANIZATION_ACTIONS
    label: Message
    icon: str
    url: str
    is_danger: bool
    reason: Message


def list_organization_action_menu_items(actor: Actor, organization: Organization) -> list[OrganizationActionMenuItem]:
    """Return the menu entries for what is possible with the organisation as it is, also what the actor may not do.

    They stand in the order of the table, and what is dangerous after all others.
    """
    items = []
    for name, action in ORGANIZATION_ACTIONS.items():
        if action.check_possible(organization):
            url = reverse(f"organization_{name}", args=[organization.public_id])
            answer = ROLE_TABLE[action.permission].check_actor(actor)
            reason = answer.message if isinstance(answer, ActionDenied) else ""
            items.append(OrganizationActionMenuItem(name, action.label, action.icon, url, action.is_danger, reason))
    return sorted(items, key=lambda item: item.is_danger)


def find_common_refusal(items: list[OrganizationActionMenuItem]) -> Message:
    """Return the reason for which all of these entries are refused, or "" if one is allowed or reasons differ."""
    reasons = {str(item.reason) for item in items}
    return reasons.pop() if len(reasons) == 1 else ""


def format_organization_success_message(action: OrganizationAction, organization: Organization) -> str:
    """Return the message that is shown after an action on an organisation. It names the organisation."""
    return str(action.done) % {"name": organization.name}
