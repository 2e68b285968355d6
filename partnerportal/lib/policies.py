"""Permissions: role tables as data, and answers with a reason."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.actors import Actor, ActorKind
from partnerportal.lib.errors import ActionRefused, Message
from partnerportal.lib.roles import SEE_FINANCE, Role, describe_roles, list_roles_for_kind

NO_BADGE = _("Your organisation needs an active partner programme membership to do this.")
WRONG_KIND = "wrong_kind"  # the code of a refusal for the type of organisation; pages and the API answer it by a 404


@dataclass(frozen=True)
class ActionAllowed:
    """The answer that a permission check gives when the actor may do the action. It counts as true."""

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True)
class ActionDenied:
    """The answer that a permission check gives when the actor may not do the action. It counts as false.

    `code` and `message` give the reason, as a code for programs and a sentence for people. `roles` are those whose
    holders may do it: colleagues in them can be asked. They are empty where no role would help.
    """

    code: str
    message: Message
    roles: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return False


Answer = ActionAllowed | ActionDenied


@dataclass(frozen=True, kw_only=True)
class PermissionRule:
    """The rule for one permission: which kinds of organisation and which roles have it.

    Empty `kinds` or `roles` admit any. With `feature`, the organisation also needs an active membership of a partner
    programme that grants it. `when` is a further condition that roles do not express. It takes the actor and the
    object, or None for the object where the question is about no particular one, and returns an ActionDenied, or None
    if nothing speaks against it.
    """

    label: Message
    kinds: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    feature: str = ""
    when: Callable[[Actor, Any], ActionDenied | None] | None = None

    def list_permitted_roles(self, kind: str) -> list[Role]:
        """Return the roles to which this rule gives the permission in an organisation of the given kind.

        They are in the order of Role.
        """
        return [role for role in list_roles_for_kind(kind) if not self.roles or role in self.roles]

    def admits_roles(self, kind: str, roles: frozenset[str], *, sees_finance: bool = False) -> bool:
        """Return whether somebody with these roles alone has the permission in an organisation of the given kind.

        The organisation counts as having the membership that the rule asks for. `sees_finance` says that the person
        sees orders and prices of customers by grant; some roles see them anyway.
        """
        if (self.kinds and kind not in self.kinds) or not roles.intersection(self.list_permitted_roles(kind)):
            return False
        example = Actor(
            organization_id=0,
            organization_kind=kind,
            roles=roles,
            features=frozenset({self.feature}),
            sees_finance=sees_finance or not roles.isdisjoint(SEE_FINANCE),
        )
        return bool(self.check_actor(example))

    def check_actor(self, actor: Actor, on: Any = None) -> Answer:
        """Return ActionAllowed if the actor has the permission, else an ActionDenied with the first reason against it.

        The system has every permission. A client (a program with a token) passes no rule, because it has no role: what
        its token permits is checked elsewhere. `on` is the object to act on, for the rule's `when`.
        """
        if actor.is_system:
            return ActionAllowed()
        if actor.kind == ActorKind.CLIENT:
            return ActionDenied("not_for_clients", _("This can’t be done with a token."))
        if actor.organization_id is None:
            return ActionDenied("no_organization", _("Choose or create an organisation first."))
        if self.kinds and actor.organization_kind not in self.kinds:
            return ActionDenied(WRONG_KIND, _("This is not available to your type of organisation."))
        if self.feature and self.feature not in actor.features:  # of whom a membership would help
            return ActionDenied("no_badge", NO_BADGE)
        if self.roles and not self.roles & actor.roles:
            permitted = self.list_permitted_roles(actor.organization_kind)
            message = gettext("Only %(roles)s can do this.") % {"roles": describe_roles(permitted)}
            return ActionDenied("wrong_role", message, frozenset(permitted))
        denied = self.when(actor, on) if self.when else None
        return ActionAllowed() if denied is None else denied


RoleTable = Mapping[StrEnum, PermissionRule]
Permission = tuple[RoleTable, StrEnum]  # names one row of a table, as `authorize` takes it

_rules: dict[StrEnum, PermissionRule] = {}


def register_role_table(table: RoleTable) -> None:
    """Add the rules of a role table to those that `list_permission_rules` returns.

    The composition root calls it for the table of each app. Calling it again with the same table changes nothing.
    """
    _rules.update(table)


def list_permission_rules(kind: str = "") -> list[PermissionRule]:
    """Return the registered rules: all, or those by which people in organisations of the kind `kind` may do something.

    They are in the order of registration, which is that of the apps.
    """
    return [rule for rule in _rules.values() if not kind or not rule.kinds or kind in rule.kinds]


def authorize(actor: Actor, table: RoleTable, permission: StrEnum, *, on: Any = None) -> None:
    """Raise ActionRefused unless the actor has the permission by its rule in the role table.

    Every action calls this first. `on` is the object to act on, for rules that look at it; the error has the code of
    the rule's reason.
    """
    answer = table[permission].check_actor(actor, on)
    if isinstance(answer, ActionDenied):
        raise ActionRefused(answer.code, answer.message, roles=answer.roles)


def authorize_system(actor: Actor) -> None:
    """Raise ActionRefused unless the actor is the system.

    Only management commands and jobs act as the system, so it guards what no page and no token of the API does.
    """
    if not actor.is_system:
        raise ActionRefused("not_vendor_staff", _("Only vendor staff can do this."))
