"""Actions on requests to join an organisation: a person asks, an Admin adds or declines, and the person is mailed."""

import datetime as dt
from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actions.operator_mails import queue_operator_mail
from accounts.actions.operators import order_roles
from accounts.events import AccountEventKind
from accounts.models import JoinRequest, Operator, Organization, Person
from accounts.policies import JOIN_REQUESTS_A_DAY, ROLE_TABLE, AccountPermission
from accounts.queries.joining import JoinOffer, list_join_offers
from accounts.work_addresses import check_work_address
from notifications.actions.recording import record_event
from notifications.actions.secret_mails import queue_secret_mail
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.changes import list_changes_between
from partnerportal.lib.errors import Conflict, NotFound, TooManyAttempts
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.policies import authorize
from partnerportal.lib.states import change_row_state
from partnerportal.lib.sweeping import delete_in_batches

DAY = dt.timedelta(days=1)
State = JoinRequest.State
TOO_MANY = gettext_lazy("You have asked to join %(number)s times in 24 hours, which is the limit. Try again later.")
DECLINED = gettext_lazy(
    "The Admins of %(name)s have declined your request. If that is a mistake, ask them to add you as an operator."
)
ANSWERED = gettext_lazy("This request has already been answered.")


@transaction.atomic
def ask_to_join(*, person: Person, organization_id: UUID) -> JoinRequest:
    """Ask the Admins of an organisation to let a person in; return the request, or the one that is open already.

    The organisation, named by its public id, must have proved the domain of the person's verified address. Raises
    NotFound for any other, Conflict("join_declined") where the Admins have declined, and TooManyAttempts beyond
    JOIN_REQUESTS_A_DAY requests in 24 hours. The transaction enters the organisation as its tenant for the request and
    its event alone, because row-level security lets nobody write into another tenant.
    """
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    offer = next((o for o in list_join_offers(person) if o.public_id == organization_id), None)
    if offer is None:
        raise NotFound("not_found", "")
    mine = JoinRequest.objects.filter(person=person)
    if offer.state == State.OPEN:
        return mine.get(organization=offer.organization_id, state=State.OPEN)
    if offer.state == State.DECLINED:
        raise Conflict("join_declined", str(DECLINED) % {"name": offer.name})
    if mine.filter(created_at__gt=timezone.now() - DAY).count() >= JOIN_REQUESTS_A_DAY:
        raise TooManyAttempts("too_many_join_requests", str(TOO_MANY) % {"number": JOIN_REQUESTS_A_DAY})
    with tenancy.as_tenant(organization_id=offer.organization_id, person_id=person.pk):
        return _store_request(person, offer)


def _store_request(person: Person, offer: JoinOffer) -> JoinRequest:
    row = JoinRequest(organization_id=offer.organization_id, person=person, domain=offer.domain)
    row.save(force_insert=True)
    actor = Actor(
        person_id=person.pk,
        label=str(person),
        organization_id=offer.organization_id,
        organization_name=offer.name,
    )
    record_event(AccountEventKind.JOIN_REQUESTED, actor=actor, subject=person, data={"domain": offer.domain})
    return row


@transaction.atomic
def grant_join_request(
    *, actor: Actor, join_request: JoinRequest, roles: Iterable[str], finance_granted: bool = False
) -> Operator:
    """Let a person in who has asked, in these roles; return the operator. The person is mailed.

    Their address is checked again: the domain may have lapsed since. Raises Conflict("state_changed") if a colleague
    has answered meanwhile or the person came in by another door, InvalidInput as `check_work_address`, and
    InvalidInput("roles").
    """
    row = _lock_request(actor, join_request)
    organization, person = row.organization, row.person
    check_work_address(organization, person.email)
    granted = {"roles": order_roles(organization, roles), "finance_granted": finance_granted}
    change_row_state(row, State.ADDED, decided_at=timezone.now())
    operator = Operator.objects.create(organization=organization, person=person, **granted)
    changes = list_changes_between({}, granted)
    record_event(AccountEventKind.JOIN_GRANTED, actor=actor, subject=person, changes=changes)
    queue_operator_mail("added", operator)
    return operator


@transaction.atomic
def decline_join_request(*, actor: Actor, join_request: JoinRequest) -> None:
    """Decline a person's request to be let in. The person is mailed.

    Raises Conflict("state_changed") if a colleague has answered meanwhile.
    """
    row = _lock_request(actor, join_request)
    change_row_state(row, State.DECLINED, decided_at=timezone.now())
    record_event(AccountEventKind.JOIN_DECLINED, actor=actor, subject=row.person)
    _mail_refusal(row.person, row.organization)


def delete_old_join_requests() -> int:
    """Delete requests to join that are older than PORTAL_JOIN_REQUESTS_KEPT, answered or not; return how many."""
    old = JoinRequest.objects.filter(created_at__lt=timezone.now() - settings.PORTAL_JOIN_REQUESTS_KEPT)
    return delete_in_batches(old)


def _lock_request(actor: Actor, join_request: JoinRequest) -> JoinRequest:
    authorize(actor, ROLE_TABLE, AccountPermission.DECIDE_JOIN_REQUESTS)
    acquire_lock(AdvisoryLock.INVITATIONS, join_request.organization_id)  # whoever comes in otherwise is waited for
    rows = (
        JoinRequest.objects.visible_to(actor).select_for_update(of=("self",)).select_related("organization", "person")
    )
    row = rows.filter(pk=join_request.pk).first()
    if row is None:
        raise NotFound("not_found", "")
    if row.state != State.OPEN:
        raise Conflict("state_changed", ANSWERED)
    return row


def _mail_refusal(person: Person, organization: Organization) -> None:
    """Queue the mail that tells a person that they are not let in. It names the organisation, and nobody in it."""
    with translation.override(person.language):
        names = {"name": organization.name}
        subject = _("%(name)s has declined your request to join") % names
        body = render_to_string("accounts/emails/join_declined.txt", names)
    queue_secret_mail(EmailMessage(subject, body, to=[person.email]))
