"""What the pages of invitations and connections show, ready for the template."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Kind, Operator
from accounts.queries import Badge, admin_names, badges_of
from connections.models import Connection
from connections.policies import ROLE_TABLE, ConnectionPermission
from connections.queries import Invitation
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import country_name
from partnerportal.lib.errors import Message
from partnerportal.lib.keyset import Page
from partnerportal.lib.policies import Denied


@dataclass(frozen=True)
class Choice:
    """An organisation of the person's that could accept; `reason` says why not."""

    public_id: str
    name: str
    kind: str
    reason: Message = ""
    is_checked: bool = False


@dataclass(frozen=True)
class Consent:
    """`state` is one of signed_out, no_organization, closed, connected, own, refused, choose."""

    state: str
    choices: list[Choice] = field(default_factory=list)
    admins: list[str] = field(default_factory=list)

    @property
    def only(self) -> Choice | None:
        return self.choices[0] if len(self.choices) == 1 else None


def consent(actor: Actor, operators: Iterable[Operator], invitation: Invitation) -> Consent:
    """Who may accept this invitation, and if nobody, why not (CC-41, E2)."""
    if invitation.connected_at and len(list(operators)) == 1:
        return Consent("connected", [_choice(actor, o, invitation) for o in operators])
    if not invitation.is_open:
        return Consent("closed")
    if actor.is_anonymous:
        return Consent("signed_out")
    choices = [_choice(actor, operator, invitation) for operator in operators]
    if not choices:
        return Consent("no_organization")
    able = [choice for choice in choices if not choice.reason]
    if able:
        checked = next((c for c in able if c.public_id == actor.organization_public_id), able[0])
        return Consent("choose", [_checked(choice, choice is checked) for choice in choices])
    if actor.organization_id == invitation.partner_id:
        return Consent("own", choices)
    return Consent("refused", choices, admin_names(actor))


def _checked(choice: Choice, is_checked: bool) -> Choice:
    return Choice(choice.public_id, choice.name, choice.kind, choice.reason, is_checked)


def _choice(actor: Actor, operator: Operator, invitation: Invitation) -> Choice:
    organization = operator.organization
    one = Actor(organization_id=organization.pk, organization_kind=organization.kind, roles=frozenset(operator.roles))
    answer = ROLE_TABLE[ConnectionPermission.ACCEPT].check(one)
    reason: Message = ""
    if organization.pk == invitation.partner_id:
        reason = _("This organisation is the one that invites.")
    elif organization.pk == actor.organization_id and invitation.connected_at:
        reason = _("Connected since %(date)s.") % {"date": formats.date(invitation.connected_at)}
    elif isinstance(answer, Denied):
        reason = answer.message
    return Choice(str(organization.public_id), organization.name, str(Kind(organization.kind).label), reason)


@dataclass(frozen=True)
class LiveRow:
    name: str
    direction: str  # who sees whose data
    country: str
    badges: list[Badge]
    since: str
    end_url: str
    customer_url: str  # "" when the other side is not the customer


@dataclass(frozen=True)
class EndedRow:
    name: str
    connected: str
    ended: str
    ended_by: str


def live_rows(actor: Actor, page: Page[Any]) -> list[LiveRow]:
    return [_live_row(actor, connection) for connection in page.rows]


def _live_row(actor: Actor, connection: Connection) -> LiveRow:
    is_partner = connection.partner_id == actor.organization_id
    other: Mapping[str, str] = connection.other  # type: ignore[attr-defined]
    programs: Iterable[Mapping[str, Any]] = connection.programs  # type: ignore[attr-defined]
    return LiveRow(
        name=other["name"],
        direction=_("You see its data") if is_partner else _("Sees your data"),
        country=country_name(other["country"]),
        badges=badges_of(programs),
        since=formats.date(connection.connected_at),
        end_url=reverse("connection_end", args=[connection.public_id]),
        customer_url=reverse("customer", args=[other["public_id"]]) if is_partner else "",
    )


def ended_rows(actor: Actor, page: Page[Any]) -> list[EndedRow]:
    return [
        EndedRow(
            name=c.customer_name if c.partner_id == actor.organization_id else c.partner_name,
            connected=formats.date(c.connected_at),
            ended=formats.date(c.ended_at),
            ended_by=c.customer_name if c.ended_by_id == c.customer_id else c.partner_name,
        )
        for c in page.rows
    ]
