"""Queries over invitation links, connections and the portfolio."""

import datetime as dt
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Case, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.expressions import Combinable
from django.db.models.functions import JSONObject
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, OrganizationKind, Person, ProgramFeature
from accounts.queries.programs import (
    ProgramBadge,
    build_program_badges,
    collect_organization_features,
    make_active_programs_subquery,
)
from connections.directory import list_organizations_with_visible_name
from connections.models import Connection, Consent, CustomerPartner, InvitationLink, Portfolio, PortfolioQuerySet
from notifications.models import Event
from notifications.models.event import EventQuerySet
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor, ActorKind
from partnerportal.lib.errors import NotFound
from partnerportal.lib.scopes import Scope, includes_scopes
from partnerportal.lib.sign_up_purposes import SignUpPurpose
from partnerportal.lib.tokens import has_token_shape
from partnerportal.lib.visible_rows import get_by_public_id

CONSENTS_SHOWN = 50  # the newest consents of a connection


@dataclass(frozen=True)
class Invitation:
    """A partner's invitation, with everything that anybody who holds its link may see of the partner.

    It includes badges, country and ORGID, so that people can recognise a link that only pretends to come from the
    partner.
    """

    token: str
    partner_id: int
    partner_public_id: UUID
    partner_name: str
    country: str
    org_id: str
    badges: list[ProgramBadge]
    # Whether it can be accepted: the partner has an active badge with the customer dashboard, and is not suspended.
    is_open: bool
    distributor: str  # name of the distributor above the partner, which will see the same data; "" for none
    connected_at: dt.datetime | None  # since when the actor's organisation is connected with the partner; None: not
    connection_id: UUID | None  # the public id of that connection
    shared: Scope  # what the actor's organisation shares with the partner; none while they are not connected


def as_invitation_holder(actor: Actor, token: str) -> AbstractContextManager[None]:
    """Return a context manager that lets the database see that the actor holds the invitation with this token.

    Inside it, queries can read the inviting partner, which row-level security may otherwise hide from the actor.
    """
    return tenancy.as_tenant(organization_id=actor.organization_id, person_id=actor.person_id, secret=token)


def get_invitation(actor: Actor, token: str) -> Invitation:
    """Return the invitation with this token, the secret in the invitation's URL.

    It needs no permission, because the token is enough. Raises NotFound if the token is unknown.
    """
    if not has_token_shape(token):
        raise NotFound("unknown_invitation", "")
    active = Connection.objects.active().filter(partner=OuterRef("pk"), customer=actor.organization_id)
    known = list_organizations_with_visible_name(actor, token)
    partners = known.annotate(
        programs=make_active_programs_subquery("pk"),
        distributor=Subquery(known.filter(pk=OuterRef("parent")).values("name")),
        connected_at=Subquery(active.values("connected_at")[:1]),
        connection_id=Subquery(active.values("public_id")[:1]),
        shared=Subquery(active.values("scopes")[:1]),
    )
    with as_invitation_holder(actor, token):
        partner: Any = partners.filter(invitation_link__token=token).first()
    if partner is None:
        raise NotFound("unknown_invitation", "")
    return Invitation(
        token=token,
        partner_id=partner.pk,
        partner_public_id=partner.public_id,
        partner_name=partner.name,
        country=partner.country,
        org_id=partner.org_id,
        badges=build_program_badges(partner.programs),
        is_open=partner_sees_customers(partner.programs) and not partner.is_suspended,
        distributor=partner.distributor or "",
        connected_at=partner.connected_at,
        connection_id=partner.connection_id,
        shared=Scope(partner.shared or 0),
    )


def find_sign_up_purpose(actor: Actor, token: str) -> SignUpPurpose:
    """Return what somebody signs up for who comes from the invitation with this token. Raises NotFound."""
    return SignUpPurpose(
        text=_("Connect with %(name)s"),
        step_text=_("Step %(step)s of %(steps)s to connect with %(name)s"),
        name=get_invitation(actor, token).partner_name,
    )


