"""Exported lists of customers and what they have: services, orders, and what ends soon."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, CharField, F, QuerySet, Value, When
from django.db.models.functions import NullIf
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from entitlements.exports.columns import (
    CUSTOMER_COLUMNS,
    OF_CUSTOMERS,
    OF_ORDERS,
    OWN,
    SERVICE_COLUMNS,
    make_overage_names_expression,
    make_scope_codes_expression,
    make_sku_names_expression,
)
from entitlements.filters import CustomerFilterSet, RenewalFilterSet, SoldCustomerFilterSet, choose_customer_filter_set
from entitlements.lists.customers import CUSTOMERS, SOLD_CUSTOMERS
from entitlements.lists.renewals import RENEWALS
from entitlements.models import NO_EXPIRY, Entitlement, Sku
from entitlements.models.listing import IN_PRODUCTION, ONLY_ON_TRIAL, ValueIfScopeShared
from entitlements.queries.customers import (
    annotate_latest_report_day,
    list_customer_orders,
    list_customers,
    make_partner_names_query,
    make_services_queryset,
)
from entitlements.queries.renewal_work import annotate_renewal_order, annotate_renewal_work
from entitlements.queries.renewals import list_upcoming_renewals
from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.columns import (
    join_with_semicolons,
    make_datetime_column,
    make_identifier_column,
    make_percent_column,
    make_text_column,
    make_unchanged_column,
)
from partnerportal.lib.exports.lists import ExportableList, ExportSubject, Query
from partnerportal.lib.scopes import Scope
from partnerportal.lib.visible_rows import parse_public_ids


def _customers(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the customers of the page's filters, or those with the ORGIDs `ids`, in the page's order."""
    rows: QuerySet[Any] = annotate_latest_report_day(
        choose_customer_filter_set(actor)(query, list_customers(actor), acting=actor).qs
    )
    if query.get("ids"):
        rows = rows.filter(org_id__in=query["ids"])
    return rows.order_by(*CUSTOMERS.list_order_fields(query, key="customer"))


def _services(actor: Actor, _query: Query, customer: int | None) -> QuerySet[Any]:
    """Return the entitlements of one customer."""
    return make_services_queryset(actor, customer)


def _orders(actor: Actor, _query: Query, customer: int | None) -> QuerySet[Any]:
    """Return the orders of one customer, with a row for each line. An order without lines has one row too."""
    return list_customer_orders(actor, customer).order_by("-placed_on", "-pk", "lines__position")


def _renewals(actor: Actor, query: Query, customer: int | None) -> QuerySet[Any]:
    """Return what ends within so many days from today on, or on one day, of customers or the actor's organisation."""
    rows = RenewalFilterSet(query, list_upcoming_renewals(actor), acting=actor).qs
    if query.get("ids"):
        rows = rows.filter(public_id__in=parse_public_ids(query["ids"]))
    rows = rows.filter(customer=customer) if customer else rows
    column, key = RENEWALS.list_order_fields(query)
    rows = annotate_renewal_order(actor, rows, column.removeprefix("-"), is_descending=column.startswith("-"))
    return annotate_renewal_work(actor, rows.select_related("sku", "customer")).order_by(column, key)


