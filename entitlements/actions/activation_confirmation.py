"""The action by which the vendor's staff confirm a new partner that an activation link has brought."""

import datetime as dt

from django.db import transaction

from accounts.actions.locking import lock_organization
from accounts.actions.organizations import grant_membership
from accounts.models import Program, ProgramMembership
from entitlements.events import EntitlementEventKind
from entitlements.models import ActivationLink
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.errors import NotFound
from partnerportal.lib.policies import authorize
from partnerportal.lib.states import make_state_changed_error


@transaction.atomic
def confirm_activated_partner(
    *, actor: Actor, activationlink: ActivationLink, program: Program, ends_on: dt.date | None = None
) -> ProgramMembership:
    """Confirm a new partner, as vendor staff: its programme membership begins today (UTC); return the membership.

    Its dashboard and invitation link are open from then on. `program` may be another than the one that was asked for,
    and `ends_on` is the membership's last day. Raises NotFound for an unknown link, and Conflict("state_changed") for
    one that is not accepted, or whose partner is a member already.
    """
    authorize(actor, ROLE_TABLE, EntitlementPermission.CONFIRM_PARTNERS)
    rows = ActivationLink.objects.visible_to(actor).of_kind(ActivationLink.Kind.PARTNER)
    link = rows.filter(pk=activationlink.pk).select_related("account").first()
    if link is None:
        raise NotFound("not_found", "")
    if link.account is None:
        raise make_state_changed_error()
    partner = lock_organization(actor, link.account)  # one confirms at a time
    if ProgramMembership.objects.filter(organization=partner).exists():
        raise make_state_changed_error()
    membership = grant_membership(
        actor=actor, organization=partner, program=program, starts_on=today(), ends_on=ends_on
    )
    kind, data = EntitlementEventKind.PARTNER_CONFIRMED, {"program": program.name, "name": partner.name}
    record_event(kind, actor=actor, subject=link, counterpart=partner, data=data)
    return membership
