"""What people can do to many customers or trials at once, from the lists of this app (G15), and activation links."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from connections.actions import end_connection
from connections.models import Connection
from connections.policies import ROLE_TABLE as CONNECTION_ROLES
from connections.policies import ConnectionPermission
from entitlements.actions.trials import NO_LATER_END, approve_trial, compute_extended_trial_end, extend_trial
from entitlements.activation_imports import ACTIVATION_IMPORTS
from entitlements.exports.customers import LISTS as CUSTOMER_LISTS
from entitlements.exports.requests import LISTS as REQUEST_LISTS
from entitlements.models import Entitlement
from entitlements.models.listing import CustomerListing
from entitlements.partner_imports import PARTNER_IMPORTS
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.trials import get_trial, list_trials
from entitlements.renewal_imports import RENEWAL_IMPORTS
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.imports.bulk import BulkAction, apply_row_by_row
from partnerportal.lib.imports.kinds import ImportColumn, ImportMode, ImportRow
from partnerportal.lib.imports.results import RowOutcome, RowResult
from partnerportal.lib.states import make_state_changed_error
from partnerportal.lib.visible_rows import get_by_public_id

State = Entitlement.State
CUSTOMERS = next(exported for exported in CUSTOMER_LISTS if exported.key == "customers")
TRIALS = next(exported for exported in REQUEST_LISTS if exported.key == "trials")
NOT_CONNECTED = RowResult(RowOutcome.REFUSED, _("Your organisation has no active connection with this customer."))
NOT_WAITING = RowResult(RowOutcome.REFUSED, _("This trial is not waiting for a decision."))
NOT_RUNNING = RowResult(RowOutcome.REFUSED, _("This trial is not running."))
ENDLESS = RowResult(RowOutcome.REFUSED, NO_LATER_END)
CHANGES = RowResult(RowOutcome.CHANGED)


def _describe_customer(row: CustomerListing, chosen: Mapping[str, Any]) -> dict[str, str]:
    return {"org_id": row.org_id, "customer": row.name}


def _check_connections(actor: Actor, target: Any, rows: Sequence[ImportRow]) -> list[RowResult]:
    """Return for each customer whether its connection with the actor's organisation would end, and which it is."""
    own = Connection.objects.visible_to(actor).active().filter(partner=actor.organization_id)
    found = own.filter(customer__org_id__in=[row.values["org_id"] for row in rows])
    ids = {org_id: str(public_id) for org_id, public_id in found.values_list("customer__org_id", "public_id")}
    return [
        RowResult(RowOutcome.CHANGED, filled={"connection": ids[row.values["org_id"]]})
        if row.values["org_id"] in ids
        else NOT_CONNECTED
        for row in rows
    ]


def _end_connection(actor: Actor, row: ImportRow) -> RowResult:
    """End the very connection that the dry run found: one that was made since then is left alone."""
    if not row.values["connection"]:
        return NOT_CONNECTED
    connection = get_by_public_id(Connection.objects.visible_to(actor), UUID(row.values["connection"]))
    end_connection(actor=actor, connection=connection)
    return CHANGES


def _describe_trial(trial: Entitlement, chosen: Mapping[str, Any]) -> dict[str, str]:
    return {
        "trial": str(trial.public_id),
        "customer": trial.customer.name,
        "service": trial.sku.name,
        "ends_on": trial.ends_on.isoformat() if trial.ends_on else "",
    }


def _find_trials(actor: Actor, rows: Sequence[ImportRow]) -> list[Entitlement | None]:
    """Return the trial of each row, or None where the actor does not see it, as after its conversion."""
    found = list_trials(actor).filter(public_id__in=[row.values["trial"] for row in rows])
    by_id = {str(trial.public_id): trial for trial in found}
    return [by_id.get(row.values["trial"]) for row in rows]


def _check_approvals(actor: Actor, target: Any, rows: Sequence[ImportRow]) -> list[RowResult]:
    return [CHANGES if trial and trial.state == State.REQUESTED else NOT_WAITING for trial in _find_trials(actor, rows)]


def _approve(actor: Actor, row: ImportRow) -> RowResult:
    approve_trial(actor=actor, trial=get_trial(actor, UUID(row.values["trial"])))
    return CHANGES


def _check_extensions(actor: Actor, target: Any, rows: Sequence[ImportRow]) -> list[RowResult]:
    return [_judge_extension(trial) for trial in _find_trials(actor, rows)]


