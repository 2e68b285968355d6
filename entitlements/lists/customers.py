"""The customer list: its columns, and the state of its page."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from accounts.models import Organization, OrganizationKind
from accounts.queries.organizations import ADMIN_CHOICES
from connections.policies import ROLE_TABLE as CONNECTIONS
from connections.policies import ConnectionPermission
from connections.rows import explain_refusal_to_end_connection
from entitlements.filters import CREATED_WITHIN, EXPIRES_WITHIN, CustomerFilterSet, SoldCustomerFilterSet
from entitlements.lists.choices import list_customer_countries, list_customer_services, pair_services
from entitlements.lists.tabs import count_customers_of_saved_view, make_customer_tabs
from entitlements.models import Entitlement, UnusualUse
from entitlements.models.listing import CustomerListingQuerySet
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.customers import (
    annotate_contact_email,
    annotate_weekly_usage,
    find_account_managers,
    get_portfolio_totals,
    list_customers,
    list_partner_names_by_customer,
    list_portfolio_skus,
)
from entitlements.queries.partners import list_partner_choices
from entitlements.rows.customers import make_customer_table_rows
from entitlements.rows.usage import make_customer_usage_table_rows
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.countries import pair_countries
from partnerportal.lib.keyset import annotate_total_row_count, fetch_keyset_page_or_first
from partnerportal.lib.list_filters import DAYS, NUMBERS, PERCENTS, Choices, FilterRange, SeveralValues
from partnerportal.lib.lists import ListColumn, ListDefinition, ListTab
from partnerportal.lib.neighbours import RecordList


def has_partners(actor: Actor) -> bool:
    """Return whether the actor knows through which partners customers are looked after: those below it, or all."""
    return actor.organization_kind in (OrganizationKind.DISTRIBUTOR, OrganizationKind.VENDOR)


CUSTOMERS = ListDefinition(
    key="customers",
    label=gettext_lazy("Customers"),
    url_name="customers",
    rule=(CONNECTIONS, ConnectionPermission.VIEW_CUSTOMERS),
    columns=(  # each column has its branch in parts/customer_rows.jinja
        ListColumn(name="name", label=gettext_lazy("Customer"), sort="name_folded"),
        ListColumn(name="org_id", label=gettext_lazy("ORGID"), sort="org_id", css="wide-only org-id"),
        ListColumn(name="country", label=gettext_lazy("Country"), sort="country", css="of-country"),
        ListColumn(name="partner", label=gettext_lazy("Partner"), css="wide-only via", seen_by=has_partners),
        ListColumn(name="services", label=gettext_lazy("Services"), sort="services", css="wide-only"),
        ListColumn(name="add_ons", label=gettext_lazy("Add-ons"), css="wide-only", is_usual=False),
        ListColumn(name="level", label=gettext_lazy("Level"), css="wide-only", is_usual=False),
        ListColumn(name="trials", label=gettext_lazy("Trials"), css="num wide-only", is_usual=False),
        ListColumn(name="assigned", label=gettext_lazy("Licences assigned"), sort="assigned", css="num"),
        ListColumn(name="over", label=gettext_lazy("Over limit"), sort="overage", css="num wide-only", is_usual=False),
        ListColumn(name="trend", label=gettext_lazy("Trend"), css="wide-only of-trend"),
        ListColumn(name="expires_on", label=pgettext_lazy("column", "Next expiry"), sort="next_expiry_on"),
        ListColumn(name="connected_at", label=gettext_lazy("Connected"), sort="connected_at", css="widest-only"),
        ListColumn(name="kind", label=gettext_lazy("Type"), css="wide-only", is_usual=False),
        ListColumn(name="created", label=gettext_lazy("Created"), sort="created_at", css="widest-only", is_usual=False),
        ListColumn(name="status", label=gettext_lazy("Status"), is_usual=False),
    ),
    filter_set=CustomerFilterSet,
    fields=("q", "country", "sku", "partner", "level", "kind", "state", "created_within", "expires_within", "unusual"),
    ranges=(
        FilterRange("seats_min", "seats_max", gettext_lazy("Licences purchased"), NUMBERS),
        FilterRange("used_min", "used_max", gettext_lazy("Licences assigned (%)"), PERCENTS),
        FilterRange("expires_from", "expires_to", gettext_lazy("Next expiry"), DAYS),
        FilterRange("connected_since", "", gettext_lazy("Connected since"), DAYS),
    ),
    several={
        "country": SeveralValues(gettext_lazy("Country"), list_customer_countries),
        "sku": SeveralValues(gettext_lazy("Service"), list_customer_services),
    },
    default_sort="name",
    more_sorts={"seats": "seats"},  # seats purchased have no column: they stand beside the seats assigned
)


_OF_VENDOR = (
    "name",
    "org_id",
    "country",
    "partner",
    "services",
    "add_ons",
    "level",
    "trials",
    "assigned",
    "over",
    "expires_on",
)
SOLD_CUSTOMERS = replace(  # never use, which only consent gives, and no connection
    CUSTOMERS,
    key="all_customers",
    rule=(ROLE_TABLE, EntitlementPermission.VIEW_SOLD),
    filter_set=SoldCustomerFilterSet,
    fields=("q", "country", "sku", "partner", "level", "state", "admin", "created_within", "expires_within"),
    ranges=CUSTOMERS.ranges[:-1],
    columns=(
        *(column for column in CUSTOMERS.columns if column.name in (*_OF_VENDOR, "created", "status")),
        ListColumn(name="manager", label=gettext_lazy("Account manager"), css="wide-only", is_usual=False),
    ),
)


class CustomerList(RecordList):
    """The customer list as its page shows it: the filters of the URL, and the rows, tabs and choices.

    It sends four queries: for the person's settings, the rows (with how many match, if a filter narrows them), the
    numbers of all customers, and the SKUs that they run. For a distributor and the vendor there are two more: for their
    partners, and for those through which the rows are seen.
    """

    definition = CUSTOMERS
    key = "customer"
    has_contact_emails = True  # in its rows, for copying those of the selected ones
    is_of_vendor = False  # else each row leads to the vendor's page, and has nothing of use and no connection

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        super().__init__(actor, params)
        order = self.order_records(actor, params)
        customers, self.filter_values = order.listed, order.filter_values
        if self.filter_values:
            customers = annotate_total_row_count(customers)
        customers = annotate_weekly_usage(customers)
        if self.has_contact_emails:
            customers = annotate_contact_email(customers)
        self.page = fetch_keyset_page_or_first(customers, size=self.size, cursor=self.cursor, **order.options)
        if not self.page.previous_cursor:  # the page is the first: the cursor was out of date, or not one of ours
            self.cursor = ""
        self.numbers = get_portfolio_totals(actor)
        self.matching = self.numbers.customers
        if self.filter_values:
            self.matching = self.page.rows[0].total_count if self.page.rows else 0
        self.catalogue = list_portfolio_skus(self.numbers)
        keys = [row.customer_id for row in self.page.rows]
        chosen = self.filter_values.get("partner", "")
        self.partners = list_partner_choices(actor, chosen) if has_partners(actor) else []
        through = list_partner_names_by_customer(actor, keys) if has_partners(actor) else {}
        self.rows = self.make_table_rows(through, find_account_managers(actor, keys) if self.is_of_vendor else None)
        self.end_refusal = explain_refusal_to_end_connection(actor)

    @classmethod
    def list_records(cls, actor: Actor) -> CustomerListingQuerySet:
        return list_customers(actor)

    def make_table_rows(self, partners: Mapping[int, list[str]], managers: Mapping[int, str] | None) -> list[Any]:
        """Return the rows of the page as its template shows them. `partners` and `managers` are those of customers."""
        skus = {sku.pk: sku for sku in self.catalogue}
        return make_customer_table_rows(self.page.rows, skus, partners, managers=managers)

    @property
    def filter_tabs(self) -> list[ListTab]:
        """The tabs of the most used filters, each with the number of its customers."""
        return make_customer_tabs(self.numbers, self.filter_values, self.build_url_with_query)

    @property
    def match_count_label(self) -> str:
        words = ngettext("%(total)s customer", "%(total)s customers", self.matching or 0)
        return words % {"total": self.total}

    def get_stored_row_count(self, query: Mapping[str, str]) -> int | None:
        """Return how many customers a saved view with this query holds, or None if no stored figure tells it."""
        return count_customers_of_saved_view(query, self.numbers, self.catalogue)

    @property
    def row_menu_label(self) -> str:
        """The label of the menu of a customer's row, with `{}` in place of the customer's name.

        The script row_menu.js fills in the name.
        """
        return _("Actions for %(name)s") % {"name": "{}"}

    def list_choices(self, name: str) -> Choices:
        """Return the choices of the filter by country or by service, from the numbers that the page has read."""
        return pair_countries(self.numbers.countries) if name == "country" else pair_services(self.catalogue)

    @property
    def country_choices(self) -> Choices:
        """The choices of the filter by country: pairs of a country's code and name, by name."""
        return self.list_field_choices("country")

    @property
    def service_choices(self) -> Choices:
        """The choices of the filter by service: pairs of a SKU's code and name, by name, add-ons last."""
        return self.list_field_choices("sku")

    @property
    def level_choices(self) -> list[tuple[str, str]]:
        """The choices of the filter by subscription level."""
        return [(kind.value, str(kind.label)) for kind in Entitlement.Kind]

    @property
    def state_choices(self) -> list[tuple[str, str]]:
        """The choices of the filter by status."""
        return [(Organization.State.ACTIVE, _("Active")), (Organization.State.SUSPENDED, _("Suspended"))]

    @property
    def admin_choices(self) -> list[tuple[str, str]]:
        """The choices of the filter by Admins, which the vendor's staff have."""
        return [(value, str(label)) for value, label in ADMIN_CHOICES] if self.is_of_vendor else []

    @property
    def kind_choices(self) -> list[tuple[str, str]]:
        """The choices of the filter by type: whoever may accept an invitation can be a customer."""
        return [(kind.value, str(kind.label)) for kind in OrganizationKind if kind != OrganizationKind.VENDOR]

    @property
    def creation_choices(self) -> list[tuple[int, str]]:
        """The choices of the filter by creation: pairs of a number of days and its label."""
        return [(days, str(label)) for days, label in CREATED_WITHIN]

    @property
    def expiry_choices(self) -> list[tuple[int, str]]:
        """The choices of the filter by next expiry: pairs of a number of days and its label."""
        return [(days, str(label)) for days, label in EXPIRES_WITHIN]

    @property
    def latest_usage_day(self) -> str:
        """The latest day of use that the rows of the page show, as a date in words; "" if no use was reported."""
        days = [row.weekly_usage["as_of"] for row in self.page.rows if row.weekly_usage]
        return formats.format_date(dt.date.fromisoformat(max(days))) if days else ""

    @property
    def unusual_use_choices(self) -> list[tuple[str, str]]:
        """The choices of the filter by unusual use: pairs of a kind, and its label with the number of its customers."""
        return [
            (kind.value, f"{kind.label} ({formats.format_number(self.numbers.unusual.get(kind, 0))})")
            for kind in UnusualUse
        ]


