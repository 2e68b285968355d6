"""The actions by which the vendor's staff confirm or decline a new partner that an activation link has brought."""

import datetime as dt

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.actions.organizations import grant_membership
from accounts.models import Organization, Program, ProgramFeature, ProgramMembership
from entitlements.events import EntitlementEventKind
from entitlements.models import ActivationLink
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.errors import InvalidInput, NotFound
from partnerportal.lib.policies import authorize
from partnerportal.lib.states import make_state_changed_error
from partnerportal.lib.text import make_single_line

REASON_LENGTH = 200  # characters of the reason why a new partner is declined
NO_DASHBOARD = _("%(program)s doesn’t include the customer dashboard. Choose a programme that does.")


@transaction.atomic
def confirm_activated_partner(
    *, actor: Actor, activationlink: ActivationLink, program: Program, ends_on: dt.date | None = None
) -> ProgramMembership:
    """Confirm a new partner, as vendor staff: its programme membership begins today (UTC); return the membership.

    Its dashboard and invitation link are open from then on. `program` may be another than the one that was asked for,
    if it opens them too, and `ends_on` is the membership's last day. Raises NotFound for an unknown link,
    InvalidInput("program") for a programme without the customer dashboard, and Conflict("state_changed") for a link
    that is not accepted, and for a partner that is declined or a member already.
    """
    authorize(actor, ROLE_TABLE, EntitlementPermission.CONFIRM_PARTNERS)
    link, partner = _lock_waiting(actor, activationlink)
    if ProgramFeature.CUSTOMER_DASHBOARD not in program.grants:
        raise InvalidInput("program", NO_DASHBOARD % {"program": program.name}, field="program")
    membership = grant_membership(
        actor=actor, organization=partner, program=program, starts_on=today(), ends_on=ends_on, is_confirmation=True
    )
    kind, data = EntitlementEventKind.PARTNER_CONFIRMED, {"program": program.name, "name": partner.name}
    record_event(kind, actor=actor, subject=link, counterpart=partner, data=data)
    return membership


@transaction.atomic
def decline_activated_partner(*, actor: Actor, activationlink: ActivationLink, reason: str) -> ActivationLink:
    """Decline a new partner, as vendor staff, so that it no longer waits; return the link as stored.

    The organisation stays, without a programme, and reads the reason, as whoever has invited it does. A membership can
    still be granted later. Raises NotFound for an unknown link, InvalidInput("reason_required") for a reason that is
    empty or too long, and Conflict("state_changed") for a link that is not accepted, and for a partner that is declined
    or a member already.
    """
    authorize(actor, ROLE_TABLE, EntitlementPermission.CONFIRM_PARTNERS)
    reason = make_single_line(reason)
    if not reason or len(reason) > REASON_LENGTH or "\0" in reason:
        raise InvalidInput(
            "reason_required",
            _("Enter a reason of at most %(most)s characters.") % {"most": REASON_LENGTH},
            field="reason",
        )
    link, partner = _lock_waiting(actor, activationlink)
    with connection.cursor() as cursor:
        cursor.execute("SELECT decline_activated_partner(%s, %s)", [link.pk, reason])
    link.refresh_from_db()
    data = {"program": link.program.name if link.program else "", "name": partner.name}
    kind = EntitlementEventKind.PARTNER_DECLINED
    record_event(kind, actor=actor, subject=link, counterpart=partner, data=data, note=reason)
    return link


def _lock_waiting(actor: Actor, activationlink: ActivationLink) -> tuple[ActivationLink, Organization]:
    """Return a link whose partner waits for a decision, and the partner, whose row is locked: one decides at a time."""
    rows = ActivationLink.objects.visible_to(actor).of_kind(ActivationLink.Kind.PARTNER).filter(pk=activationlink.pk)
    link = rows.first()
    if link is None:
        raise NotFound("not_found", "")
    if link.account_id is None:
        raise make_state_changed_error()
    partner = Organization.objects.select_for_update(of=("self",)).get(pk=link.account_id)
    link = rows.select_related("program").get()  # as it is since the lock is held
    if link.declined_at or ProgramMembership.objects.filter(organization=partner).exists():
        raise make_state_changed_error()
    return link, partner
