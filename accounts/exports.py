"""The lists of accounts that can be exported: the operators of the actor's organisation, and whom it has invited."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.operator_filters import OperatorFilterSet, OperatorInvitationFilterSet
from accounts.operator_queries import list_operator_invitations, list_operators_with_sign_in
from accounts.policies import ROLE_TABLE, AccountPermission
from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.columns import (
    join_with_semicolons,
    make_boolean_column,
    make_datetime_column,
    make_text_column,
    make_unchanged_column,
)
from partnerportal.lib.exports.lists import ExportableList, Query


def _operators(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the operators that the page shows, by name; the customer changes nothing."""
    return OperatorFilterSet(query, list_operators_with_sign_in(actor)).qs.order_by("person__name", "pk")


def _pending_operators(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the invitations of operators that the page shows, newest first."""
    return OperatorInvitationFilterSet(query, list_operator_invitations(actor)).qs.order_by("-pk")


LISTS = (
    ExportableList(
        key="operators",
        label=_("Operators"),
        rows=_operators,
        rule=(ROLE_TABLE, AccountPermission.VIEW_OPERATORS),
        filters=frozenset(OperatorFilterSet.base_filters),
        columns=(
            make_text_column("name", "person__name"),
            make_text_column("email", "person__email"),
            make_unchanged_column("roles", join_with_semicolons("roles")),
            make_boolean_column("finance_granted"),
            make_datetime_column("since", "created_at"),
            make_datetime_column("last_sign_in", "person__last_login"),
            make_boolean_column("has_second_factor"),
        ),
    ),
    ExportableList(
        key="pending_operators",
        label=_("Invited operators"),
        rows=_pending_operators,
        rule=(ROLE_TABLE, AccountPermission.VIEW_OPERATORS),
        filters=frozenset(OperatorInvitationFilterSet.base_filters),
        columns=(
            make_text_column("email"),
            make_unchanged_column("roles", join_with_semicolons("roles")),
            make_boolean_column("finance_granted"),
            make_unchanged_column("state"),
            make_datetime_column("sent_at", "created_at"),
            make_datetime_column("expires_at"),
            make_datetime_column("opened_at"),
            make_datetime_column("bounced_at"),
            make_datetime_column("closed_at"),
        ),
    ),
)
