"""The state of the vendor's list of trials: what the address asks for."""

from collections.abc import Mapping
from functools import cached_property
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from entitlements import queries, rows
from entitlements.list_views import Tab
from partnerportal.lib.actors import Actor
from partnerportal.lib.paging import Turned, keyset_or_first

PAGE_SIZE = 25
COUNTED = 1000  # "1,000" then means at least so many


class TrialList(Turned):
    """What waits is shown oldest first, everything else newest first. Nonsense in the address falls back."""

    def __init__(self, actor: Actor, asked: Mapping[str, str]) -> None:
        self.actor = actor
        view = asked.get("view", "")
        self.view = view if view in queries.TRIAL_VIEWS else "waiting"
        states = queries.TRIAL_VIEWS[self.view]
        self.page = keyset_or_first(
            queries.trials(actor).filter(state__in=states),
            sort="id",
            descending=self.view != "waiting",
            size=PAGE_SIZE,
            cursor=asked.get("cursor", ""),
            ways=[Q(state=state) for state in states],
        )

    @cached_property
    def rows(self) -> list[rows.TrialRow]:
        return rows.trial_rows(self.page.rows, queries.services_run_by(row.customer_id for row in self.page.rows))

    @property
    def tabs(self) -> list[Tab]:
        labels = {"waiting": _("Waiting"), "running": _("Running"), "ended": _("Ended or declined")}
        waiting = queries.waiting_trials(self.actor, COUNTED)
        return [
            Tab(label, self.address(view=view), waiting if view == "waiting" else None, view == self.view)
            for view, label in labels.items()
        ]

    def address(self, *, view: str | None = None, cursor: str = "") -> str:
        view = view or self.view
        given = {"view": view if view != "waiting" else "", "cursor": cursor}
        query = urlencode({name: value for name, value in given.items() if value})
        return f"{reverse('trials')}?{query}" if query else reverse("trials")

    @property
    def export_query(self) -> str:
        return urlencode({"view": self.view})
