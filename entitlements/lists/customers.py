"""The customer list: its columns, and the state of its page."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lists import PersonalList
from connections.policies import ROLE_TABLE, ConnectionPermission
from connections.rows import refusal_to_end
from entitlements import queries
from entitlements.filters import EXPIRES_WITHIN, CustomerFilterSet
from entitlements.lists.tabs import count_of_view, filter_tabs
from entitlements.rows import customer_rows
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import country_name
from partnerportal.lib.keyset import branches_of, keyset_or_first, with_total
from partnerportal.lib.lists import Column, ListDefinition, Tab

CUSTOMERS = ListDefinition(
    key="customers",
    label=gettext_lazy("Customers"),
    url_name="customers",
    rule=(ROLE_TABLE, ConnectionPermission.VIEW_CUSTOMERS),
    columns=(  # each has its branch in parts/customer_rows.jinja
        Column(name="name", label=gettext_lazy("Customer"), sort="name_folded"),
        Column(name="org_id", label=gettext_lazy("ORGID"), sort="org_id", css="wide-only"),
        Column(name="country", label=gettext_lazy("Country"), sort="country"),
        Column(name="services", label=gettext_lazy("Services"), sort="services", css="wide-only"),
        Column(name="trials", label=gettext_lazy("Trials"), css="num wide-only", is_usual=False),
        Column(name="assigned", label=gettext_lazy("Seats assigned"), sort="assigned", css="num"),
        Column(name="trend", label=gettext_lazy("16 weeks"), css="wide-only"),
        Column(name="expires_on", label=gettext_lazy("Next expiry"), sort="next_expiry_on"),
        Column(name="connected_at", label=gettext_lazy("Connected"), sort="connected_at", css="widest-only"),
    ),
    filter_set=CustomerFilterSet,
    default_sort="name",
    more_sorts={"seats": "seats"},  # those purchased stand beside those assigned
)


class CustomerList(PersonalList):
    """The queries: preferences; rows, with how many match when something narrows; numbers; services."""

    definition = CUSTOMERS

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        super().__init__(actor, params)
        filters = CustomerFilterSet(params, queries.customers(actor))
        found = filters.qs
        self.chosen = filters.chosen
        if self.chosen:
            found = with_total(found)
        options = self.keyset_options | {"key": "customer", "branches": branches_of(self.chosen)}
        self.page = keyset_or_first(queries.with_weeks(found), **options)
        if not self.page.previous_cursor:  # its cursor was out of date, or not one of ours
            self.cursor = ""
        self.numbers = queries.portfolio(actor)
        self.matching = self.numbers.customers
        if self.chosen:
            self.matching = self.page.rows[0].total_count if self.page.rows else 0
        self.catalogue = queries.catalogue(self.numbers)
        self.rows = customer_rows(self.page.rows, {sku.pk: sku.name for sku in self.catalogue})
        self.end_refusal = refusal_to_end(actor)

    @property
    def tabs(self) -> list[Tab]:
        """The usual filters, each with its number of customers, then saved views; an open view is the current tab."""
        tabs = filter_tabs(self.numbers, self.chosen, self.address_of)
        if self.view:
            for tab in tabs:
                tab.is_current = False
        return [*tabs, *self.shown_tabs]

    def count_of(self, query: Mapping[str, str]) -> int | None:
        return count_of_view(query, self.numbers, self.catalogue)

    @property
    def menu_label(self) -> str:
        """Of a row's menu; row_menu.js puts its name in."""
        return _("Actions for %(name)s") % {"name": "{}"}

    @property
    def hidden(self) -> dict[str, Any]:
        flags = {name: "true" for name in ("trials", "over", "falling") if self.chosen.get(name) is True}
        return super().hidden | flags

    @property
    def countries(self) -> list[tuple[str, str]]:
        return sorted(((code, country_name(code)) for code in self.numbers.countries), key=lambda row: row[1])

    @property
    def services(self) -> list[tuple[str, str]]:
        return [(sku.code, sku.name) for sku in self.catalogue]

    @property
    def spans(self) -> list[tuple[int, str]]:
        return [(days, str(label)) for days, label in EXPIRES_WITHIN]
