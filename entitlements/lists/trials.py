"""The vendor's list of trials: what its address asks for, and its rows."""

from collections.abc import Mapping
from functools import cached_property

from django.db.models import Q
from django.utils.translation import gettext as _

from entitlements.lists.requests import COUNTED, WAITING, RequestList
from entitlements.queries.trials import TRIAL_VIEWS, count_waiting_trials, list_trials, service_names_by_customer
from entitlements.rows.trials import TrialRow, trial_rows
from partnerportal.lib.actors import Actor
from partnerportal.lib.keyset import keyset_page_or_first

PAGE_SIZE = 25  # rows on a page


class TrialList(RequestList):
    """The state of the list of trials. Requests that wait come oldest first, all others newest first."""

    url_name = "trials"

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        self.actor = actor
        view = params.get("view", "")
        self.view = view if view in TRIAL_VIEWS else WAITING
        states = TRIAL_VIEWS[self.view]
        self.page = keyset_page_or_first(
            list_trials(actor).filter(state__in=states),
            sort="id",
            descending=self.view != WAITING,
            size=PAGE_SIZE,
            cursor=params.get("cursor", ""),
            branches=[Q(state=state) for state in states],
        )

    @cached_property
    def rows(self) -> list[TrialRow]:
        """The rows of the page, each with the services that its customer runs."""
        return trial_rows(self.page.rows, service_names_by_customer(row.customer_id for row in self.page.rows))

    @property
    def labels(self) -> dict[str, str]:
        return {WAITING: _("Waiting"), "running": _("Running"), "ended": _("Ended or declined")}

    @property
    def waiting(self) -> int:
        return count_waiting_trials(self.actor, COUNTED)
