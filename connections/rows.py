"""The rows of the pages of invitations and connections, ready for the template."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Operator, OrganizationKind
from accounts.queries.operators import list_admin_names
from accounts.queries.own_account import sees_customers
from accounts.queries.programs import ProgramBadge, build_program_badges
from connections import models
from connections.consent import (
    find_newly_shareable_scopes,
    format_scope_names,
    get_all_shareable_scopes,
    list_shareable_scopes,
)
from connections.models import Connection
from connections.policies import NOT_THE_CUSTOMER, ROLE_TABLE, ConnectionPermission
from connections.queries import Invitation, partner_sees_customers
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.errors import Message
from partnerportal.lib.keyset import KeysetPage
from partnerportal.lib.policies import ActionDenied
from partnerportal.lib.scopes import Scope, includes_scopes


@dataclass(frozen=True)
class InvitationOrganizationOption:
    """One of the person's organisations that an invitation's page shows as a choice.

    `reason` says why the invitation cannot be accepted as this organisation; "" if it can.
    """

    public_id: str
    name: str
    kind: str
    reason: Message = ""
    is_checked: bool = False


@dataclass(frozen=True)
class InvitationPageContent:
    """What the person who opens an invitation's page can do there.

    `state` says which form of the page they get: signed_out, no_organization, closed, connected, own, refused or
    choose. `choices` are the person's organisations. `admins` are names of colleagues who could accept, if the person
    cannot.
    """

    state: str
    choices: list[InvitationOrganizationOption] = field(default_factory=list)
    admins: list[str] = field(default_factory=list)

    @property
    def only_choice(self) -> InvitationOrganizationOption | None:
        """The person's organisation if there is exactly one to choose, else None."""
        return self.choices[0] if len(self.choices) == 1 else None


def build_invitation_page_content(
    actor: Actor, operators: Iterable[Operator], invitation: Invitation
) -> InvitationPageContent:
    """Return what an invitation's page offers a person: organisations that can accept it, or why none can (CC-41, E-2).

    `operators` are the person's memberships in organisations, from `list_operators_of_person`.
    """
    if invitation.connected_at and len(list(operators)) == 1:
        return InvitationPageContent("connected", [_choice(actor, o, invitation) for o in operators])
    if not invitation.is_open:
        return InvitationPageContent("closed")
    if actor.is_anonymous:
        return InvitationPageContent("signed_out")
    choices = [_choice(actor, operator, invitation) for operator in operators]
    if not choices:
        return InvitationPageContent("no_organization")
    possible = [choice for choice in choices if not choice.reason]
    if possible:
        checked = next((c for c in possible if c.public_id == actor.organization_public_id), possible[0])
        return InvitationPageContent("choose", [_with_check(choice, choice is checked) for choice in choices])
    if actor.organization_id == invitation.partner_id:
        return InvitationPageContent("own", choices)
    return InvitationPageContent("refused", choices, list_admin_names(actor))


def _with_check(choice: InvitationOrganizationOption, is_checked: bool) -> InvitationOrganizationOption:
    return InvitationOrganizationOption(choice.public_id, choice.name, choice.kind, choice.reason, is_checked)


def _choice(actor: Actor, operator: Operator, invitation: Invitation) -> InvitationOrganizationOption:
    organization = operator.organization
    candidate = Actor(
        organization_id=organization.pk, organization_kind=organization.kind, roles=frozenset(operator.roles)
    )
    answer = ROLE_TABLE[ConnectionPermission.ACCEPT].check_actor(candidate)
    reason: Message = ""
    if organization.pk == invitation.partner_id:
        reason = _("This organisation sent the invitation.")
    elif organization.is_suspended:
        reason = _("This organisation is suspended.")
    elif organization.pk == actor.organization_id and invitation.connected_at:
        reason = _("Connected since %(date)s.") % {"date": formats.format_date(invitation.connected_at)}
    elif isinstance(answer, ActionDenied):
        reason = answer.message
    return InvitationOrganizationOption(
        str(organization.public_id), organization.name, str(OrganizationKind(organization.kind).label), reason
    )


@dataclass(frozen=True)
class ConsentScopeRow:
    """A scope (kind of data) on a page that shows or changes what is shared: its name, description and state."""

    code: str
    label: Message
    shows: Message
    is_shared: bool
    is_fixed: bool  # the account information goes with every connection
    is_new: bool  # whether it could not be chosen yet when the customer consented


