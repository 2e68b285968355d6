"""The base of the vendor's lists of requests: a tab of requests that wait, and others of those that were answered."""

from collections.abc import Mapping
from typing import Any, ClassVar

from partnerportal.lib.lists import ListState, Tab

COUNTED = 1000  # "1,000" then means at least so many
WAITING = "waiting"


class RequestList(ListState):
    """The state of a list of requests. `view` is the tab that the address asks for."""

    usual: ClassVar[Mapping[str, Any]] = {"view": WAITING}
    view: str

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of the tabs by their views, in their order."""
        raise NotImplementedError

    @property
    def waiting(self) -> int:
        """The number of requests that wait, counted up to COUNTED."""
        raise NotImplementedError

    @property
    def carried_values(self) -> dict[str, Any]:
        return {"view": self.view}

    @property
    def tabs(self) -> list[Tab]:
        """The tabs, of which the first says how many requests wait."""
        waiting = self.waiting
        return [
            Tab(label, self.address(view=view), waiting if view == WAITING else None, view == self.view)
            for view, label in self.labels.items()
        ]
