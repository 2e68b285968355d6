"""What people do with invitations and connections."""

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db import connection as database
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from connections import policies, queries
from connections.events import ConnectionEvent
from connections.models import Connection, InvitationLink
from connections.policies import ROLE_TABLE, ConnectionPermission
from notifications.actions import record
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict, Invalid, NotFound, Refused, TooMany
from partnerportal.lib.policies import authorize, authorize_staff
from partnerportal.lib.states import move
from partnerportal.lib.tokens import new_token
from partnerportal.lib.turns import take_turn

DAY = timedelta(days=1)
TOO_MANY_ACCEPTED = _(
    "Your organisation has accepted %(number)s invitations within 24 hours, and that is the limit. Try again later."
)


@transaction.atomic
def accept_invitation(*, actor: Actor, token: str) -> tuple[Connection, bool]:
    """Connect the actor's organisation with the partner behind the link (CC-10…CC-14).

    Returns the connection and whether it is new: accepting while connected changes nothing (E3). However many accept at
    once, the unique index lets one row live. Raises NotFound, Invalid("own_link"), Conflict("partner_not_active"),
    TooMany("too_many_connections").
    """
    authorize(actor, ROLE_TABLE, ConnectionPermission.ACCEPT)
    invitation = queries.invitation(actor, token)
    if invitation.partner_id == actor.organization_id:
        raise Invalid("own_link", _("This is your own invitation link. Give it to a customer."))
    sides: dict[str, Any] = {"partner_id": invitation.partner_id, "customer_id": actor.organization_id}
    assert actor.organization_id, "a customer acts for itself"
    take_turn("accept", actor.organization_id)  # they are counted
    connected = queries.live_connection(actor, **sides)
    if connected:
        return connected, False
    if not invitation.is_open:
        raise Conflict("partner_not_active", _("This partner’s programme membership is not active."))
    _keep_to_the_limit(actor)
    try:
        with transaction.atomic(), queries.holding(actor, token):  # the database asks for the invitation too
            connection = Connection.objects.create(
                **sides, partner_name=invitation.partner_name, customer_name=actor.organization_name
            )
    except IntegrityError:  # somebody accepted at the same moment
        connected = queries.live_connection(actor, **sides)
        if connected is None:
            raise Conflict("state_changed", _("The connection has just been ended. Open the link again.")) from None
        return connected, False
    record(
        ConnectionEvent.ESTABLISHED,
        actor=actor,
        subject=connection,
        counterpart=Organization(pk=invitation.partner_id, name=invitation.partner_name),
    )
    return connection, True


def _keep_to_the_limit(actor: Actor) -> None:
    """Each acceptance mails the partner's Admins; those that were ended count too."""
    accepted = Connection.objects.visible_to(actor).filter(customer=actor.organization_id)
    if accepted.filter(connected_at__gt=timezone.now() - DAY).count() >= policies.ACCEPTED_A_DAY:
        raise TooMany("too_many_connections", TOO_MANY_ACCEPTED % {"number": policies.ACCEPTED_A_DAY})


@transaction.atomic
def end_connection(*, actor: Actor, connection: Connection) -> Connection:
    """End it now, from either side (CC-18…CC-20). The trigger on connections takes the sight away in this transaction.

    Raises Conflict("state_changed") when it has ended already.
    """
    authorize(actor, ROLE_TABLE, ConnectionPermission.END)
    if not Connection.objects.visible_to(actor).filter(pk=connection.pk).exists():
        raise NotFound("not_found", "")
    if actor.organization_id is None:
        raise Refused("no_organization", _("A connection is ended by one of its sides."))
    connection = move(connection, Connection.State.ENDED, ended_at=timezone.now(), ended_by_id=actor.organization_id)
    by_partner = actor.organization_id == connection.partner_id
    other = (
        Organization(pk=connection.customer_id, name=connection.customer_name)
        if by_partner
        else Organization(pk=connection.partner_id, name=connection.partner_name)
    )
    record(ConnectionEvent.ENDED, actor=actor, subject=connection, counterpart=other)
    return connection


