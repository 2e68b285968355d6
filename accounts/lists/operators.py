"""The lists of Settings > Operators: who acts for the organisation, and whom it has invited."""

from collections.abc import Mapping
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.filters.operators import INVITATION_STEPS, OperatorFilterSet, OperatorInvitationFilterSet
from accounts.policies import ROLE_TABLE, AccountPermission
from accounts.queries.operator_invitations import list_operator_invitations
from accounts.queries.operators import list_operators_with_sign_in
from accounts.rows.operators import (
    OperatorInvitationRow,
    OperatorRow,
    build_operator_invitation_rows,
    build_operator_rows,
)
from partnerportal.lib.actors import Actor
from partnerportal.lib.keyset import fetch_keyset_page_or_first, make_search_conditions
from partnerportal.lib.list_filters import DAYS, Choices, FilterRange, SeveralValues
from partnerportal.lib.lists import ListColumn, ListDefinition, format_query_value
from partnerportal.lib.personal_lists import PersonalizedList
from partnerportal.lib.roles import list_roles_for_kind


def list_roles(actor: Actor) -> Choices:
    """Return the roles that people can have in the actor's organisation."""
    return [(role.value, str(role.label)) for role in list_roles_for_kind(actor.organization_kind)]


OPERATORS = ListDefinition(
    key="operators",
    label=gettext_lazy("Operators"),
    url_name="operators",
    rule=(ROLE_TABLE, AccountPermission.VIEW_OPERATORS),
    columns=(  # each column has its branch in parts/operator_row.html
        ListColumn(name="name", label=gettext_lazy("Person"), sort="person__name"),
        ListColumn(name="roles", label=gettext_lazy("Roles")),
        ListColumn(name="finance", label=gettext_lazy("Orders and prices"), css="wide-only"),
        ListColumn(name="last_sign_in", label=gettext_lazy("Last sign-in")),
        ListColumn(name="second_factor", label=gettext_lazy("Second factor")),
        ListColumn(name="since", label=gettext_lazy("Since"), sort="created_at", css="wide-only"),
    ),
    filter_set=OperatorFilterSet,
    fields=("q", "role", "second_factor"),
    ranges=(
        FilterRange("seen_from", "seen_to", gettext_lazy("Last sign-in"), DAYS),
        FilterRange("since_from", "since_to", gettext_lazy("Since"), DAYS),
    ),
    several={"role": SeveralValues(gettext_lazy("Role"), list_roles)},
    default_sort="name",
)
PENDING_OPERATORS = ListDefinition(
    key="pending_operators",
    label=gettext_lazy("Invited operators"),
    url_name="pending_operators",
    rule=(ROLE_TABLE, AccountPermission.VIEW_OPERATORS),
    columns=(  # each column has its branch in parts/operator_invitation_row.html
        ListColumn(name="email", label=pgettext_lazy("email", "Address"), sort="email"),
        ListColumn(name="roles", label=gettext_lazy("Roles")),
        ListColumn(name="sent", label=pgettext_lazy("day", "Sent"), sort="created_at"),
        ListColumn(name="ends", label=gettext_lazy("Can be accepted until"), sort="expires_at"),
        ListColumn(name="step", label=gettext_lazy("Status")),
    ),
    filter_set=OperatorInvitationFilterSet,
    fields=("q", "step"),
    ranges=(
        FilterRange("sent_from", "sent_to", pgettext_lazy("day", "Sent"), DAYS),
        FilterRange("valid_from", "valid_to", gettext_lazy("Can be accepted until"), DAYS),
    ),
    several={"step": SeveralValues.from_choices(gettext_lazy("Status"), INVITATION_STEPS.items())},
    default_sort="-sent",
)


class OperatorList(PersonalizedList):
    """The list of the people who act for the actor's organisation, by name (CV-14)."""

    definition = OPERATORS

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        super().__init__(actor, params)
        self.filter_values = OperatorFilterSet(params).cleaned_values
        self.page = fetch_keyset_page_or_first(
            OperatorFilterSet(self.filter_values, list_operators_with_sign_in(actor)).qs,
            any_of=make_search_conditions(self.filter_values),
            **self.keyset_page_options,
        )

    @cached_property
    def rows(self) -> list[OperatorRow]:
        """The rows of the page."""
        return build_operator_rows(self.actor, self.page.rows)

    @property
    def role_choices(self) -> Choices:
        """The choices of the filter by role: pairs of value and label."""
        return self.list_field_choices("role")

    @property
    def second_factor_choices(self) -> list[tuple[str, str]]:
        """The choices of the filter by second factor: pairs of value and label."""
        return [("true", _("With a second factor")), ("false", _("Without a second factor"))]

    @property
    def chosen_second_factor(self) -> str:
        """The value of the filter by second factor as its choices have it, or "" if it is not set."""
        return format_query_value(self.filter_values.get("second_factor", ""))


class PendingOperatorList(PersonalizedList):
    """The list of the invitations of operators that the actor's organisation has sent, newest first."""

    definition = PENDING_OPERATORS

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        super().__init__(actor, params)
        self.filter_values = OperatorInvitationFilterSet(params).cleaned_values
        self.page = fetch_keyset_page_or_first(
            OperatorInvitationFilterSet(self.filter_values, list_operator_invitations(actor)).qs,
            **self.keyset_page_options,
        )

    @cached_property
    def rows(self) -> list[OperatorInvitationRow]:
        """The rows of the page."""
        return build_operator_invitation_rows(self.actor, self.page.rows)

    @property
    def step_choices(self) -> Choices:
        """The choices of the filter by how far an invitation has come: pairs of value and label."""
        return self.list_field_choices("step")
