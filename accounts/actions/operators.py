"""Actions on operators: who acts for an organisation, and in which roles."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.actions.operator_mails import queue_operator_mail
from accounts.actions.people import reset_unverified_account
from accounts.events import AccountEventKind
from accounts.facts import digest_roles
from accounts.models import Operator, OperatorInvitation, Organization, Person, Role
from accounts.policies import ROLE_TABLE, AccountPermission
from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.changes import Changes, list_changes_between, list_row_changes
from partnerportal.lib.errors import Conflict, InvalidInput, NotFound
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.mailed_invitations import close_invitation
from partnerportal.lib.policies import authorize, authorize_system
from partnerportal.lib.roles import list_roles_for_kind
from partnerportal.lib.states import make_changed_meanwhile_error


@transaction.atomic
def add_operator(
    *,
    actor: Actor,
    organization: Organization,
    person: Person,
    roles: Iterable[Role],
    finance_granted: bool = False,
    keep_roles: bool = False,
) -> Operator:
    """Let a person act for an organisation in these roles, on behalf of the vendor's staff; return the operator.

    `finance_granted` lets them see customers' orders and prices in every role (E-13). Roles and grant that the person
    has there already are replaced, or with `keep_roles` stay beside the new ones. An account without a verified address
    is emptied first (`reset_unverified_account`): otherwise whoever signed up with that address would act now. Open
    invitations and requests to join are closed by it. The person is told by mail. Raises InvalidInput("roles") for no
    role or one that organisations of this kind do not have.
    """
    authorize_system(actor)
    acquire_lock(AdvisoryLock.INVITATIONS, organization.pk)
    reset_unverified_account(actor=actor, person=person)
    granted: dict[str, Any] = {"roles": order_roles(organization, roles), "finance_granted": finance_granted}
    locked = Operator.objects.select_for_update()
    operator, is_new = locked.get_or_create(organization=organization, person=person, defaults=granted)
    if not is_new and keep_roles:
        granted["roles"] = order_roles(organization, {*granted["roles"], *operator.roles})
        granted["finance_granted"] = finance_granted or operator.finance_granted
    changes = list_changes_between({}, granted) if is_new else _store_roles(operator, granted)
    kind = AccountEventKind.OPERATOR_ADDED if is_new else AccountEventKind.OPERATOR_ROLES_CHANGED
    _record(kind, actor, operator, changes=changes)
    queue_operator_mail("added", operator)
    return operator


@transaction.atomic
def change_operator_roles(
    *,
    actor: Actor,
    operator: Operator,
    roles: Iterable[str],
    finance_granted: bool = False,
    seen: str | None = None,
) -> Operator:
    """Replace the roles of an operator; return the operator (CV-17).

    `finance_granted` says whether they see customers' orders and prices in every role, and `seen` is the digest of what
    the dialog showed (`digest_roles`), or None. Raises ActionRefused("own_role") for the actor's own roles,
    Conflict("changed_meanwhile") if the operator has other roles than the dialog showed, Conflict("last_admin") when no
    Admin would be left (E-5), InvalidInput("roles") for no role or one that organisations of this kind do not have, and
    NotFound when the operator no longer exists.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.CHANGE_ROLES, on=operator)
    operator = _lock_operator(actor, operator, AccountPermission.CHANGE_ROLES)
    wanted = order_roles(operator.organization, roles)
    if Role.ADMIN not in wanted:
        _keep_one_admin(operator)
    granted = {"roles": wanted, "finance_granted": finance_granted}
    if list_row_changes(operator, granted) and seen not in (None, digest_roles(operator)):
        raise make_changed_meanwhile_error()
    changes = _store_roles(operator, granted)
    _record(AccountEventKind.OPERATOR_ROLES_CHANGED, actor, operator, changes=changes)
    if changes:
        queue_operator_mail("roles", operator)
    return operator


