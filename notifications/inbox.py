"""The state of the inbox: what the address asks for, and the addresses of what may be asked next."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from notifications import queries, registry
from notifications.filters import NoticeFilterSet
from notifications.rows import notice_rows
from partnerportal.lib.actors import Actor
from partnerportal.lib.keyset import PageLinks, keyset_or_first

PAGE_SIZE = 50


class Inbox(PageLinks):
    """Values that make no sense narrow nothing."""

    def __init__(self, actor: Actor, asked: Mapping[str, str]) -> None:
        filters = NoticeFilterSet(asked, queries.inbox(actor))
        found = filters.qs
        self.chosen = filters.chosen
        self.page = keyset_or_first(found, sort="at", descending=True, size=PAGE_SIZE, cursor=asked.get("cursor", ""))
        self.rows = notice_rows(actor, self.page.rows)
        self.kinds = sorted(registry.kind_choices(actor), key=lambda choice: choice[1])
        self.customers = queries.customers_in_news(actor, self.chosen.get("customer"), self.chosen.get("kind"))
        self.is_filtered = bool(self.chosen.keys() & {"kind", "customer"})

    def address(self, **changes: Any) -> str:
        values = {k: v for k, v in {**self.chosen, **changes}.items() if v not in ("", None)}
        query = urlencode({k: str(v).lower() if isinstance(v, bool) else v for k, v in values.items()})
        return f"{reverse('inbox')}?{query}" if query else reverse("inbox")

    @property
    def query(self) -> str:
        """What narrows an export."""
        return self.address().partition("?")[2]

    @property
    def tab(self) -> str:
        return next((tab for tab in ("dismissed", "unread") if self.chosen.get(tab)), "")

    @property
    def tab_urls(self) -> dict[str, str]:
        neither = {"unread": None, "dismissed": None}
        return {tab: self.address(**neither | ({tab: True} if tab else {})) for tab in ("", "unread", "dismissed")}

    @property
    def clear_url(self) -> str:
        return self.address(kind=None, customer=None)
