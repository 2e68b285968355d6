"""The state of the inbox: the notices that its address asks for, and the addresses of its tabs and pages."""

from collections.abc import Mapping

from notifications import queries, registry
from notifications.filters import NoticeFilterSet
from notifications.rows import notice_rows
from partnerportal.lib.actors import Actor
from partnerportal.lib.keyset import keyset_page_or_first
from partnerportal.lib.lists import ListState

PAGE_SIZE = 50


class Inbox(ListState):
    """The notices of the actor's organisation that an address asks for. Values that make no sense filter nothing."""

    url_name = "inbox"

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        filters = NoticeFilterSet(params, queries.list_notices(actor))
        rows = filters.qs
        self.filter_values = filters.cleaned_values
        self.page = keyset_page_or_first(
            rows, sort="at", descending=True, size=PAGE_SIZE, cursor=params.get("cursor", "")
        )
        self.rows = notice_rows(actor, self.page.rows)
        self.kinds = sorted(registry.kind_choices(actor), key=lambda choice: choice[1])
        self.customers = queries.customers_in_news(
            actor, self.filter_values.get("customer"), self.filter_values.get("kind")
        )
        self.is_filtered = bool(self.filter_values.keys() & {"kind", "customer"})

    @property
    def tab(self) -> str:
        """The tab that is shown: "dismissed", "unread", or "" for all open notices."""
        return next((tab for tab in ("dismissed", "unread") if self.filter_values.get(tab)), "")

    @property
    def tab_urls(self) -> dict[str, str]:
        """The address of each tab, by its name, with the present filters."""
        neither = {"unread": None, "dismissed": None}
        return {tab: self.address(**neither | ({tab: True} if tab else {})) for tab in ("", "unread", "dismissed")}

    @property
    def clear_url(self) -> str:
        """The address of the present tab without the filters by kind and customer."""
        return self.address(kind=None, customer=None)
