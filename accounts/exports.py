"""The list of accounts that can be exported: the operators of the actor's own organisation."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.policies import ROLE_TABLE, AccountPermission
from accounts.queries import list_operators
from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.columns import (
    boolean_column,
    joined_by_semicolon,
    moment_column,
    raw_column,
    text_column,
)
from partnerportal.lib.exports.lists import ExportList, Query


def _operators(actor: Actor, _query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the operators of the actor's own organisation; the filters and the customer change nothing."""
    return list_operators(actor)


LISTS = (
    ExportList(
        key="operators",
        label=_("Operators"),
        rows=_operators,
        rule=(ROLE_TABLE, AccountPermission.VIEW_OPERATORS),
        columns=(
            text_column("name", "person__name"),
            text_column("email", "person__email"),
            raw_column("roles", joined_by_semicolon("roles")),
            boolean_column("finance_granted"),
            moment_column("since", "created_at"),
        ),
    ),
)
