"""The list of accounts that can be exported: the operators of the actor's own organisation."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.policies import ROLE_TABLE, AccountPermission
from accounts.queries import list_operators
from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.columns import (
    join_with_semicolons,
    make_boolean_column,
    make_datetime_column,
    make_text_column,
    make_unchanged_column,
)
from partnerportal.lib.exports.lists import ExportableList, Query


def _operators(actor: Actor, _query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the operators of the actor's own organisation; the filters and the customer change nothing."""
    return list_operators(actor)


LISTS = (
    ExportableList(
        key="operators",
        label=_("Operators"),
        rows=_operators,
        rule=(ROLE_TABLE, AccountPermission.VIEW_OPERATORS),
        columns=(
            make_text_column("name", "person__name"),
            make_text_column("email", "person__email"),
            make_unchanged_column("roles", join_with_semicolons("roles")),
            make_boolean_column("finance_granted"),
            make_datetime_column("since", "created_at"),
        ),
    ),
)