def get_invitation_link(actor: Actor) -> InvitationLink:
    """Return the invitation link of the actor's organisation, which must be a partner.

    Raises InvitationLink.DoesNotExist for an organisation of another kind.
    """
    return InvitationLink.objects.visible_to(actor).get()


def count_accepting_customers(actor: Actor) -> int:
    """Return how many customers have ever accepted the invitation of the actor's organisation.

    Each customer counts once, even if it has connected several times or its connection has ended.
    """
    rows = Connection.objects.visible_to(actor).filter(partner=actor.organization_id)
    return rows.values("customer").distinct().count()


def list_connections(actor: Actor) -> QuerySet[Connection]:
    """Return all connections of the actor's organisation, unordered, with the public ids of both sides.

    They are annotated as `partner_public_id` and `customer_public_id`, both None for an ended connection, because then
    neither side may look the other up. Sub-selects read them, because a join would lose the ended connections.
    """
    known = list_organizations_with_visible_name(actor)
    partner, customer = (
        Case(When(state=Connection.State.ACTIVE, then=Subquery(known.filter(pk=OuterRef(side)).values("public_id"))))
        for side in ("partner_id", "customer_id")
    )
    return Connection.objects.visible_to(actor).annotate(partner_public_id=partner, customer_public_id=customer)


def list_active_connections(actor: Actor) -> QuerySet[Connection]:
    """Return the active connections of the actor's organisation, unordered, with data about the other side.

    Each connection has three annotations. `other` is a dict with the other side's `name`, `country` and `public_id`,
    and the name of the `distributor` above it or None. `programs` are the other side's active programme memberships, as
    `build_program_badges` takes them. `offered` is the number of the scopes that the newest consent could choose from,
    None if the actor is the partner. All are sub-selects, which run only for the rows of one page; joins would run for
    all 20,000.
    """
    side = Case(When(partner=actor.organization_id, then="customer_id"), default="partner_id")
    known = list_organizations_with_visible_name(actor)
    above = Subquery(known.filter(pk=OuterRef("parent")).values("name"))
    facts = JSONObject(name="name", country="country", public_id="public_id", distributor=above)
    other = known.filter(pk=OuterRef("other_id")).values(json=facts)
    rows = Connection.objects.visible_to(actor).active().annotate(other_id=side)
    newest = Consent.objects.visible_to(actor).filter(connection=OuterRef("pk")).order_by("-pk")
    offered = Subquery(newest.values("offered")[:1])
    return rows.annotate(other=Subquery(other), programs=make_active_programs_subquery("other_id"), offered=offered)  # type: ignore[return-value]


