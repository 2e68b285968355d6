"""The base of the vendor's lists of requests: a tab of requests that wait, and others of those that were answered."""

from collections.abc import Mapping
from typing import Any, ClassVar

from partnerportal.lib.list_filters import Choices
from partnerportal.lib.lists import ListTab
from partnerportal.lib.personal_lists import PersonalizedList

COUNTED = 1000  # "1,000" then means at least so many
WAITING = "waiting"


class VendorRequestList(PersonalizedList):
    """The base of the vendor's lists of requests, such as trials, with a tab for each state of a request.

    `tab` is the present tab, which is the value of the URL's filter `state`.
    """

    usual: ClassVar[Mapping[str, Any]] = {"state": WAITING}
    tab_filters = ("state",)
    tab: str

    @property
    def tab_labels(self) -> Mapping[str, str]:
        """The label of each tab, by the state that it shows, in their order on the page."""
        raise NotImplementedError

    @property
    def waiting_count(self) -> int:
        """The number of requests that wait for an answer, counted up to COUNTED."""
        raise NotImplementedError

    @property
    def service_choices(self) -> Choices:
        """The choices of the filter by service: pairs of a SKU's code and name."""
        return self.list_field_choices("sku")

    @property
    def filter_tabs(self) -> list[ListTab]:
        """The tabs of the list, each with its URL. The tab of waiting requests says how many there are."""
        waiting = self.waiting_count
        return [
            ListTab(label, self.build_url(state=tab, view=""), waiting if tab == WAITING else None, tab == self.tab)
            for tab, label in self.tab_labels.items()
        ]
