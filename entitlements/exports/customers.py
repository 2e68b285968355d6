"""Exported lists of customers and what they have: services, orders, and what ends soon."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Func, IntegerField, OuterRef, QuerySet, Value
from django.db.models.functions import NullIf
from django.utils.translation import gettext_lazy as _

from entitlements.exports.columns import (
    CUSTOMER_COLUMNS,
    OF_CUSTOMERS,
    OF_ORDERS,
    OWN,
    SERVICE_COLUMNS,
    shared_scope_codes,
)
from entitlements.filters import CustomerFilterSet, RenewalFilterSet
from entitlements.lists.customers import CUSTOMERS
from entitlements.models import NO_EXPIRY, Sku
from entitlements.models.listing import null_unless_shared
from entitlements.queries.customers import add_report_day, list_customers, list_orders, query_services
from entitlements.queries.renewals import list_renewals_ahead
from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.columns import (
    identifier_column,
    joined_by_semicolon,
    moment_column,
    percent_column,
    raw_column,
    text_column,
)
from partnerportal.lib.exports.lists import ExportList, ExportSubject, Query
from partnerportal.lib.scopes import Scope


def _customers(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the customers of the page's filters, or those with the ORGIDs `ids`, in the page's order."""
    rows: QuerySet[Any] = add_report_day(CustomerFilterSet(query, list_customers(actor)).qs)
    if query.get("ids"):
        rows = rows.filter(org_id__in=query["ids"])
    sort = CUSTOMERS.parse_sort(query)
    column = CUSTOMERS.sorts[sort.removeprefix("-")]
    return rows.order_by(*((f"-{column}", "-customer") if sort.startswith("-") else (column, "customer")))


def _services(actor: Actor, _query: Query, customer: int | None) -> QuerySet[Any]:
    """Return the entitlements of one customer."""
    return query_services(actor, customer)


def _orders(actor: Actor, _query: Query, customer: int | None) -> QuerySet[Any]:
    """Return the orders of one customer, with a row for each line. An order without lines has one row too."""
    return list_orders(actor, customer).order_by("-placed_on", "-pk", "lines__position")


def _renewals(actor: Actor, query: Query, customer: int | None) -> QuerySet[Any]:
    """Return what ends within so many days from today on, or on one day, of customers or the actor's organisation."""
    rows = RenewalFilterSet(query, list_renewals_ahead(actor)).qs
    return (rows.filter(customer=customer) if customer else rows).order_by("ends_on", "pk")


_SKU_NAMES = (
    Sku.objects.annotate(place=Func(OuterRef("skus"), F("pk"), function="array_position", output_field=IntegerField()))
    .filter(place__isnull=False)
    .order_by("name", "pk")
)
LISTS = (
    ExportList(
        key="customers",
        label=_("Customers"),
        rows=_customers,
        rule=OF_CUSTOMERS,
        filters=frozenset({*CustomerFilterSet.base_filters, "sort"}),
        columns=(
            text_column("name"),
            identifier_column("org_id"),
            raw_column("country"),
            text_column("website"),
            raw_column("shared", shared_scope_codes()),
            raw_column("services", null_unless_shared("services", Scope.ENTITLEMENTS)),
            text_column("skus", joined_by_semicolon(ArraySubquery(_SKU_NAMES.values("name")))),
            raw_column("seats", null_unless_shared("seats", Scope.ENTITLEMENTS)),
            raw_column("assigned", null_unless_shared("assigned", Scope.ENTITLEMENTS)),
            raw_column("overage", null_unless_shared("overage", Scope.ENTITLEMENTS)),
            percent_column("pct_assigned", "assigned", "seats"),
            raw_column("trials", null_unless_shared("trials", Scope.ENTITLEMENTS)),
            raw_column("trial_requests", null_unless_shared("requests", Scope.ENTITLEMENTS)),
            raw_column("next_expiry_on", NullIf(F("next_expiry_on"), Value(NO_EXPIRY))),
            raw_column("unusual_use", null_unless_shared(joined_by_semicolon("unusual"), Scope.USAGE)),
            raw_column("usage_as_of", "as_of"),
            moment_column("connected_at"),
        ),
    ),
    ExportList(
        key="services",
        label=_("Services"),
        rows=_services,
        subject=ExportSubject.ONE,
        scope=Scope.ENTITLEMENTS,
        rule=OF_CUSTOMERS,
        own_rule=OWN,
        columns=SERVICE_COLUMNS,
    ),
    ExportList(
        key="renewals",
        label=_("Renewals"),
        rows=_renewals,
        subject=ExportSubject.OWN_OR_ALL,
        rule=OF_CUSTOMERS,
        own_rule=OWN,
        filters=frozenset(RenewalFilterSet.base_filters),
        columns=SERVICE_COLUMNS,
    ),
    ExportList(
        key="orders",
        label=_("Orders"),
        rows=_orders,
        subject=ExportSubject.ONE,
        scope=Scope.ORDERS,
        rule=OF_ORDERS,
        own_rule=OWN,
        columns=(
            *CUSTOMER_COLUMNS,
            text_column("number"),
            raw_column("placed_on"),
            raw_column("state"),
            raw_column("currency"),
            raw_column("total"),
            raw_column("line", "lines__position"),
            text_column("sku", "lines__sku__code"),
            text_column("sku_name", "lines__sku__name"),
            raw_column("quantity", "lines__quantity"),
            raw_column("unit_price", "lines__unit_price"),
        ),
    ),
)
