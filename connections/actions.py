"""Actions on invitations, connections and the portfolio."""

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, ProgrammingError, transaction
from django.db import connection as database
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from connections import consent, policies, queries
from connections.consent import ConsentWording
from connections.events import ConnectionEventKind
from connections.models import Connection, Consent, InvitationLink
from connections.policies import ROLE_TABLE, ConnectionPermission
from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.changes import list_changes_between
from partnerportal.lib.errors import ActionRefused, Conflict, InvalidInput, NotFound, StaleVersion, TooManyAttempts
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.policies import authorize, authorize_system
from partnerportal.lib.scopes import Scope
from partnerportal.lib.states import change_row_state
from partnerportal.lib.tokens import generate_token

DAY = timedelta(days=1)
PARTNER_NOT_ACTIVE = _("This partner can’t accept new customers at the moment.")  # no badge, or suspended
TOO_MANY_ACCEPTED = _(
    "Your organisation has accepted %(number)s invitations in 24 hours, which is the limit. Try again later."
)


@transaction.atomic
def accept_invitation(
    *, actor: Actor, token: str, scopes: Scope, wording: ConsentWording | None = None
) -> tuple[Connection, bool]:
    """Connect the actor's organisation, as the customer, with the partner that sent this invitation (E-14).

    Return the connection, and True if it is new: if the two are connected already, nothing changes (E-3). From then on
    the partner sees the data that `scopes` stand for (CC-10…CC-14). `token` is the secret in the invitation's URL,
    and `wording` the texts that the person read before agreeing, or None for a program. When several people accept at
    once, a unique index keeps one active connection.

    Raises NotFound for a token that is unknown or is replaced at the same moment; InvalidInput("own_link");
    Conflict("partner_not_active"); Conflict("state_changed") if the connection is ended at the same moment;
    StaleVersion("wording_changed") if the texts have changed since they were read; and
    TooManyAttempts("too_many_connections") beyond ACCEPTED_A_DAY acceptances in 24 hours.
    """
    authorize(actor, ROLE_TABLE, ConnectionPermission.ACCEPT)
    invitation = queries.get_invitation(actor, token)
    if invitation.partner_id == actor.organization_id:
        raise InvalidInput("own_link", _("This is your own invitation link. Send it to a customer."))
    sides: dict[str, Any] = {"partner_id": invitation.partner_id, "customer_id": actor.organization_id}
    assert actor.organization_id, "a customer acts for itself"
    # Acceptances of an organisation wait for one another, because they are counted.
    acquire_lock(AdvisoryLock.ACCEPTANCES, actor.organization_id)
    connected = queries.find_active_connection(actor, **sides)
    if connected:
        return connected, False
    if not invitation.is_open:
        raise Conflict("partner_not_active", PARTNER_NOT_ACTIVE)
    _keep_to_the_limit(actor)
    try:
        with transaction.atomic(), queries.as_invitation_holder(actor, token):  # the database checks the token too
            connection = Connection.objects.create(
                **sides, partner_name=invitation.partner_name, customer_name=actor.organization_name
            )
    except IntegrityError:  # somebody accepted at the same moment
        connected = queries.find_active_connection(actor, **sides)
        if connected is None:
            raise Conflict("state_changed", _("The connection has just ended. Open the link again.")) from None
        return connected, False
    except ProgrammingError:  # by the policy: the token was replaced, or the partner suspended, after it was read
        if not queries.get_invitation(actor, token).is_open:
            raise Conflict("partner_not_active", PARTNER_NOT_ACTIVE) from None
        raise
    _consent(actor, connection, scopes, wording)
    record_event(
        ConnectionEventKind.ESTABLISHED,
        actor=actor,
        subject=connection,
        counterpart=Organization(pk=invitation.partner_id, name=invitation.partner_name),
        data={"scopes": connection.shared_scopes.codes},
    )
    return connection, True