def build_consent_scope_rows(shared: Scope, new: Scope = Scope.NONE) -> list[ConsentScopeRow]:
    """Return a ConsentScopeRow for each scope that customers can share.

    `shared` are the scopes to mark as shared, and `new` those to mark as not offered before.
    """
    return [
        ConsentScopeRow(
            code=offered.code,
            label=offered.label,
            shows=offered.shows,
            is_shared=offered.scope in Scope.ACCOUNT | shared,
            is_fixed=offered.scope == Scope.ACCOUNT,
            is_new=offered.scope in new,
        )
        for offered in list_shareable_scopes()
    ]


@dataclass(frozen=True)
class ConsentHistoryRow:
    """A consent in the history that a customer sees: when, by whom, what was shared, and which texts were read."""

    at: dt.datetime
    person: str
    shared: str
    wording: str  # the version of the texts and their language, or that a program consented


def build_consent_history_rows(consents: Iterable[models.Consent]) -> list[ConsentHistoryRow]:
    """Return a ConsentHistoryRow, with texts in the reader's language, for each consent in this order."""
    languages = dict(settings.LANGUAGES)
    rows = []
    for given in consents:
        values = {"version": given.wording, "language": languages.get(given.language, given.language)}
        wording = _("Wording %(version)s, %(language)s") % values if given.wording else _("Through the API")
        rows.append(
            ConsentHistoryRow(given.at, given.person_label or _("Unknown"), format_scope_names(given.scopes), wording)
        )
    return rows


@dataclass(frozen=True)
class ActiveConnectionRow:
    """An active connection as the account page shows it, with the other side's name, country and badges."""

    key: str  # the public id of the connection
    name: str
    direction: str  # a sentence that says who sees whose data
    distributor: str  # a sentence that names who sees the same, on the customer's side; "" for nobody
    country: str
    badges: list[ProgramBadge]
    since: str
    end_url: str
    customer_url: str  # the page of the other side; "" when that is not the customer
    sharing_url: str
    shared: str  # the names of what is shared
    unshared: str  # the names of what could be shared and is not
    new: str  # the names of what the customer has not been asked about yet


@dataclass(frozen=True)
class ConnectedPartnerRow:
    """A partner of a customer, as the customer's start page shows it, with what the partner sees."""

    name: str
    shared: str
    sees: bool  # False while its programme membership is not active
    distributor: str  # a sentence that names who sees the same; "" for nobody
    since: dt.datetime


def build_connected_partner_rows(connections: Iterable[Connection]) -> list[ConnectedPartnerRow]:
    """Return a ConnectedPartnerRow for each active connection of a customer, in this order.

    The connections must come from `queries.list_active_connections`, whose annotations are needed.
    """
    return [
        ConnectedPartnerRow(
            name=connection.partner_name,
            shared=format_scope_names(connection.shared_scopes),
            sees=partner_sees_customers(connection.programs),  # type: ignore[attr-defined]
            distributor=describe_distributor_access(connection.other["distributor"]),  # type: ignore[attr-defined]
            since=connection.connected_at,
        )
        for connection in connections
    ]


@dataclass(frozen=True)
class EndedConnectionRow:
    """An ended connection as the account page shows it: the other side's name, both dates, and who ended it."""

    name: str
    connected: str
    ended: str
    ended_by: str
    sharing_url: str  # what was shared; "" on the partner's side


def build_active_connection_rows(actor: Actor, page: KeysetPage[Any]) -> list[ActiveConnectionRow]:
    """Return an ActiveConnectionRow for each connection on a page of `queries.list_active_connections`."""
    return [_live_row(actor, connection) for connection in page.rows]


def _live_row(actor: Actor, connection: Connection) -> ActiveConnectionRow:
    is_partner = connection.partner_id == actor.organization_id
    other: Mapping[str, Any] = connection.other  # type: ignore[attr-defined]
    programs: Iterable[Mapping[str, Any]] = connection.programs  # type: ignore[attr-defined]
    offered: int | None = connection.offered  # type: ignore[attr-defined]
    return ActiveConnectionRow(
        key=str(connection.public_id),
        name=other["name"],
        distributor="" if is_partner else describe_distributor_access(other["distributor"]),
        direction=_direction(programs, is_partner=is_partner, sees=sees_customers(actor)),
        country=get_country_name(other["country"]),
        badges=build_program_badges(programs),
        since=formats.format_date(connection.connected_at),
        end_url=reverse("connection_end", args=[connection.public_id]),
        customer_url=reverse("customer", args=[other["public_id"]]) if is_partner and sees_customers(actor) else "",
        sharing_url=get_sharing_url(connection.public_id),
        shared=format_scope_names(connection.shared_scopes),
        unshared=format_scope_names(get_all_shareable_scopes() & ~connection.shared_scopes),
        new=format_scope_names(find_newly_shareable_scopes(offered)) if offered else "",
    )


