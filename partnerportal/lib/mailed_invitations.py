"""Invitations that are mailed to an address and accepted once, by the person who proves that the address is theirs.

The life of an invitation, a row whose model is `MailedInvitation`:

1. An action stores the row, which is open, calls `issue_invitation_token`, and mails the link that holds the token.
2. Sending it again, copying its link and the reminder each issue one more token. Up to LIVE_TOKENS work side by side,
   so that an earlier mail goes on working. Each but the reminder's moves the end of the invitation to
   PORTAL_ACTIVATION_KEPT from then on.
3. Opening the link changes nothing, because mail scanners open links too. The press of "Continue" is a POST, which
   calls `record_invitation_opening`.
4. Whoever accepts it calls `lock_live_invitation`, makes what the invitation is about, and calls `close_invitation`.
   Withdrawing it closes it too. Of the two, the one that has the lock on the row first wins.
5. With the first use, the withdrawal, another address or the end, all its tokens are deleted, and with the first use
   the other open invitations of that address by the same organisation are withdrawn: a trigger does both
   (`protect_mailed_invitations`). That an invitation has ended is no state, but follows from `expires_at`.

Only the digest of a token is stored. To the database, somebody who holds a token is who enters with its digest as the
secret of the transaction (`as_invitation_holder`): row-level security then shows them that one open invitation, and
lets them open and accept it.
"""

import datetime as dt
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from django.conf import settings
from django.db import migrations, models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerportal.lib import tenancy
from partnerportal.lib.actors import Actor
from partnerportal.lib.domain_names import normalize_email_address
from partnerportal.lib.errors import Conflict, InvalidInput, NotFound
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.states import change_row_state, enforce_state_transitions, make_state_changed_error
from partnerportal.lib.sweeping import delete_in_batches
from partnerportal.lib.tenancy import NOW, enable_row_security, fill_columns_by_trigger
from partnerportal.lib.tokens import digest_secret, generate_token, has_token_shape

LIVE_TOKENS = 5  # links of one invitation that work side by side
REMINDED_AFTER = dt.timedelta(days=5)  # since its last link, without an answer
LONGEST_LIFE = 30  # days; the setting is not longer
REMINDED_AT_ONCE = 50  # invitations in one transaction of the periodic task

MOVES = {"open": ["accepted", "revoked"], "accepted": [], "revoked": []}


class MailedInvitation(PublicIdModel):
    """The base of models for an invitation that is mailed to an address, and can be accepted once by whoever has it.

    Its model of tokens (`MailedInvitationToken`) refers to it by a foreign key `invitation` with the related name
    `tokens`, and its migration calls `protect_mailed_invitations`.
    """

    class State(models.TextChoices):
        """Whether an invitation can still be accepted, was accepted, or was withdrawn by whoever sent it."""

        OPEN = "open"
        ACCEPTED = "accepted"
        REVOKED = "revoked"

    MOVES = {
        State.OPEN: frozenset({State.ACCEPTED, State.REVOKED}),
        State.ACCEPTED: frozenset(),
        State.REVOKED: frozenset(),
    }
    BEGINS = State.OPEN

    email = models.EmailField(_("email address"))  # in lower case
    language = models.CharField(max_length=8, choices=settings.LANGUAGES)  # of its mails
    person_id = models.BigIntegerField(null=True)  # who sent it; the log has the name
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()  # set by `issue_invitation_token`
    opened_at = models.DateTimeField(null=True)  # when "Continue" was pressed for the first time
    reminded_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)  # when the mail server refused its last mail for good
    closed_at = models.DateTimeField(null=True)  # when it was accepted or withdrawn

    class Meta:
        abstract = True

    tokens: Any  # the related manager of its tokens

    @property
    def is_expired(self) -> bool:
        """Whether the invitation has ended before anybody accepted or withdrew it."""
        return self.state == self.State.OPEN and self.expires_at <= timezone.now()

    @property
    def is_live(self) -> bool:
        """Whether the invitation can be accepted: it is open and has not ended."""
        return self.state == self.State.OPEN and not self.is_expired

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.lower()
        super().save(*args, **kwargs)


class MailedInvitationToken(models.Model):
    """The base of models for the tokens in the links of an invitation. Only the digest of a token is stored."""

    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True


M = TypeVar("M", bound=MailedInvitation)
TOO_MANY_LINKS = _(
    "This invitation has five working links already. Use one of those, or withdraw the invitation and send a new one."
)


def read_invited_address(email: str) -> str:
    """Return the address to which an invitation goes, in lower case. Raises InvalidInput("email") for anything else."""
    try:
        return normalize_email_address(email)
    except ValueError:
        raise InvalidInput("email", _("Enter a valid email address."), field="email") from None


