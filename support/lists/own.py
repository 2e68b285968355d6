"""The list of an organisation's own requests: what its URL asks for, and its rows."""

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any, ClassVar

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from partnerportal.lib.actors import Actor
from partnerportal.lib.keyset import fetch_keyset_page_or_first
from partnerportal.lib.list_filters import DAYS, Choices, FilterRange, SeveralValues
from partnerportal.lib.lists import ListColumn, ListDefinition, ListTab
from partnerportal.lib.neighbours import RecordList, RecordOrder
from support.filters import OwnRequestFilterSet, list_kind_choices
from support.models import Request, Severity
from support.policies import ROLE_TABLE, SupportPermission
from support.queries import OWN_VIEWS, list_request_rows
from support.rows import RequestTableRow, make_request_table_rows

NUMBER = ListColumn(name="number", label=gettext_lazy("Number"))
SHARED_COLUMNS = (  # each column has its branch in parts/request_row.html
    ListColumn(name="kind", label=gettext_lazy("Type")),
    ListColumn(name="severity", label=gettext_lazy("Severity"), css="wide-only"),
    ListColumn(name="date", label=pgettext_lazy("day", "Submitted")),
    ListColumn(name="state", label=gettext_lazy("Status")),
)
RANGES = (
    FilterRange("submitted_from", "submitted_to", pgettext_lazy("day", "Submitted"), DAYS),
    FilterRange("updated_from", "updated_to", gettext_lazy("Updated"), DAYS),
)


def list_kinds(actor: Actor) -> Choices:
    """Return the kinds of requests."""
    return list_kind_choices()


OWN_REQUESTS = ListDefinition(
    key="own_requests",
    label=gettext_lazy("Requests"),
    url_name="own_requests",
    rule=(ROLE_TABLE, SupportPermission.LIST_REQUESTS),
    columns=(NUMBER, *SHARED_COLUMNS),
    filter_set=OwnRequestFilterSet,
    fields=("kind", "severity"),
    ranges=RANGES,
    several={
        "kind": SeveralValues(gettext_lazy("Type"), list_kinds),
        "severity": SeveralValues.from_choices(gettext_lazy("Severity"), Severity.choices),
    },
)


class RequestListBase(RecordList):
    """The base of the lists of requests, with a tab for each group of states."""

    tab_filters = ("state",)
    views: ClassVar[Mapping[str, Collection[Request.State]]]  # the states that each tab shows
    oldest_first: ClassVar[tuple[str, ...]] = ()  # tabs; the others begin with the newest

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        super().__init__(actor, params)
        order = self.order_records(actor, params)
        self.filter_values = order.filter_values
        self.tab: str = self.filter_values["state"]
        self.page = fetch_keyset_page_or_first(order.listed, size=self.size, cursor=self.cursor, **order.options)

    @classmethod
    def order_records(cls, actor: Actor, params: Mapping[str, str]) -> RecordOrder:
        requests, filter_set = list_request_rows(actor), cls.definition.filter_set
        values = {**cls.usual, **filter_set(params).cleaned_values}
        tab = values["state"]
        any_of = [Q(state=state) for state in cls.views[tab]]
        return RecordOrder(
            records=requests,
            listed=filter_set(values, requests).qs,
            filter_values=values,
            options={"sort": "id", "descending": tab not in cls.oldest_first, "any_of": any_of},
        )

    @property
    def tab_labels(self) -> Mapping[str, str]:
        """The label of each tab, by the group of states that it shows, in their order on the page."""
        raise NotImplementedError

    @classmethod
    def name_record(cls, record: Request) -> str:
        return record.number

    @property
    def filter_tabs(self) -> list[ListTab]:
        """The tabs of the list, each with its URL."""
        return [
            ListTab(label, self.build_url(state=tab, view=""), self.count_tab(tab), tab == self.tab)
            for tab, label in self.tab_labels.items()
        ]

    def count_tab(self, tab: str) -> int | None:
        """Return how many requests the tab has, or None if it says no number."""
        return None

    @property
    def kind_choices(self) -> Choices:
        """The choices of the filter by kind: pairs of code and label."""
        return self.list_field_choices("kind")

    @property
    def severity_choices(self) -> Choices:
        """The choices of the filter by severity: pairs of value and label."""
        return self.list_field_choices("severity")


class OwnRequestList(RequestListBase):
    """The list of an organisation's own requests as its page shows it, newest first."""

    definition = OWN_REQUESTS
    usual: ClassVar[Mapping[str, Any]] = {"state": "open"}
    views = OWN_VIEWS

    @cached_property
    def rows(self) -> list[RequestTableRow]:
        """The rows of the page."""
        return make_request_table_rows(self.page.rows)

    @property
    def tab_labels(self) -> dict[str, str]:
        return {"open": pgettext("requests", "Open"), "closed": _("Closed")}
