"""What the vendor's lists of requests have in common: a tab of what waits, and others of what became of it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from partnerportal.lib.lists import ListState, Tab, list_address

COUNTED = 1000  # "1,000" then means at least so many
WAITING = "waiting"


class RequestList(ListState):
    """`view` is the tab that the address asks for. `labels` of all tabs, in order; `waiting` counts up to COUNTED."""

    usual: ClassVar[Mapping[str, Any]] = {"view": WAITING}
    view: str

    @property
    def labels(self) -> Mapping[str, str]:
        raise NotImplementedError

    @property
    def waiting(self) -> int:
        raise NotImplementedError

    @property
    def state(self) -> dict[str, Any]:
        return {"view": self.view}

    @property
    def tabs(self) -> list[Tab]:
        waiting = self.waiting
        return [
            Tab(label, self.address(view=view), waiting if view == WAITING else None, view == self.view)
            for view, label in self.labels.items()
        ]

    @property
    def query(self) -> str:
        return list_address("", self.state)[1:]
