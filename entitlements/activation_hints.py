"""What a new partner is told until its programme membership is confirmed."""

from django.utils.translation import gettext as _

from accounts.models import OrganizationKind
from accounts.queries import sees_customers
from entitlements.queries.activation import find_own_activation_link
from partnerportal.lib.actors import Actor


def awaits_membership(actor: Actor) -> bool:
    """Return whether the actor's organisation may be a new partner that is not a member of any programme yet."""
    return actor.organization_kind == OrganizationKind.PARTNER and not sees_customers(actor)


def describe_awaited_membership(actor: Actor) -> str:
    """Return what a new partner waits for and from whom, or "" for any other organisation."""
    link = find_own_activation_link(actor) if awaits_membership(actor) else None
    if link is None or link.program is None:
        return ""
    text = _(
        "You were invited by %(sender)s to join %(program)s. The vendor now confirms your membership; your customer "
        "dashboard and your invitation link open then, and your Admins get an email."
    )
    return text % {"sender": link.sender_name, "program": link.program.name}
