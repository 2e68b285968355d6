"""What vendor staff do to many partners, distributors or customers at once, from their lists (CV-12, G15).

The lists belong to this app because they show the seats of each organisation, and so do these actions on their rows.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.actions.standing import set_account_manager
from accounts.models import Operator, Organization
from accounts.policies import ROLE_TABLE, AccountPermission
from accounts.queries.organizations import list_organizations_for_staff, list_vendor_operators
from entitlements.exports.customers import SOLD_CUSTOMER_LIST
from entitlements.exports.partners import LISTS
from entitlements.models import CustomerListing, PartnerListing
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound
from partnerportal.lib.fields import OneLineFormField
from partnerportal.lib.imports.bulk import BulkAction, apply_row_by_row
from partnerportal.lib.imports.kinds import ImportColumn, ImportMode, ImportRow
from partnerportal.lib.imports.results import RowOutcome, RowResult
from partnerportal.lib.visible_rows import parse_public_ids

CHANGES = RowResult(RowOutcome.CHANGED)
UNCHANGED = RowResult(RowOutcome.ALREADY_THERE)
NO_OPERATOR = RowResult(RowOutcome.REFUSED, _("The chosen account manager is no longer one of the vendor’s operators."))
PARTNERS, DISTRIBUTORS = LISTS


class ManagerForm(forms.Form):
    """The form that asks who is to look after all selected organisations."""

    manager = forms.ChoiceField(label=_("Account manager"), required=False)
    phone = OneLineFormField(label=_("Phone"), required=False, max_length=40)

    def __init__(self, actor: Actor, data: QueryDict | None) -> None:
        super().__init__(data)
        operators = list_vendor_operators(actor)
        names = [(str(row.public_id), str(row.person)) for row in operators]
        self.fields["manager"].choices = [("", _("Nobody")), *names]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Return what was chosen, with the account manager's name beside the ID, for people to read in the dry run."""
        chosen = super().clean() or {}
        names = dict(self.fields["manager"].choices)  # type: ignore[attr-defined]
        return chosen | {"account_manager": str(names.get(chosen.get("manager"), ""))}


def _describe_organization(row: PartnerListing | CustomerListing, chosen: Mapping[str, Any]) -> dict[str, str]:
    phone = chosen["phone"] if chosen["manager"] else ""
    named = {name: chosen[name] for name in ("account_manager", "manager")}
    return {"org_id": row.org_id, "name": row.name, "phone": phone, **named}


def _find_operators(actor: Actor, rows: Sequence[ImportRow]) -> dict[str, Operator]:
    """Return the operators whom the rows name, by public id."""
    wanted = parse_public_ids({row.values["manager"] for row in rows})
    return {str(row.public_id): row for row in list_vendor_operators(actor).filter(public_id__in=wanted)}


def _check_managers(actor: Actor, target: Any, rows: Sequence[ImportRow]) -> list[RowResult]:
    operators = _find_operators(actor, rows)
    found = list_organizations_for_staff(actor).filter(org_id__in=[row.values["org_id"] for row in rows])
    organizations = {organization.org_id: organization for organization in found}
    return [_judge(organizations.get(row.values["org_id"]), operators, row) for row in rows]


def _judge(organization: Organization | None, operators: Mapping[str, Operator], row: ImportRow) -> RowResult:
    """Return whether an organisation would get the account manager of its row."""
    wanted = row.values["manager"]
    if organization is None:
        return RowResult(RowOutcome.UNKNOWN)
    if wanted and wanted not in operators:
        return NO_OPERATOR
    present = (organization.account_manager_id, organization.account_manager_phone)
    new = (operators[wanted].pk if wanted else None, row.values["phone"])
    return UNCHANGED if present == new else CHANGES


def _set_manager(actor: Actor, row: ImportRow) -> RowResult:
    organization = list_organizations_for_staff(actor).filter(org_id=row.values["org_id"]).first()
    if organization is None:
        raise NotFound("not_found", "")
    operators = _find_operators(actor, [row])
    result = _judge(organization, operators, row)
    if result is CHANGES:
        operator, phone = operators.get(row.values["manager"]), row.values["phone"]
        set_account_manager(actor=actor, organization=organization, operator=operator, phone=phone)
    return result


def _label_confirmation(number: int) -> str:
    words = ngettext(
        "Set the account manager for %(count)s organisation",
        "Set the account manager for %(count)s organisations",
        number,
    )
    return words % {"count": formats.format_number(number)}


_COMMON: dict[str, Any] = {
    "label": _("Set account managers"),
    "button": _("Set account manager…"),
    "icon": "users",
    "rule": (ROLE_TABLE, AccountPermission.SET_ACCOUNT_MANAGERS),
    "columns": (
        ImportColumn("org_id", _("ORGID"), "12345678"),
        ImportColumn("name", _("Organisation"), "Contoso Ltd", is_required=False),
        ImportColumn("account_manager", _("Account manager"), "Ann Example", is_required=False),
        ImportColumn("phone", _("Phone"), "+44 20 7946 0000", is_required=False),
        ImportColumn(
            "manager", _("The ID of the operator. Leave empty to assign nobody."), "", is_required=False, is_shown=False
        ),
    ),
    "key_columns": ("org_id",),
    "describe_row": _describe_organization,
    "check": _check_managers,
    "apply": apply_row_by_row(_set_manager),
    "make_form": ManagerForm,
    "modes": (ImportMode("set", _("Set"), _("The organisations will see the new account manager immediately.")),),
    "describe_confirmation": _label_confirmation,
}
PARTNER_MANAGERS = BulkAction(code="partner_managers", source=PARTNERS, list_url_name="partners", **_COMMON)
DISTRIBUTOR_MANAGERS = BulkAction(
    code="distributor_manager", source=DISTRIBUTORS, list_url_name="distributors", **_COMMON
)
CUSTOMER_MANAGERS = BulkAction(
    code="customer_managers", source=SOLD_CUSTOMER_LIST, list_url_name="customers", **_COMMON
)
PARTNER_IMPORTS = (PARTNER_MANAGERS, DISTRIBUTOR_MANAGERS, CUSTOMER_MANAGERS)