def _keep_to_the_limit(actor: Actor) -> None:
    """Raise TooManyAttempts if the actor's organisation has accepted ACCEPTED_A_DAY invitations within 24 hours.

    Each acceptance mails the partner's Admins, so those whose connection has ended count too.
    """
    accepted = Connection.objects.visible_to(actor).filter(customer=actor.organization_id)
    if accepted.filter(connected_at__gt=timezone.now() - DAY).count() >= policies.ACCEPTED_A_DAY:
        raise TooManyAttempts("too_many_connections", TOO_MANY_ACCEPTED % {"number": policies.ACCEPTED_A_DAY})


@transaction.atomic
def change_connection_sharing(
    *,
    actor: Actor,
    connection: Connection,
    scopes: Scope,
    wording: ConsentWording | None = None,
    version: str | None = None,
) -> Connection:
    """Replace what a customer shares with the partner of an active connection (E-14); return the connection.

    The customer shares `scopes` from now on, and nothing else. This stores a new consent, unless the newest one has the
    same scopes and was chosen from the same ones. A trigger changes what the partner and its distributor see in the
    same transaction. `wording` are the texts that the person read, or None for a program, and `version` is the version
    of the newest consent that they saw, or None for a caller that has seen none.

    Raises NotFound if the actor's organisation is not part of the connection; ActionRefused("not_customer") if it is
    the partner; Conflict("state_changed") if the connection has ended; StaleVersion("changed_meanwhile") if a colleague
    has consented to something else since `version`; and StaleVersion("wording_changed") if the texts have changed since
    they were read.
    """
    authorize(actor, ROLE_TABLE, ConnectionPermission.CHANGE_SHARING)
    rows = Connection.objects.visible_to(actor).filter(pk=connection.pk)
    row = rows.select_for_update().first()  # one change at a time, so that the log says truly what was before
    if row is None:
        raise NotFound("not_found", "")
    if row.customer_id != actor.organization_id:
        raise ActionRefused("not_customer", policies.NOT_THE_CUSTOMER)
    if row.state == Connection.State.ENDED:
        raise Conflict("state_changed", _("This connection has ended. Nothing is shared any more."))
    before, newest = row.shared_scopes, queries.get_newest_consent(actor, row)
    wanted = (scopes & consent.get_all_shareable_scopes() | Scope.ACCOUNT, consent.get_all_shareable_scopes())
    if newest is not None and (newest.scopes, newest.offered) == wanted:  # a form that is sent twice is no conflict
        return row
    if version is not None and newest is not None and newest.version != version:
        raise StaleVersion(
            "changed_meanwhile",
            _("A colleague has just changed what is shared. Check the latest entry in the history, then save again."),
        )
    _consent(actor, row, scopes, wording)
    if row.shared_scopes != before:
        record_event(
            ConnectionEventKind.SHARING_CHANGED,
            actor=actor,
            subject=row,
            counterpart=Organization(pk=row.partner_id, name=row.partner_name),
            changes=list_changes_between({"scopes": before.codes}, {"scopes": row.shared_scopes.codes}),
        )
    return row


@transaction.atomic
def share_scopes_with_all_partners(*, actor: Actor, scopes: Scope, wording: ConsentWording | None = None) -> int:
    """Share exactly these scopes with every partner of the actor's organisation; return how many partners there are.

    Each connection gets its own consent and its own event, all in one transaction.
    """
    authorize(actor, ROLE_TABLE, ConnectionPermission.CHANGE_SHARING)
    own = Connection.objects.visible_to(actor).active().filter(customer=actor.organization_id)
    rows = list(own.order_by("pk").select_for_update())  # in one order, so that two of these never wait for each other
    for row in rows:
        change_connection_sharing(actor=actor, connection=row, scopes=scopes, wording=wording)
    return len(rows)


