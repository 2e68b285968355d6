"""The rows of the pages of operators and of their invitations, ready for the templates."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actions.operator_mails import name_roles
from accounts.filters.operators import INVITATION_STEPS
from accounts.models import Operator, OperatorInvitation, Organization, Role
from accounts.policies import ROLE_TABLE, AccountPermission
from accounts.queries.operator_invitations import find_verified_addresses, has_account
from accounts.queries.operators import count_admins
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.policies import ActionDenied
from partnerportal.lib.roles import SEE_FINANCE

STEP_TONES = {"sent": "info", "opened": "info", "bounced": "bad", "ended": "warn", "accepted": "ok", "withdrawn": ""}


@dataclass(frozen=True)
class OperatorRow:
    """One operator on the operators page.

    `no_change` and `no_removal` say why the roles may not be changed or the operator removed; empty if they may.
    """

    public_id: UUID
    name: str
    email: str
    roles: list[str]
    is_granted_finance: bool  # whether they see orders and prices of customers though their roles do not say so
    sees_finance: bool
    last_sign_in: str  # "" if they have never signed in
    has_second_factor: bool
    since: str
    is_me: bool
    no_change: Message
    no_removal: Message


def build_operator_rows(actor: Actor, operators: Iterable[Operator]) -> list[OperatorRow]:
    """Return an OperatorRow for each operator, with what the actor may do to it (CV-14, CV-17, E-5).

    The operators are annotated as those of `list_operators_with_sign_in`.
    """
    is_one_admin = count_admins(actor) == 1
    return [_row(actor, o, o.is_admin and o.person.is_active and is_one_admin) for o in operators]


def _row(actor: Actor, operator: Any, is_last_admin: bool) -> OperatorRow:
    no_removal = _refusal(actor, AccountPermission.REMOVE_OPERATORS, operator)
    seen_at = operator.person.last_login
    return OperatorRow(
        public_id=operator.public_id,
        name=str(operator.person),
        email=operator.person.email,
        roles=[str(Role(role).label) for role in operator.roles],
        is_granted_finance=operator.finance_granted and SEE_FINANCE.isdisjoint(operator.roles),
        sees_finance=operator.sees_finance,
        last_sign_in=formats.format_date(seen_at) if seen_at else "",
        has_second_factor=operator.has_second_factor,
        since=formats.format_date(operator.created_at),
        is_me=operator.person_id == actor.person_id,
        no_change=_refusal(actor, AccountPermission.CHANGE_ROLES, operator),
        no_removal=no_removal or (_("The only Admin can’t be removed.") if is_last_admin else ""),
    )


def list_granted_names(operator: Operator) -> list[str]:
    """Return the names of an operator's roles, and of the finance sight that was granted to them."""
    names = [str(Role(role).label) for role in operator.roles]
    return names + [_("May see customers’ orders and prices")] * operator.finance_granted


def _refusal(actor: Actor, permission: AccountPermission, operator: Operator) -> Message:
    """Return why the actor may not do this to the operator, or nothing if they may."""
    answer = ROLE_TABLE[permission].check_actor(actor, operator)
    return answer.message if isinstance(answer, ActionDenied) else ""


@dataclass(frozen=True)
class OperatorInvitationRow:
    """One invitation on the tab Pending: `step` says how far it has come, and `tone` how good that is.

    With `may_send` it can be sent again, copied and withdrawn: it is open, and the actor may invite.
    """

    public_id: UUID
    email: str
    roles: str
    has_finance: bool
    sent: str
    ends: str
    step: Message
    tone: str
    step_since: str
    may_send: bool


def build_operator_invitation_rows(
    actor: Actor, invitations: Iterable[OperatorInvitation]
) -> list[OperatorInvitationRow]:
    """Return an OperatorInvitationRow for each invitation."""
    may_invite = bool(ROLE_TABLE[AccountPermission.INVITE_OPERATORS].check_actor(actor))
    return [_invitation_row(invitation, may_invite) for invitation in invitations]


def _invitation_row(invitation: OperatorInvitation, may_invite: bool) -> OperatorInvitationRow:
    step, since = _find_step(invitation)
    return OperatorInvitationRow(
        public_id=invitation.public_id,
        email=invitation.email,
        roles=name_roles(invitation.roles),
        has_finance=invitation.finance_granted,
        sent=formats.format_date(invitation.created_at),
        ends=formats.format_date(invitation.expires_at),
        step=INVITATION_STEPS[step],
        tone=STEP_TONES[step],
        step_since=formats.format_date(since),
        may_send=may_invite and invitation.state == OperatorInvitation.State.OPEN,
    )


def _find_step(invitation: OperatorInvitation) -> tuple[str, Any]:
    """Return how far an invitation has come, one of INVITATION_STEPS, and since when."""
    if invitation.state == OperatorInvitation.State.ACCEPTED:
        return "accepted", invitation.closed_at
    if invitation.state == OperatorInvitation.State.REVOKED:
        return "withdrawn", invitation.closed_at
    if invitation.is_expired:
        return "ended", invitation.expires_at
    if invitation.bounced_at:
        return "bounced", invitation.bounced_at
    if invitation.opened_at:
        return "opened", invitation.opened_at
    return "sent", invitation.created_at


@dataclass(frozen=True)
class InvitationPageContent:
    """What the page of an invitation shows whoever opens it.

    `state` is "unopened" until Continue is pressed, then "sign_in", "other_person" for somebody who is signed in
    without the invited address, and "accept" for the person that it is for.
    """

    state: str
    email: str
    own_email: str  # the address with which the reader is signed in, or ""
    roles: str
    has_finance: bool
    ends: str
    kind: Message
    has_account: bool  # whether somebody has an account with the invited address
    acts_already: bool


def build_invitation_page_content(
    actor: Actor, operators: Iterable[Operator], invitation: OperatorInvitation, organization: Organization
) -> InvitationPageContent:
    """Return what the page of a live invitation shows the actor, whose operators are given."""
    own = [] if actor.is_anonymous else find_verified_addresses(actor)
    is_theirs = invitation.email in own
    state = "accept" if is_theirs else "unopened"
    if invitation.opened_at and not is_theirs:
        state = "sign_in" if actor.is_anonymous else "other_person"
    return InvitationPageContent(
        state=state,
        email=invitation.email,
        own_email=own[0] if own else "",
        roles=name_roles(invitation.roles),
        has_finance=invitation.finance_granted,
        ends=formats.format_date(invitation.expires_at),
        kind=organization.get_kind_display(),
        has_account=has_account(invitation.email),
        acts_already=any(operator.organization_id == organization.pk for operator in operators),
    )


def build_operator_tabs(current: str, waiting: int) -> list[dict[str, Any]]:
    """Return the two tabs of Settings > Operators for `c-tabs`: "operators", and "pending_operators" with its count."""
    labels = {"operators": _("Operators"), "pending_operators": _("Pending")}
    return [
        {
            "url": reverse(name),
            "label": label,
            "count": waiting if name == "pending_operators" and waiting else None,
            "is_current": name == current,
        }
        for name, label in labels.items()
    ]
