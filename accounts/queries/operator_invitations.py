"""Queries over invitations of operators."""

from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db.models import Count, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import OperatorInvitation, Organization
from accounts.queries.joining import list_open_join_requests
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound
from partnerportal.lib.mailed_invitations import as_invitation_holder, get_live_invitation
from partnerportal.lib.sign_up_purposes import SignUpPurpose
from partnerportal.lib.tokens import digest_secret
from partnerportal.lib.visible_rows import get_by_public_id

State = OperatorInvitation.State


def make_invitation_step_condition(step: str) -> Q:
    """Return a queryset condition (Q) for invitations that have come as far as `step`, one of INVITATION_STEPS."""
    now = timezone.now()
    live = Q(state=State.OPEN, expires_at__gt=now)
    return {
        "sent": live & Q(opened_at=None, bounced_at=None),
        "opened": live & Q(opened_at__isnull=False, bounced_at=None),
        "bounced": live & Q(bounced_at__isnull=False),
        "ended": Q(state=State.OPEN, expires_at__lte=now),
        "accepted": Q(state=State.ACCEPTED),
        "withdrawn": Q(state=State.REVOKED),
    }[step]


def list_operator_invitations(actor: Actor) -> QuerySet[OperatorInvitation]:
    """Return the invitations of operators that the actor's organisation has sent, unordered."""
    return OperatorInvitation.objects.visible_to(actor)


def count_pending_operators(actor: Actor) -> int:
    """Return how many may become operators of the actor's organisation: who is invited, and for Admins who asks.

    An invitation counts while it can be accepted. One query counts both.
    """
    invited = list_operator_invitations(actor).filter(state=State.OPEN, expires_at__gt=timezone.now())
    numbers = [Coalesce(_count(rows), 0) for rows in (invited, list_open_join_requests(actor))]
    return Organization.objects.filter(pk=actor.organization_id or 0).values_list(numbers[0] + numbers[1], flat=True)[0]


def _count(rows: QuerySet[Any]) -> Subquery:
    """Return a subquery that counts rows of one organisation; it is NULL for none."""
    return Subquery(rows.order_by().values("organization").annotate(number=Count("pk")).values("number"))


def get_operator_invitation(actor: Actor, public_id: UUID) -> OperatorInvitation:
    """Return an invitation that the actor's organisation has sent. Raises NotFound for any other."""
    return get_by_public_id(list_operator_invitations(actor), public_id)


def as_invited_person(actor: Actor, organization: Organization, token: str) -> AbstractContextManager[None]:
    """Return a context manager in which the actor acts for the organisation that invited them by this token.

    They do not act for it yet, so only code that has just looked the token up may call it, for what leads to that.
    """
    return tenancy.as_tenant(organization_id=organization.pk, person_id=actor.person_id, secret=digest_secret(token))


def get_operator_invitation_of_token(actor: Actor, token: str) -> tuple[OperatorInvitation, Organization]:
    """Return the live invitation that the token leads to, and the organisation that has sent it.

    It needs no permission, because the token is enough. Raises NotFound("unknown_invitation") for an unknown token, and
    for an invitation that was used or withdrawn or has ended, or whose organisation is suspended.
    """
    with as_invitation_holder(actor, token):
        invitation = get_live_invitation(OperatorInvitation.objects.all(), token)
    with as_invited_person(actor, Organization(pk=invitation.organization_id), token):
        organization = Organization.objects.filter(pk=invitation.organization_id).first()
    if organization is None:
        raise NotFound("unknown_invitation", "")
    return invitation, organization


def find_sign_up_purpose(actor: Actor, token: str) -> SignUpPurpose:
    """Return what somebody signs up for who comes from the operator's invitation with this token. Raises NotFound."""
    _invitation, organization = get_operator_invitation_of_token(actor, token)
    return SignUpPurpose(
        text=_("Act for %(name)s"),
        step_text=_("Step %(step)s of %(steps)s to act for %(name)s"),
        name=organization.name,
    )


def find_verified_addresses(actor: Actor) -> list[str]:
    """Return the addresses that the acting person has proved to have, in lower case, the main one first."""
    rows = EmailAddress.objects.filter(user_id=actor.person_id, verified=True).order_by("-primary", "pk")
    return [email.lower() for email in rows.values_list("email", flat=True)]


def has_account(email: str) -> bool:
    """Return whether somebody has an account with this address, to lead whoever holds its invitation to the sign-in."""
    return EmailAddress.objects.filter(email=email.lower()).exists()
