"""Reads over invitation links and connections."""

import datetime as dt
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Case, F, OuterRef, QuerySet, Subquery, When
from django.db.models.functions import JSONObject

from accounts.models import Feature, Organization
from accounts.queries import Badge, active_programs, badges_of, features_of
from connections.models import Connection, InvitationLink, Portfolio
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound
from partnerportal.lib.scoping import by_public_id
from partnerportal.lib.tokens import is_token


def sees_customers(actor: Actor) -> bool:
    """Return whether the actor's organisation sees what its customers share; every other sees its own data alone."""
    return Feature.CUSTOMER_DASHBOARD in actor.features


@dataclass(frozen=True)
class Invitation:
    """What anybody who holds the link may know of the partner (threat: a link that pretends to be somebody else)."""

    token: str
    partner_id: int
    partner_public_id: UUID
    partner_name: str
    country: str
    org_id: str
    badges: list[Badge]
    is_open: bool  # the partner holds an active badge
    distributor: str  # the name of the organisation above the partner, which will see the same; "" for none
    connected_at: dt.datetime | None  # since when the actor's organisation is connected with the partner


def holding(actor: Actor, token: str) -> AbstractContextManager[None]:
    """Return a block in which the database knows that the actor holds this invitation."""
    return tenancy.tenant(organization_id=actor.organization_id, person_id=actor.person_id, secret=token)


def invitation(actor: Actor, token: str) -> Invitation:
    """The invitation behind a token. Raises NotFound for an unknown one. Holding the token is the permission."""
    if not is_token(token):
        raise NotFound("unknown_invitation", "")
    live = Connection.objects.active().filter(partner=OuterRef("organization_id"), customer=actor.organization_id)
    links = InvitationLink.objects.select_related("organization__parent").annotate(
        programs=active_programs("organization_id"), connected_at=Subquery(live.values("connected_at")[:1])
    )
    with holding(actor, token):
        link = links.filter(token=token).first()
    if link is None:
        raise NotFound("unknown_invitation", "")
    partner = link.organization
    grants = (grant for program in link.programs for grant in program["grants"])
    return Invitation(
        token=token,
        partner_id=partner.pk,
        partner_public_id=partner.public_id,
        partner_name=partner.name,
        country=partner.country,
        org_id=partner.org_id,
        badges=badges_of(link.programs),
        is_open=Feature.CUSTOMER_DASHBOARD in features_of(partner.kind, grants),
        distributor=str(partner.parent or ""),
        connected_at=link.connected_at,
    )


def invitation_link(actor: Actor) -> InvitationLink:
    return InvitationLink.objects.visible_to(actor).get()


def accepted_count(actor: Actor) -> int:
    """How many customers accepted through the link, ended ones included (each once)."""
    rows = Connection.objects.visible_to(actor).filter(partner=actor.organization_id)
    return rows.values("customer").distinct().count()


def connections(actor: Actor) -> QuerySet[Connection]:
    """Active first, then by when they ended; the actor is one of the two sides."""
    return Connection.objects.visible_to(actor).order_by("state", "-connected_at", "-pk")


def active_connections(actor: Actor) -> QuerySet[Connection]:
    """Live ones, each with what is shown of the `other` side, and its `programs`. Sub-selects are asked for the rows of
    a page only, joins for all twenty thousand."""
    side = Case(When(partner=actor.organization_id, then="customer_id"), default="partner_id")
    facts = JSONObject(name="name", country="country", public_id="public_id")
    other = Organization.objects.filter(pk=OuterRef("other_id")).values(json=facts)
    rows = Connection.objects.visible_to(actor).active().annotate(other_id=side)
    return rows.annotate(other=Subquery(other), programs=active_programs("other_id"))  # type: ignore[return-value]


def ended_connections(actor: Actor) -> QuerySet[Connection]:
    """The history. Neither side may look the other up any more: the names are the connection's own."""
    return Connection.objects.visible_to(actor).filter(state=Connection.State.ENDED)


def connection(actor: Actor, public_id: UUID) -> Connection:
    """One of the actor's, live or ended. Raises NotFound."""
    return by_public_id(Connection.objects.visible_to(actor), public_id)


def live_connection(actor: Actor, *, partner_id: int, customer_id: int) -> Connection | None:
    rows = Connection.objects.visible_to(actor).active()
    return rows.filter(partner=partner_id, customer=customer_id).first()


def viewers_of(organization_ids: Iterable[int]) -> QuerySet[Portfolio]:
    """Who else may see these organisations' shared data. For the system: news to everyone connected."""
    return Portfolio.objects.filter(subject__in=organization_ids).exclude(viewer=F("subject"))
