"""What each role may do in an organisation of one kind, and what a change of roles adds and takes away, in words.

All of it is drawn from the role tables of the apps, which are also what the portal checks.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from partnerportal.lib.errors import Message
from partnerportal.lib.policies import list_permission_rules
from partnerportal.lib.roles import SEE_FINANCE, Role, list_roles_for_kind

SUMMARIES: dict[Role, Message] = {
    Role.READER: _("Can see most of what the organisation sees, but can’t change anything."),
    Role.ADMIN: _("Can do everything, and decides who else may act for the organisation."),
    Role.ADMIN_AGENT: _(
        "Looks after customers: can see their orders and prices, and buy and change services for them."
    ),
    Role.SALES_AGENT: _("Sells to customers, and can see their orders and prices only if an Admin allows it."),
}


@dataclass(frozen=True)
class RoleDescription:
    """One role with what somebody who has it alone can and cannot do in an organisation of one kind."""

    role: Role
    label: Message
    summary: Message
    can: list[Message]
    cannot: list[Message]


@dataclass(frozen=True)
class RoleChange:
    """What a change of somebody's roles and finance sight lets them do that they could not before, and the reverse."""

    gained: list[Message]
    lost: list[Message]


def describe_roles_of_kind(kind: str) -> list[RoleDescription]:
    """Return a RoleDescription for each role that an organisation of this kind has."""
    return [_describe(kind, role) for role in list_roles_for_kind(kind)]


def _describe(kind: str, role: Role) -> RoleDescription:
    can = list_abilities(kind, {role})
    cannot = [label for label in list_abilities(kind, list(Role), finance_granted=True) if label not in can]
    return RoleDescription(role, role.label, SUMMARIES[role], can, cannot)


def list_abilities(kind: str, roles: Collection[str], *, finance_granted: bool = False) -> list[Message]:
    """Return what somebody with all these roles may do in an organisation of this kind, each as a phrase."""
    held = frozenset(roles)
    finance = finance_granted or not held.isdisjoint(SEE_FINANCE)
    return [rule.label for rule in list_permission_rules(kind) if rule.admits_roles(kind, held, sees_finance=finance)]


def compare_roles(
    kind: str, before: Collection[str], after: Collection[str], *, finance_before: bool, finance_after: bool
) -> RoleChange:
    """Return what somebody gains and loses when their roles and their finance sight change in this way."""
    could = list_abilities(kind, before, finance_granted=finance_before)
    can = list_abilities(kind, after, finance_granted=finance_after)
    return RoleChange(
        gained=[label for label in can if label not in could], lost=[label for label in could if label not in can]
    )