def compute_invitation_end() -> dt.datetime:
    """Return the moment until which an invitation that is sent now can be accepted."""
    end: dt.datetime = timezone.now() + settings.PORTAL_ACTIVATION_KEPT
    return end


def filter_live(invitations: "QuerySet[M]") -> "QuerySet[M]":
    """Return the invitations that can be accepted: those that are open and have not ended."""
    return invitations.filter(state=MailedInvitation.State.OPEN, expires_at__gt=timezone.now())


def filter_expired(invitations: "QuerySet[M]") -> "QuerySet[M]":
    """Return the invitations that have ended before anybody accepted or withdrew them."""
    return invitations.filter(state=MailedInvitation.State.OPEN, expires_at__lte=timezone.now())


def issue_invitation_token(invitation: M, *, extend: bool = True) -> str:
    """Store one more token of an open invitation, and return it: it is for the link, and nobody can read it again.

    The invitation's row is locked, and `invitation` gets its new end: PORTAL_ACTIVATION_KEPT from now. Without `extend`
    the end stays. One that has ended begins anew, and earlier links stay dead. Must be called in a transaction. Raises
    Conflict("too_many_links") when LIVE_TOKENS work already, and Conflict("state_changed") when the invitation was
    accepted or withdrawn meanwhile.
    """
    row = type(invitation)._default_manager.select_for_update(of=("self",)).filter(pk=invitation.pk).first()
    if row is None or row.state != MailedInvitation.State.OPEN:
        raise make_state_changed_error()
    if not row.is_expired and row.tokens.count() >= LIVE_TOKENS:
        raise Conflict("too_many_links", TOO_MANY_LINKS)
    if extend:
        invitation.expires_at = row.expires_at = compute_invitation_end()
        row.save(update_fields=["expires_at"])  # a trigger deletes the tokens of one that had ended
    token = generate_token()
    row.tokens.create(digest=digest_secret(token))
    return token


def as_invitation_holder(actor: Actor, token: str) -> AbstractContextManager[None]:
    """Return a context manager in which the database knows that the actor holds the mailed invitation of this token.

    Inside it, queries and actions can read the invitation, and open or accept it, though it belongs to somebody else.
    """
    return tenancy.as_tenant(
        organization_id=actor.organization_id, person_id=actor.person_id, secret=digest_secret(token)
    )


def get_live_invitation(invitations: "QuerySet[M]", token: str) -> M:
    """Return the invitation, of those given, that the token leads to and that can be accepted.

    It must be called `as_invitation_holder`. Raises NotFound("unknown_invitation") for a token that is unknown, and for
    an invitation that was used or withdrawn or has ended, which look the same.
    """
    found = filter_live(invitations).filter(tokens__digest=digest_secret(token)) if has_token_shape(token) else None
    invitation = found.first() if found is not None else None
    if invitation is None:
        raise NotFound("unknown_invitation", "")
    return invitation


def lock_live_invitation(invitations: "QuerySet[M]", token: str) -> M:
    """Return the invitation as `get_live_invitation` does, with its row locked until the transaction ends.

    Whoever accepts or withdraws it at the same moment is waited for, and then it raises NotFound as well.
    """
    return get_live_invitation(invitations.select_for_update(of=("self",)), token)


def record_invitation_opening(invitation: MailedInvitation) -> None:
    """Store that "Continue" was pressed on the page of an invitation, if it is for the first time."""
    rows = type(invitation)._default_manager.filter(pk=invitation.pk, opened_at=None)
    rows.update(opened_at=timezone.now())


def close_invitation(invitation: M, new_state: str) -> M:
    """Move an open invitation to the state `new_state`, accepted or revoked; return it as stored.

    All its tokens die with it. Raises Conflict("state_changed") when it is closed already.
    """
    return change_row_state(invitation, new_state, closed_at=timezone.now())


def lock_invitations_to_remind(model: type[M]) -> list[M]:
    """Return up to REMINDED_AT_ONCE invitations whose reminder is due, with their rows locked.

    A live invitation is due once, when its last link is older than REMINDED_AFTER. Rows that another worker has locked
    are passed over. The caller issues a token without `extend`, queues the mail and sets `reminded_at`, also for one
    that has no room for another token.
    """
    tokens: Any = model._meta.get_field("tokens").related_model
    since = timezone.now() - REMINDED_AFTER
    recent = tokens.objects.filter(invitation=OuterRef("pk"), created_at__gt=since)
    due = filter_live(model._default_manager.all()).filter(~Exists(recent), reminded_at=None, bounced_at=None)
    return list(due.select_for_update(skip_locked=True, of=("self",)).order_by("pk")[:REMINDED_AT_ONCE])


