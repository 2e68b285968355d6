"""The rows of the operators page, ready for the template."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import Operator, Role
from accounts.policies import ROLE_TABLE, AccountPermission
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.policies import ActionDenied
from partnerportal.lib.roles import SEE_FINANCE


@dataclass(frozen=True)
class OperatorRow:
    """One operator on the operators page.

    `no_change` and `no_removal` say why the roles may not be changed or the operator removed; empty if they may.
    """

    public_id: UUID
    name: str
    email: str
    roles: list[str]
    is_granted_finance: bool  # whether they see orders and prices of customers though their roles do not say so
    since: str
    is_me: bool
    no_change: Message
    no_removal: Message


def build_operator_rows(actor: Actor, operators: Iterable[Operator]) -> list[OperatorRow]:
    """Return an OperatorRow for each operator, with what the actor may do to it (CV-14, CV-17, E-5)."""
    everyone = list(operators)
    is_one_admin = sum(o.is_admin for o in everyone) == 1
    return [_row(actor, o, o.is_admin and is_one_admin) for o in everyone]


def _row(actor: Actor, operator: Operator, is_last_admin: bool) -> OperatorRow:
    no_removal = _refusal(actor, AccountPermission.REMOVE_OPERATORS, operator)
    return OperatorRow(
        public_id=operator.public_id,
        name=str(operator.person),
        email=operator.person.email,
        roles=[str(Role(role).label) for role in operator.roles],
        is_granted_finance=operator.finance_granted and SEE_FINANCE.isdisjoint(operator.roles),
        since=formats.format_date(operator.created_at),
        is_me=operator.person_id == actor.person_id,
        no_change=_refusal(actor, AccountPermission.CHANGE_ROLES, operator),
        no_removal=no_removal or (_("The only Admin cannot be removed.") if is_last_admin else ""),
    )


def _refusal(actor: Actor, permission: AccountPermission, operator: Operator) -> Message:
    """Return why the actor may not do this to the operator, or nothing if they may."""
    answer = ROLE_TABLE[permission].check_actor(actor, operator)
    return answer.message if isinstance(answer, ActionDenied) else ""