CUSTOMER_USAGE = replace(
    CUSTOMERS,
    key="customer_usage",
    label=gettext_lazy("Usage by customer"),
    url_name="usage_of_customers",
    columns=(  # each column has its branch in parts/customer_usage_rows.jinja
        CUSTOMERS.columns[0],
        ListColumn(name="share", label=gettext_lazy("Percentage assigned"), css="num"),
        ListColumn(name="seats", label=gettext_lazy("Purchased"), sort="seats", css="num"),
        ListColumn(name="assigned", label=gettext_lazy("Assigned"), sort="assigned", css="num"),
        ListColumn(name="available", label=gettext_lazy("Available"), css="num wide-only"),
        ListColumn(name="active", label=gettext_lazy("Monthly active"), css="num wide-only"),
        ListColumn(name="free", label=gettext_lazy("Free users"), css="num wide-only", is_usual=False),
        ListColumn(name="over", label=gettext_lazy("Overage"), sort="overage", css="num"),
    ),
    fields=("q", "country", "sku", "partner", "unusual"),
    default_sort="-assigned",
    more_sorts={},
)


class CustomerUsageList(CustomerList):
    """The list of customers with what each has, uses and exceeds, on the page of the usage of all."""

    definition = CUSTOMER_USAGE
    has_contact_emails = False

    def make_table_rows(self, partners: Mapping[int, list[str]], managers: Mapping[int, str] | None) -> list[Any]:
        return make_customer_usage_table_rows(self.page.rows)


class SoldCustomerList(CustomerList):
    """The list of all customers for the vendor's staff: what the vendor sold each, and when it ends."""

    definition = SOLD_CUSTOMERS
    is_of_vendor = True

    @property
    def filter_tabs(self) -> list[ListTab]:
        """The tabs of the most used filters but that of falling use, which the vendor does not see."""
        return super().filter_tabs[:-1]