@transaction.atomic
def replace_invitation_link(*, actor: Actor, partner: Organization, reason: str) -> InvitationLink:
    """Vendor staff replace a link that is being abused; the old one stops at once. The reason is kept in the log."""
    authorize_staff(actor)
    if not reason.strip():
        raise Invalid("reason_required", _("Say why the link is replaced."), field="reason")
    link = InvitationLink.objects.select_for_update().get(organization=partner)
    link.token = new_token()
    link.created_at = timezone.now()
    link.save(update_fields=["token", "created_at"])
    record(
        ConnectionEvent.LINK_REPLACED,
        actor=actor,
        subject=partner,
        counterpart=partner,
        data={"reason": reason.strip()},
    )
    return link


# The portfolio by its definition: the first path that holds, with its earliest date.
_BASIS = "SELECT DISTINCT ON (viewer_id, subject_id) * FROM portfolio_basis ORDER BY viewer_id, subject_id, path, since"
_DIFFERENCES = f"""
    SELECT v.org_id || ' sees ' || s.org_id || ': ' || coalesce(p.path, 'nothing') || ' instead of '
           || coalesce(b.path, 'nothing')
           || CASE WHEN b.path = p.path THEN ', since ' || p.since || ' instead of ' || b.since ELSE '' END
    FROM ({_BASIS}) b
    FULL JOIN connections_portfolio p USING (viewer_id, subject_id)
    JOIN accounts_organization v ON v.id = viewer_id JOIN accounts_organization s ON s.id = subject_id
    WHERE (b.path, b.since) IS DISTINCT FROM (p.path, p.since) ORDER BY 1"""  # noqa: S608 - constants
_REMOVE = """
    DELETE FROM connections_portfolio p WHERE NOT EXISTS (
        SELECT FROM portfolio_basis b WHERE (b.viewer_id, b.subject_id) = (p.viewer_id, p.subject_id))"""
_WRITE = f"""
    INSERT INTO connections_portfolio AS p (viewer_id, subject_id, path, since)
    SELECT viewer_id, subject_id, path, since FROM ({_BASIS}) b
    ON CONFLICT (viewer_id, subject_id) DO UPDATE SET path = excluded.path, since = excluded.since
    WHERE (p.path, p.since) IS DISTINCT FROM (excluded.path, excluded.since)"""  # noqa: S608 - constants
# Notices that say they are within reach and are not, or the reverse.
_NOTICES = """
    FROM notifications_notice n
    LEFT JOIN connections_portfolio p ON (p.viewer_id, p.subject_id) = (n.recipient_id, n.about_id)
    WHERE n.about_id IS NOT NULL AND n.in_reach <> (p.viewer_id IS NOT NULL)"""
_NOTICE_DIFFERENCES = f"SELECT 'notice ' || n.public_id || ' says in reach: ' || n.in_reach {_NOTICES} ORDER BY n.id"
_MEND_NOTICES = f"""
    UPDATE notifications_notice SET in_reach = NOT in_reach WHERE id IN (SELECT n.id {_NOTICES})"""  # noqa: S608 - constants


def portfolio_differences() -> list[str]:
    """Where the portfolio, or the notices beside it, disagree with their definition: nothing, unless something wrote
    around the triggers."""
    with database.cursor() as cursor:
        cursor.execute(_DIFFERENCES)
        differences = cursor.fetchall()
        cursor.execute(_NOTICE_DIFFERENCES)
        return [row[0] for row in differences + cursor.fetchall()]


@transaction.atomic
def rebuild_portfolio(*, actor: Actor) -> int:
    """Make the portfolio agree with its definition. Returns how many rows were written or removed. Writers wait."""
    authorize_staff(actor)
    with database.cursor() as cursor:
        cursor.execute("LOCK TABLE accounts_organization, connections_connection IN SHARE MODE")
        cursor.execute(_REMOVE)
        removed = cursor.rowcount
        cursor.execute(_WRITE)
        written = cursor.rowcount
        cursor.execute(_MEND_NOTICES)
        return int(removed + written + cursor.rowcount)
