"""Actions on invitations of operators: send, send again, copy the link, withdraw, open, accept, remind, delete."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts import policies
from accounts.actions.operator_mails import build_invitation_url, queue_invitation_mail, queue_operator_mail
from accounts.actions.operators import order_roles
from accounts.events import AccountEventKind
from accounts.models import Operator, OperatorInvitation, OperatorInvitationToken, Organization, Person
from accounts.policies import ROLE_TABLE, AccountPermission
from accounts.queries.operator_invitations import (
    as_invited_person,
    find_verified_addresses,
    get_operator_invitation_of_token,
)
from accounts.work_addresses import check_work_address
from notifications.actions.recording import record_event
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.changes import Changes, list_changes_between
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound, TooManyAttempts
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.mailed_invitations import (
    LIVE_TOKENS,
    as_invitation_holder,
    close_invitation,
    compute_invitation_end,
    delete_old_invitations,
    filter_live,
    issue_invitation_token,
    lock_invitations_to_remind,
    lock_live_invitation,
    read_invited_address,
    record_invitation_opening,
)
from partnerportal.lib.policies import authorize
from partnerportal.lib.roles import KINDS_WITH_AGENTS

DAY = dt.timedelta(days=1)
State = OperatorInvitation.State
ACTS_ALREADY = _("%(email)s already acts for %(organization)s. Change their roles in the list of operators.")
INVITED_ALREADY = _(
    "%(email)s was invited on %(day)s and has not responded yet. You can resend the invitation on the “Pending” tab."
)
TOO_MANY_INVITED = _("You have invited %(number)s people in 24 hours, which is the limit. Try again later.")
OTHER_ADDRESS = _("This invitation is for %(email)s. Sign in with that address to accept it.")
FOREIGN_MAIN_ADDRESS = _(
    "You sign in with %(main)s, which is not a work address at %(organization)s. Sign in to an account that uses "
    "%(email)s instead."
)
YOU_ACT_ALREADY = _("You already act for %(organization)s. An Admin can change your roles.")


@transaction.atomic
def invite_operator(
    *, actor: Actor, email: str, roles: Iterable[str], finance_granted: bool = False
) -> OperatorInvitation:
    """Invite somebody by their work address to act for the actor's organisation; return the invitation (CV-18…CV-20).

    A mail with the link is queued. Raises InvalidInput("email") for what is no address, whatever `check_work_address`
    raises for one that is no work address of the organisation, InvalidInput("roles") for no role or one that the
    organisation does not have, Conflict("operator_already") or Conflict("invited_already") for somebody who acts for it
    or has an invitation that has not ended, and TooManyAttempts beyond INVITED_A_DAY in 24 hours.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.INVITE_OPERATORS)
    organization = _own_organization(actor)
    email, wanted = read_invited_address(email), order_roles(organization, roles)
    check_work_address(organization, email)
    acquire_lock(AdvisoryLock.INVITATIONS, organization.pk)
    _refuse_known(actor, organization, email)
    _keep_to_the_limit(actor)
    invitation = OperatorInvitation(
        organization=organization,
        email=email,
        language=get_language() or "en",
        person_id=actor.person_id,
        roles=wanted,
        finance_granted=finance_granted and organization.kind in KINDS_WITH_AGENTS,
        expires_at=compute_invitation_end(),
    )
    invitation.save(force_insert=True)
    queue_invitation_mail(invitation, organization, issue_invitation_token(invitation))
    _record(AccountEventKind.OPERATOR_INVITED, actor, invitation)
    return invitation


def _own_organization(actor: Actor) -> Organization:
    return Organization.objects.visible_to(actor).get(pk=actor.organization_id)  # type: ignore[misc]


def _refuse_known(actor: Actor, organization: Organization, email: str) -> None:
    """Raise Conflict for an address whose person acts for the organisation, or has an invitation that has not ended."""
    proved = EmailAddress.objects.filter(email=email.lower(), verified=True).values("user_id")
    operators = Operator.objects.visible_to(actor).filter(organization=organization)
    names = {"email": email, "organization": organization}
    if operators.filter(Q(person__email=email) | Q(person__in=proved)).exists():
        raise Conflict("operator_already", ACTS_ALREADY % names, field="email")
    invited = filter_live(OperatorInvitation.objects.visible_to(actor)).filter(email=email).first()
    if invited:
        day = formats.format_date(invited.created_at)
        raise Conflict("invited_already", INVITED_ALREADY % {"email": email, "day": day}, field="email")


