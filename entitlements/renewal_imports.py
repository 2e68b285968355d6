"""What people do about many renewals at once, from their list (G15): set state, owner, and note."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import Operator
from entitlements.actions.renewal_work import change_renewal_work
from entitlements.exports.customers import LISTS
from entitlements.forms.renewal_work import RenewalNoteForm, RenewalOwnerForm, RenewalStateForm
from entitlements.models import Entitlement, RenewalState, RenewalWork
from entitlements.models.renewal_work import NOTE_LENGTH
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.renewal_work import list_renewal_owners, list_renewal_work
from entitlements.queries.renewals import list_upcoming_renewals
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound
from partnerportal.lib.imports.bulk import BulkAction, apply_row_by_row
from partnerportal.lib.imports.kinds import ImportColumn, ImportMode, ImportRow
from partnerportal.lib.imports.results import RowOutcome, RowResult
from partnerportal.lib.visible_rows import parse_public_ids

RENEWALS = next(exported for exported in LISTS if exported.key == "renewals")
CHANGES = RowResult(RowOutcome.CHANGED)
UNCHANGED = RowResult(RowOutcome.ALREADY_THERE)
UNKNOWN = RowResult(RowOutcome.UNKNOWN)
NO_STATE = RowResult(RowOutcome.REFUSED, _("This is not a valid state for a renewal."))
NO_OPERATOR = RowResult(RowOutcome.REFUSED, _("The chosen owner is no longer an operator of your organisation."))
LONG_NOTE = RowResult(RowOutcome.REFUSED, _("The note is too long."))
NEW_TERM = RowResult(RowOutcome.REFUSED, _("The last day has changed since the row was selected."))

# What a row of the file would change: the result of its dry run, and the arguments of the action.
Judgement = tuple[RowResult, dict[str, Any]]
Judge = Callable[[ImportRow, RenewalWork | None, Mapping[str, Operator]], Judgement]


def _describe_renewal(row: Entitlement, chosen: Mapping[str, Any]) -> dict[str, str]:
    owner = chosen.get("owner")
    return {
        "entitlement": str(row.public_id),
        "customer": row.customer.name,
        "service": row.sku.name,
        "ends_on": row.ends_on.isoformat() if row.ends_on else "",
        "renewal_state": chosen.get("state", ""),
        "owner": str(owner.person) if owner else "",
        "renewal_owner": str(owner.public_id) if owner else "",
        "renewal_note": chosen.get("note", ""),
    }


def _judge_state(row: ImportRow, work: RenewalWork | None, _operators: Mapping[str, Operator]) -> Judgement:
    wanted = row.values["renewal_state"]
    if wanted not in RenewalState.values:
        return NO_STATE, {}
    present = work.state if work else RenewalState.OPEN
    return (UNCHANGED if present == wanted else CHANGES), {"state": wanted}


def _judge_owner(row: ImportRow, work: RenewalWork | None, operators: Mapping[str, Operator]) -> Judgement:
    wanted = row.values["renewal_owner"]
    if wanted and wanted not in operators:
        return NO_OPERATOR, {}
    owner = operators.get(wanted)
    is_same = (work.owner_id if work else None) == (owner.person_id if owner else None)
    return (UNCHANGED if is_same else CHANGES), {"owner": owner}


def _judge_note(row: ImportRow, work: RenewalWork | None, _operators: Mapping[str, Operator]) -> Judgement:
    wanted = row.values["renewal_note"]
    if len(wanted) > NOTE_LENGTH:
        return LONG_NOTE, {}
    return (UNCHANGED if (work.note if work else "") == wanted else CHANGES), {"note": wanted}


def _judge_rows(
    actor: Actor, rows: Sequence[ImportRow], judge: Judge
) -> list[tuple[Entitlement | None, RowResult, dict[str, Any]]]:
    """Return for each row its entitlement, or None where it is not seen or has ended, and what would become of it."""
    wanted = parse_public_ids(row.values["entitlement"] for row in rows)
    found = list_upcoming_renewals(actor).filter(public_id__in=wanted)
    entitlements = {str(entitlement.public_id): entitlement for entitlement in found}
    work = list_renewal_work(actor, entitlements.values())
    operators = {str(operator.public_id): operator for operator in list_renewal_owners(actor)}
    judged: list[tuple[Entitlement | None, RowResult, dict[str, Any]]] = []
    for row in rows:
        entitlement = entitlements.get(row.values["entitlement"])
        if entitlement is None:
            judged.append((None, UNKNOWN, {}))
        elif str(entitlement.ends_on) != row.values["ends_on"]:
            judged.append((entitlement, NEW_TERM, {}))
        else:
            judged.append((entitlement, *judge(row, work.get(entitlement.pk), operators)))
    return judged


def _make_action(judge: Judge) -> dict[str, Any]:
    """Return the `check` and the `apply` of a bulk action whose rows are judged so."""

    def check(actor: Actor, target: Any, rows: Sequence[ImportRow]) -> list[RowResult]:
        return [result for _entitlement, result, _changes in _judge_rows(actor, rows, judge)]

    def apply_row(actor: Actor, row: ImportRow) -> RowResult:
        ((entitlement, result, changes),) = _judge_rows(actor, [row], judge)
        if entitlement is None:
            raise NotFound("not_found", "")
        if result is CHANGES:
            change_renewal_work(actor=actor, entitlement=entitlement, ends_on=entitlement.ends_on, **changes)
        return result

    return {"check": check, "apply": apply_row_by_row(apply_row)}


def _label_state(number: int) -> str:
    words = ngettext("Set the state of %(count)s renewal", "Set the state of %(count)s renewals", number)
    return words % {"count": formats.format_number(number)}


def _label_owner(number: int) -> str:
    words = ngettext("Set the owner of %(count)s renewal", "Set the owner of %(count)s renewals", number)
    return words % {"count": formats.format_number(number)}


def _label_note(number: int) -> str:
    words = ngettext("Update the note on %(count)s renewal", "Update the note on %(count)s renewals", number)
    return words % {"count": formats.format_number(number)}


_COLUMNS = (
    ImportColumn("entitlement", _("The ID of the entitlement"), "6f9619ff-8b86-d011-b42d-00cf4fc964ff", is_shown=False),
    ImportColumn("customer", _("Customer"), "Contoso Ltd", is_required=False),
    ImportColumn("service", _("Service"), "Workspace", is_required=False),
    ImportColumn("ends_on", _("Last day"), "2026-12-13"),
)
_COMMON: dict[str, Any] = {
    "source": RENEWALS,
    "list_url_name": "renewals",
    "rule": (ROLE_TABLE, EntitlementPermission.WORK_ON_RENEWALS),
    "key_columns": ("entitlement",),
    "describe_row": _describe_renewal,
    "modes": (ImportMode("set", _("Set"), _("Visible only to your organisation.")),),
}
SET_STATE = BulkAction(
    code="renewal_state",
    label=_("Set the state of renewals"),
    button=_("Set state…"),
    icon="calendar-clock",
    columns=(*_COLUMNS, ImportColumn("renewal_state", _("State"), "contacted")),
    make_form=RenewalStateForm,
    describe_confirmation=_label_state,
    **_make_action(_judge_state),
    **_COMMON,
)
SET_OWNER = BulkAction(
    code="renewal_owner",
    label=_("Set the owner of renewals"),
    button=_("Set owner…"),
    icon="users",
    columns=(
        *_COLUMNS,
        ImportColumn("owner", _("Owner"), "Ann Example", is_required=False),
        ImportColumn(
            "renewal_owner",
            _("The ID of the operator. Leave empty to assign nobody."),
            "",
            is_required=False,
            is_shown=False,
        ),
    ),
    make_form=RenewalOwnerForm,
    describe_confirmation=_label_owner,
    **_make_action(_judge_owner),
    **_COMMON,
)
SET_NOTE = BulkAction(
    code="renewal_note",
    label=_("Update the note on renewals"),
    button=_("Update note…"),
    icon="pencil",
    columns=(*_COLUMNS, ImportColumn("renewal_note", _("Note"), "Sent a quote.", is_required=False)),
    make_form=RenewalNoteForm,
    describe_confirmation=_label_note,
    **_make_action(_judge_note),
    **_COMMON,
)
RENEWAL_IMPORTS = (SET_STATE, SET_OWNER, SET_NOTE)