def _consent(actor: Actor, connection: Connection, scopes: Scope, wording: ConsentWording | None) -> None:
    """Store a consent. A trigger has it hold for the connection, whose instance follows here.

    Raises StaleVersion("wording_changed") if the texts that were read are no longer valid.
    """
    consent.require_current_consent_wording(wording)
    offered = consent.get_all_shareable_scopes()
    scopes = (scopes & offered) | Scope.ACCOUNT
    Consent.objects.create(
        connection=connection,
        scopes=scopes,
        offered=offered,
        wording=wording.version if wording else "",
        language=wording.language if wording else "",
        person_id=actor.person_id,
        person_label=actor.label,
    )
    connection.scopes = scopes


@transaction.atomic
def end_connection(*, actor: Actor, connection: Connection) -> Connection:
    """End a connection at once, at the wish of either side, and return it (CC-18…CC-20).

    A trigger hides the customer's data from the partner in the same transaction. Raises Conflict("state_changed") if
    the connection has ended already, and NotFound if the actor's organisation is not part of it.
    """
    authorize(actor, ROLE_TABLE, ConnectionPermission.END)
    if not Connection.objects.visible_to(actor).filter(pk=connection.pk).exists():
        raise NotFound("not_found", "")
    if actor.organization_id is None:
        raise ActionRefused("no_organization", _("Only the two sides of a connection can end it."))
    connection = change_row_state(
        connection, Connection.State.ENDED, ended_at=timezone.now(), ended_by_id=actor.organization_id
    )
    by_partner = actor.organization_id == connection.partner_id
    other = (
        Organization(pk=connection.customer_id, name=connection.customer_name)
        if by_partner
        else Organization(pk=connection.partner_id, name=connection.partner_name)
    )
    changes = list_changes_between({"state": Connection.State.ACTIVE}, {"state": Connection.State.ENDED})
    record_event(ConnectionEventKind.ENDED, actor=actor, subject=connection, counterpart=other, changes=changes)
    return connection


@transaction.atomic
def replace_invitation_link(*, actor: Actor, partner: Organization, reason: str) -> InvitationLink:
    """Give a partner a new invitation link in place of one that is being abused, and return the new link.

    Only vendor staff may do this. The old link stops working at once, and the event log keeps `reason`. Raises
    InvalidInput("reason_required") if the reason is blank.
    """
    authorize_system(actor)
    if not reason.strip():
        raise InvalidInput("reason_required", _("Enter a reason for replacing the link."), field="reason")
    link = InvitationLink.objects.select_for_update().get(organization=partner)
    link.token = generate_token()
    link.created_at = timezone.now()
    link.save(update_fields=["token", "created_at"])
    record_event(
        ConnectionEventKind.LINK_REPLACED,
        actor=actor,
        subject=partner,
        counterpart=partner,
        note=reason.strip(),
    )
    return link


_DIFFERENCES = """
    SELECT v.org_id || ' sees ' || s.org_id || ': ' || coalesce(p.path, 'nothing') || ' instead of '
           || coalesce(e.path, 'nothing')
           || CASE WHEN e.path = p.path THEN ', since ' || p.since || ' instead of ' || e.since
                || ', scopes ' || p.scopes || ' instead of ' || e.scopes ELSE '' END
    FROM portfolio_expected e
    FULL JOIN connections_portfolio p USING (viewer_id, subject_id)
    JOIN accounts_organization v ON v.id = viewer_id JOIN accounts_organization s ON s.id = subject_id
    WHERE (e.path, e.since, e.scopes) IS DISTINCT FROM (p.path, p.since, p.scopes) ORDER BY 1"""
_REMOVE = """
    DELETE FROM connections_portfolio p WHERE NOT EXISTS (
        SELECT FROM portfolio_basis b WHERE (b.viewer_id, b.subject_id) = (p.viewer_id, p.subject_id))"""