def partner_sees_customers(programs: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether a partner with these active programme memberships may see its customers' data.

    Without a membership that grants this, its connections stay but show it nothing. `programs` are dicts with the
    features that a membership grants as `grants`.
    """
    grants = (grant for program in programs for grant in program["grants"])
    return ProgramFeature.CUSTOMER_DASHBOARD in collect_organization_features(OrganizationKind.PARTNER, grants)


def list_ended_connections(actor: Actor) -> QuerySet[Connection]:
    """Return the ended connections of the actor's organisation, unordered.

    Use the names stored in each connection: neither side may look the other up any more.
    """
    return Connection.objects.visible_to(actor).filter(state=Connection.State.ENDED)


def get_connection(actor: Actor, public_id: UUID) -> Connection:
    """Return the connection with this public id, active or ended.

    Raises NotFound unless the actor's organisation is one of its two sides.
    """
    return get_by_public_id(Connection.objects.visible_to(actor), public_id)


def find_distributor_of_partner(actor: Actor, partner_id: int | None) -> Organization | None:
    """Return the distributor above the partner with this primary key, or None.

    It is None if there is none, or if the actor may not see the partner or the distributor.
    """
    known = list_organizations_with_visible_name(actor)
    return known.filter(partners__in=known.filter(pk=partner_id)).first()


def get_newest_consent(actor: Actor, connection: Connection) -> Consent | None:
    """Return the consent that is in force for a connection, or None if the actor is the partner.

    Only the customer may read consents.
    """
    return list_consents(actor, connection).first()


def list_consents(actor: Actor, connection: Connection) -> QuerySet[Consent]:
    """Return the consents that the actor's organisation has given for a connection, newest first."""
    return Consent.objects.visible_to(actor).filter(connection=connection).order_by("-pk")


def count_connected_partners(actor: Actor) -> int:
    """Return how many partners the actor's organisation is connected with, as their customer."""
    return Connection.objects.visible_to(actor).active().filter(customer=actor.organization_id).count()


def count_connected_customers(actor: Actor) -> int:
    """Return how many customers the actor's organisation is connected with itself, as their partner."""
    return Connection.objects.visible_to(actor).active().filter(partner=actor.organization_id).count()


def find_active_connection(actor: Actor, *, partner_id: int, customer_id: int) -> Connection | None:
    """Return the active connection of this partner with this customer, or None if there is none.

    Both are primary keys; one of them must be that of the actor's organisation, or the connection is not found.
    """
    rows = Connection.objects.visible_to(actor).active()
    return rows.filter(partner=partner_id, customer=customer_id).first()


def sees_any_customer(actor: Actor) -> bool:
    """Return whether the actor sees any customer, by a connection of its own or of a partner below it.

    The order, which `exists` would drop, keeps PostgreSQL to the viewer's index. Looking for any one row, it would read
    the table from its beginning.
    """
    rows = Portfolio.objects.visible_to(actor).filter_connected_customers()
    return bool(rows.order_by("subject_id").values_list("pk")[:1])


@dataclass(frozen=True)
class ConnectedCustomer:
    """A customer that the actor sees because of an active connection, its own or that of a partner below it."""

    organization: Organization
    connected_at: dt.datetime
    connection_id: UUID | None  # the public id of the actor's own connection, where it has one
    scopes: Scope  # what the customer shares with the actor, by all paths together
    counts: Mapping[str, int]

    def shares_scope(self, scope: Scope) -> bool:
        """Return whether the customer shares everything in this scope with the actor."""
        return includes_scopes(self.scopes, scope)


def get_connected_customer(
    actor: Actor, public_id: UUID, counts: Mapping[str, Combinable] | None = None
) -> ConnectedCustomer:
    """Return the customer with this public id, if the actor sees it because of an active connection.

    `counts` maps names to database expressions, which become the customer's `counts`. They are read in the same query,
    from a row of the portfolio (the table of who sees whose data) whose `subject` is the customer. Raises NotFound if
    the actor does not see the customer, also because the connection has ended (CC-29).
    """
    own = Connection.objects.visible_to(actor).active().filter(partner=actor.organization_id)
    connection = own.filter(customer=OuterRef("subject")).values("public_id")[:1]
    rows = Portfolio.objects.visible_to(actor).filter_connected_customers().filter(subject__public_id=public_id)
    rows = rows.select_related("subject").annotate(connection_id=Subquery(connection))
    row = rows.annotate(**{f"count_{name}": count for name, count in (counts or {}).items()}).first()
    if row is None:
        raise NotFound("not_found", "")
    numbers = {name: getattr(row, f"count_{name}") for name in counts or {}}
    return ConnectedCustomer(row.subject, row.since, row.connection_id, Scope(row.scopes), numbers)


def list_partners_of_customer(actor: Actor, customer_id: int) -> list[Organization]:
    """Return the partners through which a distributor sees a customer, or for vendor staff all that it has, by name.

    `customer_id` is the customer's primary key. For any other actor there are none.
    """
    through = CustomerPartner.objects.visible_to(actor).filter(customer=customer_id)
    partners = Organization.objects.visible_to(actor).filter(pk__in=through.values("partner"))
    return list(partners.order_by("name_folded", "pk"))


def list_customer_activity_events(actor: Actor, customer_id: int | None) -> QuerySet[Event]:
    """Return the events that a customer caused or that concern it, as far as the actor may see them, unordered.

    `customer_id` is the customer's primary key.
    """
    about = Q(customer_id=customer_id) | Q(organization_id=customer_id) | Q(counterpart_id=customer_id)
    return Event.objects.visible_to(actor).filter(about)


def list_own_activity(actor: Actor) -> EventQuerySet:
    """Return the events that the actor's organisation is a party of, unordered: the activity log.

    They are what its people and clients did, and what others did to it or to its data. News that its customers share
    with it stands on their own pages. Each event has the alias `is_own`: whether it was done for the organisation.
    """
    organization_id = actor.organization_id
    party = Q(organization_id=organization_id) | Q(counterpart_id=organization_id) | Q(customer_id=organization_id)
    is_own = ExpressionWrapper(Q(organization_id=organization_id), BooleanField())
    return Event.objects.visible_to(actor).filter(party).alias(is_own=is_own)


def make_party_conditions(actor: Actor, *, is_own: bool = False) -> list[Q]:
    """Return the conditions of which events of `list_own_activity` meet at least one, each with an index of its own.

    With `is_own` they are the conditions of what was done for the organisation, as its own people's events all are.
    """
    sides = ("organization_id",) if is_own else ("organization_id", "counterpart_id", "customer_id")
    return [Q(**{side: actor.organization_id}) for side in sides]


def name_acting_persons(actor: Actor, events: Iterable[Event], chosen: UUID | None) -> dict[str, str]:
    """Return who did these events for the actor's organisation, and the person with the public id `chosen` if they did.

    The names are those that the events keep, by public id. Who has left is among them, and nobody who acts for others.
    """
    own = [event for event in events if event.organization_id == actor.organization_id]
    names = {event.actor_id or 0: event.actor_label for event in own if event.actor_kind == ActorKind.PERSON}
    if chosen is not None:
        person = Person.objects.filter(public_id=chosen).values_list("pk", flat=True).first() or 0
        did = list_own_activity(actor).filter(is_own=True, actor_kind=ActorKind.PERSON, actor_id=person)
        names |= dict(did.order_by("-at", "-pk").values_list("actor_id", "actor_label")[:1])
    persons = Person.objects.filter(pk__in=list(names)).values_list("pk", "public_id")
    return {str(public_id): names[pk] for pk, public_id in persons}


def find_organization_id(actor: Actor, public_id: UUID) -> int | None:
    """Return the primary key of an organisation whose name the actor may see, or None."""
    return list_organizations_with_visible_name(actor).filter(public_id=public_id).values_list("pk", flat=True).first()


def find_organization_name(actor: Actor, public_id: UUID) -> str:
    """Return the name of the organisation with this public id, or "" if the actor may not see it."""
    return (
        list_organizations_with_visible_name(actor).filter(public_id=public_id).values_list("name", flat=True).first()
        or ""
    )


def get_visible_organizations(actor: Actor, organization_ids: Iterable[int]) -> dict[int, Organization]:
    """Return those of the organisations with these primary keys whose names the actor may see, by primary key."""
    return list_organizations_with_visible_name(actor).in_bulk(set(organization_ids))


def list_portfolio_viewers(organization_ids: Iterable[int]) -> PortfolioQuerySet:
    """Return the portfolio rows in which another organisation sees one of these organisations.

    Each row has a `viewer`, and the `subject` that it sees. No permission is checked: this is for the system, which
    sends news to everyone who sees a customer.
    """
    return Portfolio.objects.filter(subject__in=organization_ids).exclude(viewer=F("subject"))
