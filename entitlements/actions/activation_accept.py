"""Actions of whoever holds an activation link: going on from its page, and activating the organisation."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import ProgrammingError, connection, transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.actions.organizations import create_own_organization, found_invited_partner
from accounts.models import OrganizationKind, Person, ProgramMembership
from accounts.queries.operators import list_operators_of_person
from connections.actions import accept_invitation, change_connection_sharing
from connections.actors import build_actor_for_organization
from connections.consent import ConsentWording
from entitlements.actions.activation import make_event_data
from entitlements.actions.activation_details import NAME_TAKEN
from entitlements.actions.trials import make_entitlement_event
from entitlements.events import EntitlementEventKind
from entitlements.models import ActivationLink, Entitlement
from entitlements.models.entitlement import ACTIVATED_HERE
from entitlements.queries.activation import Activation, get_activation, is_addressee, is_partner_name_taken
from notifications.actions.recording import record_event, record_events
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused, Conflict, DomainError, NotFound
from partnerportal.lib.mailed_invitations import (
    as_invitation_holder,
    close_invitation,
    lock_live_invitation,
    record_invitation_opening,
)
from partnerportal.lib.scopes import Scope
from partnerportal.lib.text import make_search_key
from partnerportal.lib.tokens import digest_secret, has_token_shape

_PAGE = re.compile(r"/activate/(?P<token>[^/]+)/")  # the path of a link's page, to which a sign-in leads back
Problem = ActivationLink.Problem
OTHER_ADDRESS = _("This activation link is for %(email)s. Sign in with that address to use it.")
WRONG_ORGANIZATION = _("Choose a customer organisation where you are an Admin, or create a new one.")
SKU_WITHDRAWN = _("This service is no longer open for trial. Ask %(sender)s to choose another one.")
TRIAL_TAKEN = _(
    "Your organisation has already used or requested %(service)s, and each service can be tried only once. Choose "
    "another organisation, or ask %(sender)s for another service."
)


@transaction.atomic
def open_activation(*, actor: Actor, token: str) -> None:
    """Record that whoever holds the token went on from the page of the link, and whether they are its addressee.

    Anybody may, signed in or not. Raises NotFound("unknown_invitation") for a token that leads to no live link.
    """
    activation = get_activation(actor, token)
    with as_invitation_holder(actor, token):
        record_invitation_opening(activation.link)
        note_activation_sign_in()


def note_activation_sign_in() -> None:
    """Record on the held link that its addressee is signed in; do nothing for anybody else.

    Must be called as the holder of the link's token.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT note_activation_sign_in()")


def record_sign_in_for_activation(sender: object, request: HttpRequest, user: Person, **signal: object) -> None:
    """Record on an activation link that its addressee has signed in to accept it: a receiver of allauth's signal.

    The page of the link, with the token in its path, is where the sign-in leads to. Nothing is recorded for a sign-in
    that leads elsewhere.
    """
    found = _PAGE.fullmatch(request.POST.get("next") or request.GET.get("next") or "")
    if found and has_token_shape(found["token"]):
        with as_invitation_holder(Actor(person_id=user.pk), found["token"]):
            note_activation_sign_in()


@transaction.atomic
def accept_activation(
    *,
    actor: Actor,
    token: str,
    organization_id: UUID | None = None,
    details: Mapping[str, str] | None = None,
    scopes: Scope = Scope.ACCOUNT,
    wording: ConsentWording | None = None,
) -> ActivationLink:
    """Activate the organisation that a link invites, as its addressee, and return the link as stored (CV-11).

    `organization_id` is the public id of a customer organisation of the person, whose Admin they are; without one,
    `details` are the fields of the new organisation that is founded, with the person as its Admin. A customer connects
    to the partner that the link names, and shares `scopes`, as by that partner's invitation; `wording` are the texts
    that the person read. One that is connected with that partner already shares `scopes` from now on. The trial starts
    now. A new partner is a member of its programme at once if its distributor's partners are, else when vendor staff
    confirm it. All of this is one transaction: either all of it is there, or nothing. Two who use the link at the same
    moment, or one who does while it is withdrawn, wait for one another, and the first wins.

    Raises NotFound("unknown_invitation") for a token that leads to no live link, ActionRefused("other_address") for
    anybody but the addressee and ActionRefused("wrong_organization") for an organisation that cannot be activated;
    Conflict with a code of ActivationLink.Problem where something stands in the way that the sender can mend; and what
    `accept_invitation` and `create_own_organization` raise.
    """
    try:
        with transaction.atomic():
            return _accept(actor, token, organization_id, details or {}, scopes, wording)
    except ProgrammingError:  # by a policy: the link has ended, or who invites was suspended, after it was read
        get_activation(actor, token)
        raise