def delete_old_invitations(model: type[MailedInvitation], *, but: Q | None = None) -> int:
    """Delete the invitations that were used, withdrawn or had ended before PORTAL_INVITATIONS_KEPT; return how many.

    Those of `but` stay: something has happened to them since.
    """
    before = timezone.now() - settings.PORTAL_INVITATIONS_KEPT
    return delete_in_batches(
        model._default_manager.filter(Q(closed_at__lt=before) | Q(closed_at=None, expires_at__lt=before)).exclude(
            but or Q(pk=None)
        )
    )


_HOLDER = """
CREATE FUNCTION {table}_is_held(invitation bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM {tokens} t JOIN {table} i ON i.id = t.invitation_id
                   WHERE i.id = invitation AND t.digest = portal_secret()
                     AND i.state = 'open' AND i.expires_at > statement_timestamp()) $$;
GRANT EXECUTE ON FUNCTION {table}_is_held(bigint) TO portal_app;
"""
_TOKENS_DIE = """
CREATE FUNCTION {table}_tokens_die() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM {tokens} WHERE invitation_id = NEW.id;
    {withdrawal}
    RETURN NULL;
END $$;
CREATE TRIGGER tokens_die AFTER UPDATE OF state, email, expires_at ON {table} FOR EACH ROW
    WHEN (NEW.state <> 'open' OR NEW.email <> OLD.email
          OR OLD.expires_at <= statement_timestamp() AND NEW.expires_at > OLD.expires_at)
    EXECUTE FUNCTION {table}_tokens_die();
"""
_WITHDRAWAL = """IF NEW.state = 'accepted' THEN
        UPDATE {table} SET state = 'revoked', closed_at = statement_timestamp()
            WHERE email = NEW.email AND organization_id = NEW.organization_id AND state = 'open';
    END IF;"""
_LATEST_END = f"least(NEW.expires_at, {NOW} + interval '{LONGEST_LIFE} days')"


def protect_mailed_invitations(
    table: str,
    token_table: str,
    *,
    seen: str = "organization_id = portal_org()",
    sent: str = "portal_is_admin()",
    update: str = "",
    filled: Mapping[str, str] | None = None,
    withdraws_others: bool = True,
) -> list[migrations.RunSQL]:
    """Return the migration operations that put a table of mailed invitations and its tokens under row-level security.

    The table has a column `organization_id` with the organisation that invites. `seen` is the SQL condition for the
    invitations that a tenant sees, and `sent` the further one for whoever sends, withdraws and adds links. Both name
    columns of the invitation's table alone. `update` names further columns that they may change, each after a comma,
    and `filled` maps columns to the SQL by which they are filled in when a row is stored, whatever the tenant wrote.
    Whoever holds a token sees that invitation, opens and accepts it. A trigger deletes the tokens of one that is
    closed, had ended or goes to another address, and withdraws the other invitations of whoever accepts one, unless
    `withdraws_others` is False: then the app itself says which of them are to the same organisation.
    """
    names = {"table": table, "tokens": token_table}
    of_invitation = f"SELECT true FROM {table} WHERE {table}.id = invitation_id"  # noqa: S608 - a table's name
    held = f"{table}_is_held({table}.id)"
    return [
        migrations.RunSQL(_HOLDER.format(**names), f"DROP FUNCTION {table}_is_held(bigint)"),
        enable_row_security(
            table,
            using=f"{seen} OR {held}",
            check=f"({seen}) AND {sent} OR {held}",
            grant=f"SELECT, INSERT, UPDATE (state, expires_at, opened_at, bounced_at, closed_at{update})",
        ),
        fill_columns_by_trigger(
            table,
            on_insert={"created_at": NOW, "person_id": "portal_person()", "expires_at": _LATEST_END}
            | dict.fromkeys(("opened_at", "reminded_at", "bounced_at", "closed_at"), "NULL")
            | dict(filled or {}),
            on_change={"expires_at": _LATEST_END, "opened_at": NOW, "bounced_at": "NULL", "closed_at": NOW},
        ),
        enforce_state_transitions(table, MOVES, initial_state="open", enforced_for="everybody"),
        enable_row_security(
            token_table,
            using=f"digest = portal_secret() OR ({of_invitation} AND ({seen}))",
            check=f"({of_invitation} AND ({seen}) AND {sent})",
            grant="SELECT, INSERT",
        ),
        fill_columns_by_trigger(token_table, on_insert={"created_at": NOW}),
        migrations.RunSQL(
            _TOKENS_DIE.format(**names, withdrawal=_WITHDRAWAL.format(**names) if withdraws_others else ""),
            f"DROP TRIGGER tokens_die ON {table}; DROP FUNCTION {table}_tokens_die()",
        ),
    ]
