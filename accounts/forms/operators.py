"""Forms of the roles of operators, and of their invitations."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from accounts.role_guide import RoleChange, RoleDescription, compare_roles, describe_roles_of_kind
from partnerportal.lib.roles import KINDS_WITH_AGENTS, list_roles_for_kind


class GrantedRolesForm(forms.Form):
    """The base of forms for somebody's roles in an organisation: at least one of those that its kind has.

    Where the organisation has customers, it also asks whether the person may see their orders and prices.
    """

    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one role.")},
    )
    finance_granted = forms.BooleanField(
        label=_("May see customers’ orders and prices"),
        help_text=_(
            "Admins and Admin agents can always see orders and prices. Readers and Sales agents can only if "
            "you tick this box."
        ),
        required=False,
    )

    def __init__(self, data: Mapping[str, Any] | None, *, kind: str, **options: Any) -> None:
        super().__init__(data, **options)
        choices = [(role.value, role.label) for role in list_roles_for_kind(kind)]
        self.fields["roles"].choices = choices  # type: ignore[attr-defined]
        if kind not in KINDS_WITH_AGENTS:  # all its operators see its own orders, and it sees nobody else's
            del self.fields["finance_granted"]
        self.kind = kind

    @property
    def described_roles(self) -> list[tuple[Any, RoleDescription]]:
        """The boxes of the roles, each with what somebody with this role alone can and cannot do."""
        return list(zip(self["roles"], describe_roles_of_kind(self.kind), strict=True))


class OperatorRolesForm(GrantedRolesForm):
    """The form of an operator's roles and finance sight."""

    def __init__(self, data: Mapping[str, Any] | None, *, operator: Operator) -> None:
        initial = {"roles": operator.roles, "finance_granted": operator.finance_granted}
        super().__init__(data, kind=operator.organization.kind, initial=initial)
        self.operator = operator

    def describe_change(self) -> RoleChange:
        """Return what the operator gains and loses by the roles that were entered, which must be valid."""
        return compare_roles(
            self.kind,
            self.operator.roles,
            self.cleaned_data["roles"],
            finance_before=self.operator.finance_granted,
            finance_after=self.cleaned_data.get("finance_granted", False),
        )


class OperatorInvitationForm(GrantedRolesForm):
    """The form that invites an operator: their work address, and the roles and finance sight that they get."""

    email = forms.EmailField(
        label=_("Work email address"),
        max_length=254,
        help_text=_(
            "Use an address at your organisation’s domain. Addresses from free email services are not accepted."
        ),
        widget=forms.EmailInput({"autofocus": True, "autocomplete": "off"}),
    )
    field_order = ("email", "roles", "finance_granted")