def _accept(
    actor: Actor,
    token: str,
    organization_id: UUID | None,
    details: Mapping[str, str],
    scopes: Scope,
    wording: ConsentWording | None,
) -> ActivationLink:
    activation = get_activation(actor, token)
    with as_invitation_holder(actor, token):
        lock_live_invitation(ActivationLink.objects.all(), token)
    link = activation.link
    if not is_addressee(actor, link):
        raise ActionRefused("other_address", OTHER_ADDRESS % {"email": link.email})
    founder = _choose_or_found(actor, activation, organization_id, details)
    with as_invitation_holder(founder, token):  # the database checks the token and the address too
        if activation.invitation:
            _connect(founder, activation.invitation.token, scopes, wording)
        trials = _activate(founder, activation)
        link = close_invitation(link, ActivationLink.State.ACCEPTED)
        _record_acceptance(founder, activation)
        started = EntitlementEventKind.TRIAL_STARTED
        record_events([make_entitlement_event(started, founder, trial) for trial in trials])
    return link


def _connect(founder: Actor, token: str, scopes: Scope, wording: ConsentWording | None) -> None:
    """Connect the customer with the partner of an invitation, or change what it shares if it is connected already."""
    connected, is_new = accept_invitation(actor=founder, token=token, scopes=scopes, wording=wording)
    if not is_new:  # what was just agreed to holds, and not what was agreed to before
        change_connection_sharing(actor=founder, connection=connected, scopes=scopes, wording=wording)


def _choose_or_found(
    actor: Actor, activation: Activation, organization_id: UUID | None, details: Mapping[str, str]
) -> Actor:
    """Return the actor as Admin of the organisation that is activated, which is founded unless it is there already."""
    assert actor.person_id, "an addressee is signed in"
    link, person = activation.link, Person.objects.get(pk=actor.person_id)
    if organization_id is None:
        primary_key = _found(person, activation, details)
    else:
        operators = list_operators_of_person(person.pk).filter(organization__public_id=organization_id)
        chosen = operators.first()
        primary_key = chosen.organization_id if chosen else 0
    with tenancy.as_tenant(organization_id=primary_key, person_id=person.pk):
        operators_now = list(list_operators_of_person(person.pk).filter(organization=primary_key))
        founder = build_actor_for_organization(person, primary_key, operators_now)
    if founder.organization_kind != link.kind or "admin" not in founder.roles:
        raise ActionRefused("wrong_organization", WRONG_ORGANIZATION)
    return founder


def _found(person: Person, activation: Activation, details: Mapping[str, str]) -> int:
    """Found the organisation that a link invites, and return its primary key.

    A customer's Admin may correct its name and country. Those of a partner are as its sender wrote them.
    """
    link = activation.link
    if link.is_for_customer:
        return create_own_organization(person=person, **details).pk
    values: dict[str, Any] = {**details, "name": link.name, "country": link.country}
    secret = digest_secret(activation.token)
    with tenancy.as_tenant(organization_id=None, person_id=person.pk, secret=secret):
        if is_partner_name_taken(make_search_key(link.name), link.country):
            raise Conflict(Problem.NAME_TAKEN, NAME_TAKEN)
    is_below = activation.sender_kind == OrganizationKind.DISTRIBUTOR
    parent_id = link.organization_id if is_below else None
    return found_invited_partner(person=person, parent_id=parent_id, secret=secret, **values).pk


def _activate(founder: Actor, activation: Activation) -> list[Entitlement]:
    """Start the trials or the membership, and end other links of the address to the organisation, by the database.

    Returns the trials. Raises the DomainError for what stands in the way.
    """
    own = Entitlement.objects.visible_to(founder).filter(customer=founder.organization_id)
    by_links = own.filter(external_id__startswith=ACTIVATED_HERE).order_by("pk")
    before = list(by_links.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("SELECT activate_organization()")
        code = cursor.fetchone()[0]
    link = activation.link
    names = {"sender": link.sender_name, "service": link.sku.name if link.sku else ""}
    errors: dict[str, DomainError] = {
        "unknown_invitation": NotFound("unknown_invitation", ""),
        "refused": ActionRefused("wrong_organization", WRONG_ORGANIZATION),
        Problem.SKU_WITHDRAWN: Conflict(Problem.SKU_WITHDRAWN, SKU_WITHDRAWN % names),
        Problem.TRIAL_TAKEN: Conflict(Problem.TRIAL_TAKEN, TRIAL_TAKEN % names),
    }
    if code:
        raise errors[code]
    return list(by_links.exclude(pk__in=before).select_related("customer", "sku"))


def _record_acceptance(founder: Actor, activation: Activation) -> None:
    kind, link = EntitlementEventKind.ACTIVATION_ACCEPTED, activation.link
    about = {"customer_id": founder.organization_id, "scopes": kind.scopes} if link.is_for_customer else {}
    is_member = ProgramMembership.objects.filter(organization=founder.organization_id).exists()
    at_once = {} if link.is_for_customer else {"is_member": is_member}
    record_event(kind, actor=founder, subject=link, data=make_event_data(link) | at_once, **about)


@transaction.atomic
def record_activation_problem(*, actor: Actor, token: str, code: str) -> None:
    """Record what stood in the way when the addressee tried to activate the organisation, so that the sender sees it.

    Codes that are none of ActivationLink.Problem are not recorded, because no sender can mend them.
    """
    with as_invitation_holder(actor, token), connection.cursor() as cursor:
        cursor.execute("SELECT note_activation_sign_in(), note_activation_problem(%s)", [code])
