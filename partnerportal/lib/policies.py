"""Permissions: role tables as data, and answers with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message, Refused


@dataclass(frozen=True)
class Allowed:
    """The answer that the actor may do it. It counts as true."""

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True)
class Denied:
    """The answer that the actor may not, with the reason as a code and a sentence. It counts as false."""

    code: str
    message: Message

    def __bool__(self) -> bool:
        return False


Answer = Allowed | Denied


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One row of a role table. Empty `kinds` or `roles` mean any; an active membership must grant `feature`, if set."""

    label: Message
    kinds: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    feature: str = ""

    def check(self, actor: Actor) -> Answer:
        """Return whether the actor may do it, with the first reason why not. The system may do everything."""
        if actor.is_system:
            return Allowed()
        if actor.organization_id is None:
            return Denied("no_organization", _("Choose or create an organisation first."))
        if self.feature and self.feature not in actor.features:
            return Denied("no_badge", _("This needs an active partner programme membership."))
        if self.kinds and actor.organization_kind not in self.kinds:
            return Denied("wrong_kind", _("This is not available to organisations of your kind."))
        if self.roles and not self.roles & actor.roles:
            return Denied("not_admin", _("Only an Admin of your organisation can do this."))
        return Allowed()


RoleTable = Mapping[StrEnum, Rule]
Permission = tuple[RoleTable, StrEnum]  # names one row of a table, as `authorize` takes it


def authorize(actor: Actor, table: RoleTable, permission: StrEnum) -> None:
    """Raise Refused, with the reason's code, if the actor may not do this. It is the first line of every action."""
    answer = table[permission].check(actor)
    if isinstance(answer, Denied):
        raise Refused(answer.code, answer.message)


def authorize_staff(actor: Actor) -> None:
    """Raise Refused unless the actor is the system, for what only vendor staff do, at the command line."""
    if not actor.is_system:
        raise Refused("not_vendor_staff", _("Only vendor staff can do this."))
