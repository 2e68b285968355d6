"""What the vendor's lists of requests have in common: a view of what waits, and others of what became of it."""

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlencode

from django.urls import reverse

from entitlements.list_views import Tab
from partnerportal.lib.keyset import PageLinks

COUNTED = 1000  # "1,000" then means at least so many
WAITING = "waiting"


class AskedList(PageLinks):
    """`view` is what the address asks for. `labels` of all views, in order; `waiting` counts up to COUNTED."""

    url_name: ClassVar[str]
    view: str

    @property
    def labels(self) -> Mapping[str, str]:
        raise NotImplementedError

    @property
    def waiting(self) -> int:
        raise NotImplementedError

    @property
    def tabs(self) -> list[Tab]:
        waiting = self.waiting
        return [
            Tab(label, self.address(view=view), waiting if view == WAITING else None, view == self.view)
            for view, label in self.labels.items()
        ]

    def address(self, *, view: str | None = None, cursor: str = "") -> str:
        view = view or self.view
        given = {"view": view if view != WAITING else "", "cursor": cursor}
        query = urlencode({name: value for name, value in given.items() if value})
        return f"{reverse(self.url_name)}?{query}" if query else reverse(self.url_name)

    @property
    def export_query(self) -> str:
        return urlencode({"view": self.view})
