"""The panel on the page of a partner that shows how it was activated, and where the vendor decides on it."""

from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.activation import find_founding_link
from entitlements.rows.activations import build_activation_row, build_activation_steps
from partnerportal.lib.actors import Actor
from partnerportal.lib.parts import PagePart


def build_onboarding_part(actor: Actor, partner_id: int) -> list[PagePart]:
    """Return the panel of a partner that came by an activation link, for the distributor above it and the vendor.

    It is there for as long as the link is kept.
    """
    link = find_founding_link(actor, partner_id)
    if link is None:
        return []
    context = {
        "activation": build_activation_row(actor, link),
        "steps": build_activation_steps(link),
        "may_confirm": ROLE_TABLE[EntitlementPermission.CONFIRM_PARTNERS].check_actor(actor),
    }
    return [PagePart("entitlements/parts/onboarding_panel.html", context)]
