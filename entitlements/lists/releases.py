"""The vendor's list of licences to release: what its URL asks for, and its rows."""

from collections.abc import Mapping
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entitlements.filters import LicenceReleaseFilterSet
from entitlements.lists.choices import list_customer_countries, pair_services
from entitlements.lists.requests import COUNTED, VendorRequestList
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.releases import (
    RELEASED,
    WAITING,
    count_waiting_licence_releases,
    list_all_licence_releases,
    list_licence_release_skus,
)
from entitlements.rows.releases import make_licence_release_table_rows
from partnerportal.lib.actors import Actor
from partnerportal.lib.keyset import fetch_keyset_page_or_first
from partnerportal.lib.list_filters import DAYS, Choices, FilterRange, SeveralValues
from partnerportal.lib.lists import ColumnHeading, ListColumn, ListDefinition


def list_released_services(actor: Actor) -> Choices:
    """Return the SKUs of which customers ask to release licences, by name with add-ons last."""
    return pair_services(list_licence_release_skus(actor))


RELEASES = ListDefinition(
    key="releases",
    label=gettext_lazy("Licence releases"),
    url_name="releases",
    rule=(ROLE_TABLE, EntitlementPermission.VIEW_RELEASES),
    columns=(  # each column has its branch in parts/release_row.html
        ListColumn(name="customer", label=gettext_lazy("Customer")),
        ListColumn(name="service", label=gettext_lazy("Service")),
        ListColumn(name="key", label=gettext_lazy("Key in the feed")),
        ListColumn(name="asked", label=gettext_lazy("Release requested")),
        ListColumn(name="released", label=gettext_lazy("Released")),
    ),
    filter_set=LicenceReleaseFilterSet,
    fields=("q", "sku"),
    ranges=(FilterRange("asked_from", "asked_to", gettext_lazy("Release requested"), DAYS),),
    several={
        "country": SeveralValues(gettext_lazy("Country"), list_customer_countries),
        "sku": SeveralValues(gettext_lazy("Service"), list_released_services),
    },
)


class LicenceReleaseList(VendorRequestList):
    """The vendor's list of licence releases as its page shows it.

    Licences that wait come oldest first, released ones newest first.
    """

    definition = RELEASES

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        super().__init__(actor, params)
        values = LicenceReleaseFilterSet(params).cleaned_values
        self.tab = values.get("state", WAITING)
        self.is_done = self.tab == RELEASED
        self.filter_values = values | {"state": self.tab}
        self.page = fetch_keyset_page_or_first(
            LicenceReleaseFilterSet(self.filter_values, list_all_licence_releases(actor)).qs,
            sort="released_at" if self.is_done else "asked_at",
            descending=self.is_done,
            size=self.size,
            cursor=self.cursor,
        )
        self.rows = make_licence_release_table_rows(self.page.rows)

    @cached_property
    def column_headings(self) -> list[ColumnHeading]:
        """The headings of the columns. The day of the release has a column only on the tab of released licences."""
        return [head for head in super().column_headings if self.is_done or head.name != "released"]

    @property
    def tab_labels(self) -> dict[str, str]:
        return {WAITING: _("Waiting"), RELEASED: _("Released")}

    @property
    def waiting_count(self) -> int:
        return count_waiting_licence_releases(self.actor, COUNTED)