_LEVEL = Case(
    When(IN_PRODUCTION, then=Value(Entitlement.Kind.PRODUCTION)),
    When(ONLY_ON_TRIAL, then=Value(Entitlement.Kind.TRIAL)),
    output_field=CharField(),
)
_PARTNERS = make_partner_names_query()
_CUSTOMER_COLUMNS = (
    make_text_column("name"),
    make_identifier_column("org_id"),
    make_unchanged_column("country"),
    make_text_column("website"),
    make_unchanged_column("shared", make_scope_codes_expression()),
    make_unchanged_column("services", ValueIfScopeShared("services", Scope.ENTITLEMENTS)),
    make_text_column("skus", make_sku_names_expression("skus", kind=Sku.Kind.PRODUCT)),
    make_text_column("add_ons", make_sku_names_expression("skus", kind=Sku.Kind.ADD_ON)),
    make_unchanged_column("seats", ValueIfScopeShared("seats", Scope.ENTITLEMENTS)),
    make_unchanged_column("assigned", ValueIfScopeShared("assigned", Scope.ENTITLEMENTS)),
    make_unchanged_column("overage", ValueIfScopeShared("overage", Scope.ENTITLEMENTS)),
    make_text_column("over_limit", make_overage_names_expression()),
    make_percent_column("pct_assigned", "assigned", "seats"),
    make_unchanged_column("trial_seats", ValueIfScopeShared("trial_seats", Scope.ENTITLEMENTS)),
    make_unchanged_column("trial_assigned", ValueIfScopeShared("trial_assigned", Scope.ENTITLEMENTS)),
    make_unchanged_column("trials", ValueIfScopeShared("trials", Scope.ENTITLEMENTS)),
    make_unchanged_column("trial_requests", ValueIfScopeShared("requests", Scope.ENTITLEMENTS)),
    make_unchanged_column("next_expiry_on", NullIf(F("next_expiry_on"), Value(NO_EXPIRY))),
    make_unchanged_column("unusual_use", ValueIfScopeShared(join_with_semicolons("unusual"), Scope.USAGE)),
    make_unchanged_column("usage_as_of", "as_of"),
    make_datetime_column("connected_at"),
    make_unchanged_column("type", "kind"),
    make_unchanged_column("level", ValueIfScopeShared(_LEVEL, Scope.ENTITLEMENTS)),
    make_unchanged_column("status", "state"),
    make_datetime_column("created_at"),
    make_text_column("partners", join_with_semicolons(ArraySubquery(_PARTNERS))),
)
_NOT_SOLD = ("shared", "unusual_use", "usage_as_of", "connected_at", "type")  # what only consent gives
SOLD_CUSTOMER_LIST = ExportableList(
    key="all_customers",
    label=_("Customers"),
    counted_rows=ngettext_lazy("%(total)s customer", "%(total)s customers", "number"),
    rows=_customers,
    rule=SOLD_CUSTOMERS.rule,
    filters=frozenset({*SoldCustomerFilterSet.base_filters, "sort"}),
    columns=(
        *(column for column in _CUSTOMER_COLUMNS if column.key not in _NOT_SOLD),
        make_identifier_column("tenant_id", "customer__tenant_id"),
        make_text_column("account_manager", "customer__account_manager_name"),
    ),
)
LISTS = (
    ExportableList(
        key="customers",
        label=_("Customers"),
        counted_rows=ngettext_lazy("%(total)s customer", "%(total)s customers", "number"),
        rows=_customers,
        rule=OF_CUSTOMERS,
        filters=frozenset({*CustomerFilterSet.base_filters, "sort"}),
        columns=_CUSTOMER_COLUMNS,
    ),
    SOLD_CUSTOMER_LIST,
    ExportableList(
        key="services",
        label=_("Services"),
        counted_rows=ngettext_lazy("%(total)s service", "%(total)s services", "number"),
        rows=_services,
        subject=ExportSubject.ONE,
        scope=Scope.ENTITLEMENTS,
        rule=OF_CUSTOMERS,
        own_rule=OWN,
        columns=SERVICE_COLUMNS,
    ),
    ExportableList(
        key="renewals",
        label=_("Renewals"),
        counted_rows=ngettext_lazy("%(total)s renewal", "%(total)s renewals", "number"),
        rows=_renewals,
        subject=ExportSubject.OWN_OR_ALL,
        rule=OF_CUSTOMERS,
        own_rule=OWN,
        filters=frozenset({*RenewalFilterSet.base_filters, "sort"}),
        columns=(
            *SERVICE_COLUMNS,
            make_unchanged_column("value", "worth"),
            make_unchanged_column("currency"),
            make_text_column("renewal_owner", "work_owner"),
            make_unchanged_column("renewal_state", "work_state"),
            make_text_column("renewal_note", "work_note"),
            make_datetime_column("renewal_noted_at", "work_noted_at"),
        ),
    ),
    ExportableList(
        key="orders",
        label=_("Orders"),
        rows=_orders,
        subject=ExportSubject.ONE,
        scope=Scope.ORDERS,
        rule=OF_ORDERS,
        own_rule=OWN,
        columns=(
            *CUSTOMER_COLUMNS,
            make_text_column("number"),
            make_unchanged_column("placed_on"),
            make_unchanged_column("state"),
            make_unchanged_column("currency"),
            make_unchanged_column("total"),
            make_unchanged_column("line", "lines__position"),
            make_text_column("sku", "lines__sku__code"),
            make_text_column("sku_name", "lines__sku__name"),
            make_unchanged_column("quantity", "lines__quantity"),
            make_unchanged_column("unit_price", "lines__unit_price"),
        ),
    ),
)