@transaction.atomic
def remove_operator(*, actor: Actor, operator: Operator, is_told: bool = True) -> None:
    """Take away a person's access to the organisation at once, by deleting their operator.

    Invitations to any of their addresses are withdrawn, so that none of them leads back. The person is mailed, unless
    `is_told` is False. Raises Conflict("last_admin") for the only Admin (E-5) and NotFound
    when the operator no longer exists.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.REMOVE_OPERATORS)
    operator = _lock_operator(actor, operator, AccountPermission.REMOVE_OPERATORS)
    _keep_one_admin(operator)
    _record(AccountEventKind.OPERATOR_REMOVED, actor, operator)
    if is_told:
        queue_operator_mail("removed", operator)
    _withdraw_invitations(actor, operator)
    operator.delete()


def _withdraw_invitations(actor: Actor, operator: Operator) -> None:
    """Withdraw the open invitations to a person's addresses. A trigger does so too, but the log has to say it."""
    proved = EmailAddress.objects.filter(user=operator.person_id, verified=True).values_list("email", flat=True)
    addresses = {email.lower() for email in (operator.person.email, *proved)}
    rows = OperatorInvitation.objects.filter(organization=operator.organization_id, email__in=addresses)
    for row in rows.filter(state=OperatorInvitation.State.OPEN):
        close_invitation(row, OperatorInvitation.State.REVOKED)
        counterpart = operator.organization if actor.is_system else None
        kind = AccountEventKind.OPERATOR_INVITATION_WITHDRAWN
        record_event(kind, actor=actor, subject=row, counterpart=counterpart)


def _store_roles(operator: Operator, granted: dict[str, Any]) -> Changes:
    """Store the roles and the finance sight of a locked operator; return what changed."""
    changes = list_row_changes(operator, granted)
    operator.roles, operator.finance_granted = granted["roles"], granted["finance_granted"]
    operator.save(update_fields=list(granted))
    return changes


def _record(kind: AccountEventKind, actor: Actor, operator: Operator, changes: Changes | None = None) -> None:
    """Record an event about an operator. Its subject is the person, by whom an erasure finds it later."""
    record_event(
        kind,
        actor=actor,
        subject=operator.person,
        counterpart=operator.organization if actor.is_system else None,
        changes=changes,
    )


def order_roles(organization: Organization, roles: Iterable[str]) -> list[str]:
    """Return the roles that somebody is given in an organisation, in the order of Role, each once.

    Raises InvalidInput("roles") for none, or for one that organisations of this kind do not have.
    """
    names, known = set(roles), list_roles_for_kind(organization.kind)
    if not names:
        raise InvalidInput("roles", _("Choose at least one role."), field="roles")
    if not names.issubset(known):
        raise InvalidInput("roles", _("Organisations of this type don’t have this role."), field="roles")
    return [role.value for role in known if role in names]


def _lock_operator(actor: Actor, operator: Operator, permission: AccountPermission) -> Operator:
    """Lock every operator of the organisation and return this one as it is stored now.

    All are locked, in the order of their keys, so that two Admins who demote each other cannot both succeed. Raises
    NotFound when the operator no longer exists, and ActionRefused when the actor lost the permission while waiting.
    """
    rows = Operator.objects.visible_to(actor).filter(organization=operator.organization_id)
    locked = {row.pk: row for row in rows.select_for_update().order_by("pk")}
    if operator.pk not in locked:
        raise NotFound("not_found", _("This operator no longer exists."))
    if not actor.is_system:
        me = [row for row in locked.values() if row.person_id == actor.person_id]
        roles = frozenset(me[0].roles if me else ())
        authorize(replace(actor, roles=roles), ROLE_TABLE, permission, on=operator)
    return locked[operator.pk]


def _keep_one_admin(operator: Operator) -> None:
    """Raise Conflict("last_admin") if no Admin of the organisation is left without them who is not locked out."""
    others = Operator.objects.filter(organization=operator.organization_id).of_working_admins()
    if operator.is_admin and not others.exclude(pk=operator.pk).exists():
        raise Conflict("last_admin", _("An organisation needs at least one Admin. Make someone else an Admin first."))
