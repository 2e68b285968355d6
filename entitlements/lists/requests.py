"""The base of the vendor's lists of requests: a tab of requests that wait, and others of those that were answered."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet

from entitlements.models import Sku
from partnerportal.lib.lists import Tab
from partnerportal.lib.personal_lists import PersonalList

COUNTED = 1000  # "1,000" then means at least so many
WAITING = "waiting"


class RequestList(PersonalList):
    """The state of a list of requests. `tab` is the tab that the address asks for, as its filter `state`."""

    usual: ClassVar[Mapping[str, Any]] = {"state": WAITING}
    tab_filters = ("state",)
    tab: str

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of the tabs by the states that they show, in their order."""
        raise NotImplementedError

    @property
    def waiting_count(self) -> int:
        """The number of requests that wait, counted up to COUNTED."""
        raise NotImplementedError

    def list_skus(self) -> QuerySet[Sku]:
        """Return the SKUs that are asked for, which are the choices of the filter by service."""
        raise NotImplementedError

    @property
    def service_choices(self) -> list[tuple[str, str]]:
        """The choices of the filter by service: codes and names of SKUs."""
        return [(sku.code, sku.name) for sku in self.list_skus()]

    @property
    def filter_tabs(self) -> list[Tab]:
        """The tabs, of which the first says how many requests wait. The filters stay."""
        waiting = self.waiting_count
        return [
            Tab(label, self.address(state=tab, view=""), waiting if tab == WAITING else None, tab == self.tab)
            for tab, label in self.labels.items()
        ]
