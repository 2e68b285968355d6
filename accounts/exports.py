"""The lists of accounts that can be exported: the operators of the actor's organisation, whom it has invited, and the
vendor's lists of publishers and memberships."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.filters.operators import OperatorFilterSet, OperatorInvitationFilterSet
from accounts.filters.organizations import MembershipFilterSet, OrganizationFilterSet
from accounts.lists.memberships import MEMBERSHIPS
from accounts.lists.operators import OPERATORS, PENDING_OPERATORS
from accounts.lists.organizations import PUBLISHERS
from accounts.models import OrganizationKind
from accounts.policies import ROLE_TABLE, AccountPermission
from accounts.queries.operator_invitations import list_operator_invitations
from accounts.queries.operators import list_operators_with_sign_in
from accounts.queries.organizations import list_all_memberships, list_organizations_of_kind
from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.columns import (
    join_with_semicolons,
    make_boolean_column,
    make_datetime_column,
    make_identifier_column,
    make_text_column,
    make_unchanged_column,
)
from partnerportal.lib.exports.lists import ExportableList, Query


def _operators(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the operators that the page shows, in its order; the customer changes nothing."""
    rows = OperatorFilterSet(query, list_operators_with_sign_in(actor)).qs
    return rows.order_by(*OPERATORS.list_order_fields(query))


def _pending_operators(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the invitations of operators that the page shows, in its order."""
    rows = OperatorInvitationFilterSet(query, list_operator_invitations(actor)).qs
    return rows.order_by(*PENDING_OPERATORS.list_order_fields(query))


def _publishers(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    return _organizations(actor, query, OrganizationKind.PUBLISHER)


def _organizations(actor: Actor, query: Query, kind: OrganizationKind) -> QuerySet[Any]:
    """Return the organisations of one kind that the vendor's page shows, in its order."""
    rows = OrganizationFilterSet(query, list_organizations_of_kind(actor, kind), acting=actor).qs
    return rows.order_by(*PUBLISHERS.list_order_fields(query))


def _memberships(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the programme memberships that the vendor's page shows, in its order."""
    return MembershipFilterSet(query, list_all_memberships(actor)).qs.order_by(*MEMBERSHIPS.list_order_fields(query))


OF_ORGANIZATIONS: dict[str, Any] = {
    "rule": (ROLE_TABLE, AccountPermission.VIEW_ORGANIZATIONS),
    "filters": frozenset({*OrganizationFilterSet.base_filters, "sort"}),
    "columns": (
        make_text_column("name"),
        make_unchanged_column("org_id"),
        make_identifier_column("tenant_id"),
        make_unchanged_column("country"),
        make_text_column("account_manager", "account_manager_name"),
        make_unchanged_column("state"),
        make_datetime_column("created_at"),
    ),
}
LISTS = (
    ExportableList(
        key="operators",
        label=_("Operators"),
        counted_rows=ngettext_lazy("%(total)s operator", "%(total)s operators", "number"),
        rows=_operators,
        rule=(ROLE_TABLE, AccountPermission.VIEW_OPERATORS),
        filters=frozenset({*OperatorFilterSet.base_filters, "sort"}),
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
        counted_rows=ngettext_lazy("%(total)s invited operator", "%(total)s invited operators", "number"),
        rows=_pending_operators,
        rule=(ROLE_TABLE, AccountPermission.VIEW_OPERATORS),
        filters=frozenset({*OperatorInvitationFilterSet.base_filters, "sort"}),
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
    ExportableList(
        key="publishers",
        label=_("Publishers"),
        counted_rows=ngettext_lazy("%(total)s publisher", "%(total)s publishers", "number"),
        rows=_publishers,
        **OF_ORGANIZATIONS,
    ),
    ExportableList(
        key="memberships",
        label=_("Programmes"),
        rows=_memberships,
        rule=(ROLE_TABLE, AccountPermission.VIEW_ORGANIZATIONS),
        filters=frozenset({*MembershipFilterSet.base_filters, "sort"}),
        columns=(
            make_text_column("organization", "organization__name"),
            make_unchanged_column("org_id", "organization__org_id"),
            make_unchanged_column("kind", "organization__kind"),
            make_unchanged_column("program", "program__code"),
            make_unchanged_column("starts_on"),
            make_unchanged_column("ends_on"),
        ),
    ),
)