def _keep_to_the_limit(actor: Actor) -> None:
    sent = OperatorInvitation.objects.visible_to(actor).filter(
        person_id=actor.person_id, created_at__gt=timezone.now() - DAY
    )
    if sent.count() >= policies.INVITED_A_DAY:
        raise TooManyAttempts("too_many_invitations", TOO_MANY_INVITED % {"number": policies.INVITED_A_DAY})


def _record(kind: AccountEventKind, actor: Actor, invitation: OperatorInvitation) -> None:
    """Record an event about an invitation; what it grants stands with the one that says whom it was sent to."""
    is_new = kind == AccountEventKind.OPERATOR_INVITED
    record_event(kind, actor=actor, subject=invitation, changes=_list_granted(invitation) if is_new else None)


def _list_granted(invitation: OperatorInvitation) -> Changes:
    granted = {"roles": invitation.roles, "finance_granted": invitation.finance_granted}
    return list_changes_between({}, granted)


@transaction.atomic
def resend_operator_invitation(*, actor: Actor, invitation: OperatorInvitation) -> OperatorInvitation:
    """Mail an invitation again, with one more link, and let it end later; return the invitation.

    Earlier links go on working, unless the invitation had ended. Raises what `invite_operator` raises for an address
    that may not be invited any more, Conflict("too_many_links") when it has LIVE_TOKENS links, and
    Conflict("state_changed") when it was accepted or withdrawn.
    """
    organization, row = _authorize_own(actor, invitation)
    check_work_address(organization, row.email)
    token = issue_invitation_token(row)
    if row.bounced_at:
        row.bounced_at = None
        row.save(update_fields=["bounced_at"])
    queue_invitation_mail(row, organization, token)
    _record(AccountEventKind.OPERATOR_INVITED_AGAIN, actor, row)
    return row


@transaction.atomic
def create_operator_invitation_link(*, actor: Actor, invitation: OperatorInvitation) -> str:
    """Add a link to an invitation, to be sent by other means than the portal's mail; return the URL.

    Nobody can read it again. The invitation ends later, and earlier links go on working, unless it had ended. Raises
    what `resend_operator_invitation` raises.
    """
    organization, row = _authorize_own(actor, invitation)
    check_work_address(organization, row.email)
    token = issue_invitation_token(row)
    _record(AccountEventKind.OPERATOR_LINK_COPIED, actor, row)
    return build_invitation_url(token)


@transaction.atomic
def withdraw_operator_invitation(*, actor: Actor, invitation: OperatorInvitation) -> OperatorInvitation:
    """Withdraw an invitation, all of whose links stop working at once; return the invitation.

    Raises Conflict("state_changed") when it was accepted or withdrawn already.
    """
    _organization, row = _authorize_own(actor, invitation)
    row = close_invitation(row, State.REVOKED)
    _record(AccountEventKind.OPERATOR_INVITATION_WITHDRAWN, actor, row)
    return row


def _authorize_own(actor: Actor, invitation: OperatorInvitation) -> tuple[Organization, OperatorInvitation]:
    """Return the actor's organisation and the invitation, if the organisation sent it and the actor may invite."""
    authorize(actor, ROLE_TABLE, AccountPermission.INVITE_OPERATORS)
    row = OperatorInvitation.objects.visible_to(actor).filter(pk=invitation.pk).first()
    if row is None:
        raise NotFound("not_found", "")
    return _own_organization(actor), row


@transaction.atomic
def open_operator_invitation(*, actor: Actor, token: str) -> None:
    """Record that whoever holds the token went on from the page of the invitation. Anybody may, signed in or not.

    Raises NotFound("unknown_invitation") for a token that leads to no live invitation.
    """
    invitation, _organization = get_operator_invitation_of_token(actor, token)
    with as_invitation_holder(actor, token):
        record_invitation_opening(invitation)


