"""Rows of trials, as the vendor's staff see them."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from entitlements.models import Entitlement
from entitlements.trial_actions import TRIAL_ACTIONS
from partnerportal.lib import formats
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.days import today
from partnerportal.lib.row_actions import RowActionMenuItem, list_decisions, list_row_action_menu_items
from partnerportal.lib.rows import LastDayLabel, WaitingTime

State = Entitlement.State
NAMES_SHOWN = 1  # services that a row names of those that the customer runs
TONES = {State.ACTIVE: "ok", State.REQUESTED: "info"}


@dataclass(frozen=True)
class TrialTableRow:
    """A row of the vendor's list of trials: a trial or a request for one, with its dates written out."""

    public_id: str
    service: str
    code: str
    customer: str
    org_id: str
    country: str
    customer_url: str
    has: str  # the first names of services that the customer runs
    more: str  # "+2": how many services are not named
    services: str  # all their names, where some are not named
    quantity: str
    since: str  # the date on which it was requested, or changed last
    waits: WaitingTime | None  # None once it is decided
    ends: LastDayLabel | None
    tone: str
    state: str
    reason: str
    is_waiting: bool
    is_running: bool
    menu: list[RowActionMenuItem]  # what an Admin may do; empty once the last day has passed

    @property
    def decisions(self) -> list[RowActionMenuItem]:
        """What is decided of a request, which stands in the row: the menu has it too, where there is no room."""
        return list_decisions(self.menu) if self.is_waiting else []


def make_trial_table_rows(trials: Iterable[Entitlement], running_services: dict[int, list[str]]) -> list[TrialTableRow]:
    """Return a TrialTableRow for each trial.

    `running_services` are the names of the services that each customer runs, by its primary key.
    """
    return [_trial_row(row, running_services.get(row.customer_id, [])) for row in trials]


def _trial_row(row: Entitlement, names: list[str]) -> TrialTableRow:
    left_out = len(names) - NAMES_SHOWN
    is_waiting = row.state == State.REQUESTED
    is_running = row.state == State.ACTIVE and (row.ends_on is None or row.ends_on >= today())
    return TrialTableRow(
        public_id=str(row.public_id),
        service=row.sku.name,
        code=row.sku.code,
        customer=row.customer.name,
        org_id=row.customer.org_id,
        country=get_country_name(row.customer.country),
        customer_url=reverse("organization", args=[row.customer.public_id]),
        has=formats.join_names(names[:NAMES_SHOWN]),
        more=f"+{formats.format_number(left_out)}" if left_out > 0 else "",
        services=formats.join_names(names) if left_out > 0 else "",
        quantity=formats.format_number(row.quantity),
        since=formats.format_date(row.updated_at),
        waits=WaitingTime.since(row.updated_at) if is_waiting else None,
        ends=LastDayLabel.from_date(row.ends_on),
        tone=TONES.get(State(row.state), ""),
        state=row.get_state_display(),
        reason=row.reason,
        is_waiting=is_waiting,
        is_running=is_running,
        menu=list_row_action_menu_items(TRIAL_ACTIONS, row, "trial_") if is_waiting or is_running else [],
    )
