"""Vendor staff invite the first Admin of an organisation that has none, so that somebody inside can act (CV-9)."""

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.actions.domains import confirm_domain
from accounts.actions.locking import ensure_as_seen, lock_organization
from accounts.actions.operator_mails import queue_invitation_mail
from accounts.events import AccountEventKind
from accounts.facts import StandingAspect, digest_standing, list_first_admin_invitations
from accounts.models import Operator, OperatorInvitation, Organization, Role
from accounts.policies import ROLE_TABLE, AccountPermission
from accounts.queries.organizations import count_operators_of
from accounts.work_addresses import check_work_address
from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.domain_names import parse_email_domain
from partnerportal.lib.errors import Conflict, InvalidInput
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.mailed_invitations import (
    close_invitation,
    compute_invitation_end,
    issue_invitation_token,
    read_invited_address,
)
from partnerportal.lib.policies import authorize

HAS_ADMIN = _("%(organization)s already has an Admin, who can invite operators.")
OWN_PEOPLE = _("%(email)s acts for the vendor. Vendor staff can’t be invited to other organisations.")
IS_SUSPENDED = _("%(organization)s is suspended. Lift the suspension first.")


@transaction.atomic
def invite_first_admin(
    *, actor: Actor, organization: Organization, email: str, language: str = "en", seen: str | None = None
) -> OperatorInvitation:
    """Mail an invitation to become the first Admin of an organisation, as vendor staff; return the invitation.

    The domain of the address counts as the organisation's from then on, unless it has proved others. Sent to the same
    address again, it adds a link; to another one, it withdraws the earlier invitation. Raises InvalidInput for what is
    no work address, InvalidInput("vendor_staff") for one of the vendor's own people, Conflict("has_admin"),
    Conflict("suspended"), and Conflict("changed_meanwhile") if the invitation is not as the person saw it, unless it
    went to this address a moment ago.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.INVITE_FIRST_ADMINS)
    email = read_invited_address(email)
    _refuse_own_people(actor, email)
    acquire_lock(AdvisoryLock.INVITATIONS, organization.pk)  # before the row, which whoever comes in locks later too
    row = lock_organization(actor, organization)
    _refuse_where_useless(row)
    waiting = list(list_first_admin_invitations(row))
    same = next((each for each in waiting if each.email == email), None)
    if same and seen is not None and seen != digest_standing(row, StandingAspect.ADMIN):
        return same  # the form was sent twice, or a colleague has just done the same
    ensure_as_seen(row, StandingAspect.ADMIN, seen)
    _accept_domain(actor, row, email)
    for earlier in waiting:
        if earlier.email != email:
            close_invitation(earlier, OperatorInvitation.State.REVOKED)
    invitation = same or _store(row, email, language)
    queue_invitation_mail(invitation, row, issue_invitation_token(invitation))
    record_event(AccountEventKind.FIRST_ADMIN_INVITED, actor=actor, subject=row, counterpart=row)
    return invitation


def _refuse_own_people(actor: Actor, email: str) -> None:
    """Raise InvalidInput for an address of somebody who acts for the vendor, unless staff at the command line ask.

    One of the vendor's Admins could otherwise look at a customer's data, which nothing but consent shows to the vendor
    (E-14).
    """
    if actor.is_system:
        return
    own = Operator.objects.visible_to(actor).filter(organization=actor.organization_id)
    proved = EmailAddress.objects.filter(email=email, verified=True).values("user_id")
    if own.filter(Q(person__email=email) | Q(person__in=proved)).exists():
        raise InvalidInput("vendor_staff", OWN_PEOPLE % {"email": email}, field="email")


def _refuse_where_useless(organization: Organization) -> None:
    names = {"organization": organization.name}
    if count_operators_of(organization).by_role.get(Role.ADMIN):
        raise Conflict("has_admin", HAS_ADMIN % names, field="email")
    if organization.is_suspended:
        raise Conflict("suspended", IS_SUSPENDED % names, field="email")


def _accept_domain(actor: Actor, organization: Organization, email: str) -> None:
    """Confirm the domain of an address as the organisation's, if it is not yet, so that its owner can come in."""
    try:
        check_work_address(organization, email)
    except InvalidInput as error:
        if error.code != "foreign_domain":
            raise
        confirm_domain(actor=actor, organization=organization, name=parse_email_domain(email))
        check_work_address(organization, email)  # an organisation that has proved others takes no further one


def _store(organization: Organization, email: str, language: str) -> OperatorInvitation:
    invitation = OperatorInvitation(
        organization=organization,
        email=email,
        language=language,
        roles=[Role.ADMIN],
        expires_at=compute_invitation_end(),
    )
    invitation.save(force_insert=True)
    return invitation
