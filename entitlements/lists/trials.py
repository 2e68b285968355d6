"""The vendor's list of trials: what its URL asks for, and its rows."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entitlements.filters import TrialFilterSet
from entitlements.lists.choices import list_customer_countries, pair_services
from entitlements.lists.requests import COUNTED, WAITING, VendorRequestList
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.trials import (
    TRIAL_VIEWS,
    count_undecided_trial_requests,
    list_service_names_by_customer,
    list_trial_skus,
    list_trials,
    order_trials,
)
from entitlements.rows.trials import TrialTableRow, make_trial_table_rows
from partnerportal.lib.actors import Actor
from partnerportal.lib.keyset import fetch_keyset_page_or_first
from partnerportal.lib.list_filters import DAYS, NUMBERS, Choices, FilterRange, SeveralValues
from partnerportal.lib.lists import ColumnHeading, ListColumn, ListDefinition

RUNNING = "running"


def list_tried_services(actor: Actor) -> Choices:
    """Return the SKUs of the trials that the actor sees, by name with add-ons last."""
    return pair_services(list_trial_skus(actor))


TRIALS = ListDefinition(
    key="trials",
    label=gettext_lazy("Trials"),
    url_name="trials",
    rule=(ROLE_TABLE, EntitlementPermission.VIEW_TRIALS),
    columns=(  # each column has its branch in parts/trial_row.html
        ListColumn(name="customer", label=gettext_lazy("Customer")),
        ListColumn(name="service", label=gettext_lazy("Service")),
        ListColumn(name="has", label=gettext_lazy("Current services"), css="wide-only"),
        ListColumn(name="quantity", label=gettext_lazy("Licences"), css="num"),
        ListColumn(name="state", label=gettext_lazy("Status")),
    ),
    filter_set=TrialFilterSet,
    fields=("q", "sku"),
    ranges=(
        FilterRange("requested_from", "requested_to", gettext_lazy("Requested"), DAYS),
        FilterRange("ends_from", "ends_to", gettext_lazy("Last day"), DAYS),
        FilterRange("licences_min", "licences_max", gettext_lazy("Licences"), NUMBERS),
    ),
    several={
        "country": SeveralValues(gettext_lazy("Country"), list_customer_countries),
        "sku": SeveralValues(gettext_lazy("Service"), list_tried_services),
    },
)


class TrialList(VendorRequestList):
    """The vendor's list of trials as its page shows it, in the order of `order_trials`."""

    definition = TRIALS

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        super().__init__(actor, params)
        values = TrialFilterSet(params).cleaned_values
        self.tab = values.get("state", WAITING)
        self.filter_values = values | {"state": self.tab}
        trials, sort, descending = order_trials(list_trials(actor), self.tab)
        self.page = fetch_keyset_page_or_first(
            TrialFilterSet(self.filter_values, trials).qs,
            sort=sort,
            descending=descending,
            size=self.size,
            cursor=self.cursor,
            any_of=[Q(state=state) for state in TRIAL_VIEWS[self.tab]],
        )

    @cached_property
    def rows(self) -> list[TrialTableRow]:
        """The rows of the page: trials, each with the services that its customer runs."""
        return make_trial_table_rows(
            self.page.rows, list_service_names_by_customer(row.customer_id for row in self.page.rows)
        )

    @cached_property
    def column_headings(self) -> list[ColumnHeading]:
        """The headings of the columns. The heading of the state column depends on the tab."""
        labels = {WAITING: _("Requested"), RUNNING: _("Last day")}
        return [
            replace(head, label=labels.get(self.tab, head.label)) if head.name == "state" else head
            for head in super().column_headings
        ]

    @property
    def tab_labels(self) -> dict[str, str]:
        return {WAITING: _("Waiting"), RUNNING: _("Running"), "ended": _("Ended or declined")}

    @property
    def waiting_count(self) -> int:
        return count_undecided_trial_requests(self.actor, COUNTED)

    @property
    def select_all_label(self) -> str:
        """The label of the button that selects all trials that match; "" if they are all on the page."""
        return _("Select all that match") if self.page.next_cursor or self.page.previous_cursor else ""

    @property
    def select_all_count(self) -> str:
        return _("all that match")
