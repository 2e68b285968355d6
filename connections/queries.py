"""Reads over invitation links and connections."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, QuerySet

from accounts.models import Feature, Organization
from accounts.queries import Badge, badges, has_feature
from connections.models import Connection, InvitationLink, Portfolio
from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound


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


def invitation(actor: Actor, token: str) -> Invitation:
    """The invitation behind a token. Raises NotFound for an unknown one. Holding the token is the permission."""
    with tenancy.tenant(organization_id=actor.organization_id, person_id=actor.person_id, invitation=token):
        link = InvitationLink.objects.select_related("organization").filter(token=token).first()
        if link is None:
            raise NotFound("unknown_invitation", "")
        partner = link.organization
        return Invitation(
            token=token,
            partner_id=partner.pk,
            partner_public_id=partner.public_id,
            partner_name=partner.name,
            country=partner.country,
            org_id=partner.org_id,
            badges=badges(partner.pk),
            is_open=has_feature(partner.pk, Feature.CUSTOMER_DASHBOARD),
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


def live_connection(actor: Actor, *, partner_id: int, customer_id: int) -> Connection | None:
    rows = Connection.objects.visible_to(actor).active()
    return rows.filter(partner=partner_id, customer=customer_id).first()


def viewers_of(organization_ids: Iterable[int]) -> QuerySet[Portfolio]:
    """Who else may see these organisations' shared data. For the system: news to everyone connected."""
    return Portfolio.objects.filter(subject__in=organization_ids).exclude(viewer=F("subject"))


def customer(actor: Actor, public_id: UUID | str) -> Organization:
    """A customer within reach. Raises NotFound, also for the actor's own organisation."""
    rows = Organization.objects.visible_to(actor).exclude(pk=actor.organization_id)
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise NotFound("not_found", "")
    return found
