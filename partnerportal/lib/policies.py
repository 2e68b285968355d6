"""Permissions: role tables as data, and answers with a reason."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.actors import Actor, ActorKind
from partnerportal.lib.errors import Message, Refused
from partnerportal.lib.roles import Role, list_roles, roles_in_words


@dataclass(frozen=True)
class Allowed:
    """The answer that the actor may do the action. It counts as true."""

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True)
class Denied:
    """The answer that the actor may not do the action, with the reason as a code and a sentence. It counts as false."""

    code: str
    message: Message

    def __bool__(self) -> bool:
        return False


Answer = Allowed | Denied


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One row of a role table. Empty `kinds` or `roles` mean any; an active membership must grant `feature`, if set.

    `when` looks at what the roles do not tell. It takes the actor and the object, which is None where the permission as
    such is asked for, and returns why the actor may not do it, or None.
    """

    label: Message
    kinds: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    feature: str = ""
    when: Callable[[Actor, Any], Denied | None] | None = None

    def roles_in(self, kind: str) -> list[Role]:
        """Return the roles that may do it in an organisation of this kind, in the order of Role."""
        return [role for role in list_roles(kind) if not self.roles or role in self.roles]

    def check(self, actor: Actor, on: Any = None) -> Answer:
        """Return whether the actor may do it, with the first reason why not. The system may do everything.

        A client has no role, so no rule lets it through: it does what its permissions say. `on` is the object, where
        the caller has it.
        """
        if actor.is_system:
            return Allowed()
        if actor.kind == ActorKind.CLIENT:
            return Denied("not_for_clients", _("This cannot be done with a token."))
        if actor.organization_id is None:
            return Denied("no_organization", _("Choose or create an organisation first."))
        if self.feature and self.feature not in actor.features:
            return Denied("no_badge", _("This needs an active partner programme membership."))
        if self.kinds and actor.organization_kind not in self.kinds:
            return Denied("wrong_kind", _("This is not available to your type of organisation."))
        if self.roles and not self.roles & actor.roles:
            who = roles_in_words(self.roles_in(actor.organization_kind))
            return Denied("wrong_role", gettext("Only %(roles)s can do this.") % {"roles": who})
        denied = self.when(actor, on) if self.when else None
        return Allowed() if denied is None else denied


RoleTable = Mapping[StrEnum, Rule]
Permission = tuple[RoleTable, StrEnum]  # names one row of a table, as `authorize` takes it


def authorize(actor: Actor, table: RoleTable, permission: StrEnum, *, on: Any = None) -> None:
    """Raise Refused, with the reason's code, unless the actor has the permission by the role table.

    It is the first line of every action. `on` is the object, for rules that look at it.
    """
    answer = table[permission].check(actor, on)
    if isinstance(answer, Denied):
        raise Refused(answer.code, answer.message)


def authorize_staff(actor: Actor) -> None:
    """Raise Refused unless the actor is the system, for what only vendor staff do, at the command line."""
    if not actor.is_system:
        raise Refused("not_vendor_staff", _("Only vendor staff can do this."))