def _direction(programs: Iterable[Mapping[str, Any]], *, is_partner: bool, sees: object) -> str:
    """Return who sees whose data: nobody while the partner has no active membership that lets it."""
    if is_partner:
        return (
            _("You can see this customer’s data")
            if sees
            else _("You can’t see anything while your programme membership is not active")
        )
    if partner_sees_customers(programs):
        return _("Can see your data")
    return _("Can’t see anything while its programme membership is not active")


def describe_distributor_access(distributor_name: str | None) -> str:
    """Return the sentence that the partner's distributor sees the same data (E-14); "" if there is none.

    A distributor sees it even while it has no active programme membership itself.
    """
    if not distributor_name:
        return ""
    return _("The partner’s distributor, %(name)s, can see what you share with the partner.") % {
        "name": distributor_name
    }


def build_ended_connection_rows(actor: Actor, page: KeysetPage[Any]) -> list[EndedConnectionRow]:
    """Return an EndedConnectionRow for each connection on a page of `queries.list_ended_connections`."""
    return [
        EndedConnectionRow(
            name=c.customer_name if c.partner_id == actor.organization_id else c.partner_name,
            connected=formats.format_date(c.connected_at),
            ended=formats.format_date(c.ended_at),
            ended_by=c.customer_name if c.ended_by_id == c.customer_id else c.partner_name,
            sharing_url=get_sharing_url(c.public_id) if c.customer_id == actor.organization_id else "",
        )
        for c in page.rows
    ]


@dataclass(frozen=True)
class SharedScopeRow:
    """A scope (kind of data) on a page about a customer: its name, and whether the customer shares it."""

    label: Message
    is_shared: bool


def build_shared_scope_rows(scopes: Scope) -> list[SharedScopeRow]:
    """Return a SharedScopeRow for each scope that customers can share.

    `scopes` are the scopes that the customer shares with the actor.
    """
    return [
        SharedScopeRow(offered.label, includes_scopes(scopes, offered.scope)) for offered in list_shareable_scopes()
    ]


def get_sharing_url(connection_id: object) -> str:
    """Return the URL of the page “What is shared” of the connection with this public id; "" for None."""
    return reverse("connection_sharing", args=[connection_id]) if connection_id else ""


def get_customer_url(actor: Actor, connection: Connection) -> str:
    """Return the URL of the partner's page about the customer of this connection, or "".

    It is "" if the actor is not the partner, may not view customers, or the connection has ended.
    """
    is_seen = connection.partner_id == actor.organization_id and connection.state == Connection.State.ACTIVE
    return reverse("customer", args=[connection.customer.public_id]) if is_seen and sees_customers(actor) else ""


def explain_refusal_to_end_connection(actor: Actor) -> str:
    """Return a sentence that says why the actor may not end connections, or "" if they may."""
    answer = ROLE_TABLE[ConnectionPermission.END].check_actor(actor)
    return str(answer.message) if isinstance(answer, ActionDenied) else ""


def explain_refusal_to_change_sharing(actor: Actor, connection: Connection) -> Message:
    """Return a sentence that says why the actor may not change what this connection shares, or "" if they may."""
    if connection.state == Connection.State.ENDED:
        return _("This connection has ended. Nothing is shared any more.")
    if connection.customer_id != actor.organization_id:
        return NOT_THE_CUSTOMER
    answer = ROLE_TABLE[ConnectionPermission.CHANGE_SHARING].check_actor(actor)
    return answer.message if isinstance(answer, ActionDenied) else ""


def format_sharing_saved_message(partner_count: int) -> str:
    """Return the message that the sharing settings for so many partners are saved, in the reader's language."""
    text = ngettext(
        "Sharing settings saved for %(count)s partner.", "Sharing settings saved for %(count)s partners.", partner_count
    )
    return text % {"count": formats.format_number(partner_count)}


def find_connection_end_url_or_refusal(actor: Actor, connection_id: object) -> tuple[str, str]:
    """Return the URL of the dialog that ends a connection, and the reason why the actor may not end it.

    Exactly one of the two is not "". `connection_id` is the public id of the actor's own connection with the customer,
    or None if only a partner below the actor has one.
    """
    if connection_id is None:
        return "", _("Only this customer’s own partner can end the connection.")
    refusal = explain_refusal_to_end_connection(actor)
    return ("", refusal) if refusal else (reverse("connection_end", args=[connection_id]), "")