@transaction.atomic
def accept_operator_invitation(*, actor: Actor, token: str) -> Operator:
    """Make the acting person an operator of the organisation that invited them, with the invited roles; return it.

    It needs no permission: the token is enough, together with the verified address that it was sent to. The person is
    mailed, and the Admins get a notice. Of the same invitation that is accepted and withdrawn at once, the first wins.
    Raises NotFound("unknown_invitation") for a token that leads to no live invitation, ActionRefused("other_address")
    for a person without that address, ActionRefused("foreign_main_address") for one whose main address is another that
    is no work address there, InvalidInput for an address that is no work address of the organisation any more,
    and Conflict("operator_already") for somebody who acts for the organisation already.
    """
    invitation, organization = get_operator_invitation_of_token(actor, token)
    acquire_lock(AdvisoryLock.INVITATIONS, organization.pk)
    with as_invitation_holder(actor, token):
        invitation = lock_live_invitation(OperatorInvitation.objects.all(), token)
    if actor.person_id is None or invitation.email not in find_verified_addresses(actor):
        raise ActionRefused("other_address", OTHER_ADDRESS % {"email": invitation.email})
    with as_invited_person(actor, organization, token):  # the database checks the token, the address and the roles too
        if not Organization.objects.filter(pk=organization.pk).exists():  # suspended since it was read
            raise NotFound("unknown_invitation", "")
        check_work_address(organization, invitation.email)
        _require_work_address_to_sign_in_with(actor, organization, invitation.email)
        operator = _make_operator(actor, organization, invitation)
        record_invitation_opening(invitation)
        close_invitation(invitation, State.ACCEPTED)
    queue_operator_mail("added", operator)
    return operator


def _require_work_address_to_sign_in_with(actor: Actor, organization: Organization, email: str) -> None:
    """Raise ActionRefused unless the main address of the acting person is this one, or a work address as well.

    By that address they sign in, get mails and stand in the list of operators.
    """
    main = Person.objects.get(pk=actor.person_id).email  # type: ignore[misc]
    if main.lower() == email:
        return
    try:
        check_work_address(organization, main)
    except InvalidInput:
        names = {"main": main, "organization": organization, "email": email}
        raise ActionRefused("foreign_main_address", FOREIGN_MAIN_ADDRESS % names) from None


def _make_operator(actor: Actor, organization: Organization, invitation: OperatorInvitation) -> Operator:
    mine: dict[str, Any] = {"organization": organization, "person_id": actor.person_id}
    granted = {"roles": invitation.roles, "finance_granted": invitation.finance_granted}
    try:
        with transaction.atomic():
            operator = Operator.objects.create(**mine, **granted)
    except IntegrityError:  # somebody has let them in by another way, perhaps at the same moment
        raise Conflict("operator_already", YOU_ACT_ALREADY % {"organization": organization}) from None
    record_event(
        AccountEventKind.OPERATOR_ADDED,
        actor=replace(actor, organization_id=organization.pk, organization_name=organization.name),
        subject=operator.person,
        data={"is_invited": True},
        changes=_list_granted(invitation),
    )
    return operator


def record_undelivered_invitation(public_id: UUID) -> None:
    """Mark an open invitation whose last mail the mail server refused for good, or did not take in time."""
    rows = OperatorInvitation.objects.filter(public_id=public_id, state=State.OPEN)
    rows.update(bounced_at=timezone.now())


@transaction.atomic
def send_operator_invitation_reminders() -> int:
    """Queue a reminder for each of a batch of invitations without an answer; return how many were looked at.

    Each invitation is looked at once. A reminder has a link of its own and does not move the end. One whose links are
    all given out, or whose organisation is suspended, gets none.
    """
    due = lock_invitations_to_remind(OperatorInvitation)
    for invitation in due:
        organization = Organization.objects.get(pk=invitation.organization_id)
        tokens = OperatorInvitationToken.objects.filter(invitation=invitation)
        if not organization.is_suspended and tokens.count() < LIVE_TOKENS:
            token = issue_invitation_token(invitation, extend=False)
            queue_invitation_mail(invitation, organization, token, is_reminder=True)
    OperatorInvitation.objects.filter(pk__in=[row.pk for row in due]).update(reminded_at=timezone.now())
    return len(due)


def delete_old_operator_invitations() -> int:
    """Delete invitations of operators that were closed or had ended before PORTAL_INVITATIONS_KEPT; return how many."""
    return delete_old_invitations(OperatorInvitation)