_WRITE = """
    INSERT INTO connections_portfolio AS p (viewer_id, subject_id, path, since, scopes)
    SELECT viewer_id, subject_id, path, since, scopes FROM portfolio_expected
    ON CONFLICT (viewer_id, subject_id)
    DO UPDATE SET path = excluded.path, since = excluded.since, scopes = excluded.scopes
    WHERE (p.path, p.since, p.scopes) IS DISTINCT FROM (excluded.path, excluded.since, excluded.scopes)"""
# Through which partners distributors see customers.
_PARTNER_COLUMNS = "viewer_id, customer_id, partner_id, partner_org_id"
_PARTNER_DIFFERENCES = f"""
    SELECT coalesce(v.org_id, '?') || ' sees ' || coalesce(c.org_id, '?') || ' through a partner: ' ||
           CASE WHEN k.id IS NULL THEN 'missing' ELSE 'should not be there' END
    FROM customer_partner_expected e FULL JOIN connections_customerpartner k USING ({_PARTNER_COLUMNS})
    LEFT JOIN accounts_organization v ON v.id = viewer_id LEFT JOIN accounts_organization c ON c.id = customer_id
    WHERE k.id IS NULL OR e.viewer_id IS NULL ORDER BY 1"""  # noqa: S608 - constants
_REMOVE_PARTNERS = """
    DELETE FROM connections_customerpartner k WHERE NOT EXISTS (
        SELECT FROM customer_partner_expected e
        WHERE (e.viewer_id, e.customer_id, e.partner_id, e.partner_org_id)
            = (k.viewer_id, k.customer_id, k.partner_id, k.partner_org_id))"""
_WRITE_PARTNERS = f"""
    INSERT INTO connections_customerpartner ({_PARTNER_COLUMNS})
    SELECT {_PARTNER_COLUMNS} FROM customer_partner_expected
    ON CONFLICT (viewer_id, customer_id, partner_id) DO NOTHING"""  # noqa: S608
# Notices whose `in_reach` disagrees with the portfolio.
_NOTICES = """
    FROM notifications_notice n
    LEFT JOIN connections_portfolio p ON (p.viewer_id, p.subject_id) = (n.recipient_id, n.about_id)
    WHERE n.about_id IS NOT NULL AND n.in_reach <> coalesce(p.scopes & n.scopes = n.scopes, false)"""
_NOTICE_DIFFERENCES = f"SELECT 'notice ' || n.public_id || ' says in reach: ' || n.in_reach {_NOTICES} ORDER BY n.id"
_MEND_NOTICES = f"""
    UPDATE notifications_notice SET in_reach = NOT in_reach WHERE id IN (SELECT n.id {_NOTICES})"""  # noqa: S608 - constants


def list_portfolio_inconsistencies() -> list[str]:
    """Return a sentence for each stored row that is wrong about who sees whose data; an empty list if all are right.

    It compares the tables Portfolio and CustomerPartner, and the column `in_reach` of notices, with what connections
    and organisations imply. Triggers keep them up to date, so a difference means that something bypassed them.
    """
    with database.cursor() as cursor:
        differences = []
        for statement in (_DIFFERENCES, _PARTNER_DIFFERENCES, _NOTICE_DIFFERENCES):
            cursor.execute(statement)
            differences += cursor.fetchall()
        return [row[0] for row in differences]


@transaction.atomic
def rebuild_portfolio(*, actor: Actor) -> int:
    """Recompute the stored rows that say who sees whose data, and return how many rows changed.

    These are the tables Portfolio and CustomerPartner and the column `in_reach` of notices; all follow from
    organisations and connections, whose other writers wait until it is done.
    """
    authorize_system(actor)
    with database.cursor() as cursor:
        cursor.execute("LOCK TABLE accounts_organization, connections_connection IN SHARE MODE")
        changed = 0
        for statement in (_REMOVE, _WRITE, _REMOVE_PARTNERS, _WRITE_PARTNERS, _MEND_NOTICES):
            cursor.execute(statement)
            changed += cursor.rowcount
        return changed
