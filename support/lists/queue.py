"""The vendor's queue of requests: what its URL asks for, and its rows."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partnerportal.lib.actors import Actor
from partnerportal.lib.list_filters import Choices, SeveralValues
from partnerportal.lib.lists import ColumnHeading, ListColumn, ListDefinition
from support.filters import RequestQueueFilterSet
from support.lists.own import NUMBER, OWN_REQUESTS, RANGES, SHARED_COLUMNS, RequestListBase
from support.policies import ROLE_TABLE, SupportPermission
from support.queries import (
    NOBODY,
    QUEUE_VIEWS,
    count_waiting_requests,
    list_assignee_names,
    list_possible_assignees,
)
from support.rows import RequestTableRow, make_request_table_rows

COUNTED = 1000  # "1,000" then means at least so many


def list_assignees(actor: Actor) -> Choices:
    """Return to whom requests can be assigned, by public id, after nobody."""
    operators = [(str(row.public_id), str(row.person)) for row in list_possible_assignees(actor)]
    return [(NOBODY, _("Unassigned")), *operators]


REQUESTS = ListDefinition(
    key="requests",
    label=gettext_lazy("Requests"),
    url_name="request_queue",
    rule=(ROLE_TABLE, SupportPermission.VIEW_QUEUE),
    columns=(
        NUMBER,
        ListColumn(name="organization", label=gettext_lazy("Organisation")),
        *SHARED_COLUMNS,
        ListColumn(name="assignee", label=gettext_lazy("Assigned to")),
    ),
    filter_set=RequestQueueFilterSet,
    fields=("q", "kind", "severity"),
    ranges=RANGES,
    several=OWN_REQUESTS.several | {"assignee": SeveralValues(gettext_lazy("Assigned to"), list_assignees)},
)


class RequestQueueList(RequestListBase):
    """The vendor's queue as its page shows it: requests that wait come oldest first, closed ones newest first."""

    definition = REQUESTS
    usual: ClassVar[Mapping[str, Any]] = {"state": "waiting"}
    views = QUEUE_VIEWS
    oldest_first = ("waiting", "asked")

    @cached_property
    def rows(self) -> list[RequestTableRow]:
        """The rows of the page, each with the name of whom it is assigned to."""
        return make_request_table_rows(self.page.rows, list_assignee_names(self.actor, self.page.rows))

    @property
    def is_waiting(self) -> bool:
        """Whether the list shows the requests that wait, all of which are in one state."""
        return self.tab == "waiting"

    @cached_property
    def column_headings(self) -> list[ColumnHeading]:
        """The headings of the columns. The state has a column only where requests differ in it."""
        return [head for head in super().column_headings if head.name != "state" or not self.is_waiting]

    @property
    def tab_labels(self) -> dict[str, str]:
        return {"waiting": _("Waiting"), "asked": _("Needs information"), "closed": _("Closed")}

    def count_tab(self, tab: str) -> int | None:
        return count_waiting_requests(self.actor, COUNTED) if tab == "waiting" else None