def _judge_extension(trial: Entitlement | None) -> RowResult:
    """Return whether a trial would be extended, and to which day."""
    if trial is None or trial.state != State.ACTIVE:
        return NOT_RUNNING
    later = compute_extended_trial_end(trial)
    return RowResult(RowOutcome.CHANGED, filled={"new_ends_on": later.isoformat()}) if later else ENDLESS


def _extend(actor: Actor, row: ImportRow) -> RowResult:
    """Extend a trial to the day of the dry run: one that a colleague has extended since then is left alone."""
    trial, later = get_trial(actor, UUID(row.values["trial"])), row.values["new_ends_on"]
    if not later and (result := _judge_extension(trial)).outcome == RowOutcome.REFUSED:
        return result  # for the reason that the dry run gave
    if not later:
        raise make_state_changed_error()
    extend_trial(actor=actor, trial=trial, ends_on=dt.date.fromisoformat(later))
    return CHANGES


def _label_end(number: int) -> str:
    words = ngettext("End %(count)s connection", "End %(count)s connections", number)
    return words % {"count": formats.format_number(number)}


def _label_approve(number: int) -> str:
    words = ngettext("Approve %(count)s trial", "Approve %(count)s trials", number)
    return words % {"count": formats.format_number(number)}


def _label_extend(number: int) -> str:
    words = ngettext("Extend %(count)s trial", "Extend %(count)s trials", number)
    return words % {"count": formats.format_number(number)}


TRIAL_COLUMNS = (
    ImportColumn("trial", _("The ID of the trial"), "6f9619ff-8b86-d011-b42d-00cf4fc964ff", is_shown=False),
    ImportColumn("customer", _("Customer"), "Contoso Ltd", is_required=False),
    ImportColumn("service", _("Service"), "Workspace", is_required=False),
    ImportColumn("ends_on", _("Last day"), "2026-12-13", is_required=False),
)
END_CONNECTIONS = BulkAction(
    code="end_connections",
    label=_("End connections"),
    button=_("End connections…"),
    icon="unlink",
    is_danger=True,
    source=CUSTOMERS,
    list_url_name="customers",
    rule=(CONNECTION_ROLES, ConnectionPermission.END),
    columns=(
        ImportColumn("org_id", _("ORGID"), "12345678"),
        ImportColumn("customer", _("Customer"), "Contoso Ltd", is_required=False),
        ImportColumn("connection", _("The ID of the connection"), "", is_required=False, is_shown=False),
    ),
    key_columns=("org_id",),
    filled_columns=("connection",),
    describe_row=_describe_customer,
    check=_check_connections,
    apply=apply_row_by_row(_end_connection),
    modes=(
        ImportMode(
            "end", _("End"), _("You will no longer be able to see these customers. They will get a notification.")
        ),
    ),
    describe_confirmation=_label_end,
)
APPROVE_TRIALS = BulkAction(
    code="approve_trials",
    label=_("Approve trials"),
    button=_("Approve…"),
    icon="check",
    source=TRIALS,
    list_url_name="trials",
    rule=(ROLE_TABLE, EntitlementPermission.DECIDE_TRIALS),
    columns=TRIAL_COLUMNS,
    key_columns=("trial",),
    describe_row=_describe_trial,
    check=_check_approvals,
    apply=apply_row_by_row(_approve),
    modes=(
        ImportMode("approve", _("Approve"), _("The trials will start today. The customers will get a notification.")),
    ),
    describe_confirmation=_label_approve,
)
EXTEND_TRIALS = BulkAction(
    code="extend_trials",
    label=_("Extend trials"),
    button=_("Extend…"),
    icon="calendar-plus",
    source=TRIALS,
    list_url_name="trials",
    rule=(ROLE_TABLE, EntitlementPermission.DECIDE_TRIALS),
    columns=(*TRIAL_COLUMNS, ImportColumn("new_ends_on", _("New last day"), "2026-12-27", is_required=False)),
    key_columns=("trial",),
    filled_columns=("new_ends_on",),
    describe_row=_describe_trial,
    check=_check_extensions,
    apply=apply_row_by_row(_extend),
    modes=(
        ImportMode(
            "extend",
            _("Extend"),
            _("Each trial will run until its new last day. The customers will get a notification."),
        ),
    ),
    describe_confirmation=_label_extend,
)
IMPORTS = (END_CONNECTIONS, APPROVE_TRIALS, EXTEND_TRIALS, *ACTIVATION_IMPORTS, *PARTNER_IMPORTS, *RENEWAL_IMPORTS)
