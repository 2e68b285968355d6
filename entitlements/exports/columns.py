"""Columns and rules that several exported lists of this app share."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, CharField, F, Func, IntegerField, OuterRef, Value, When
from django.db.models.functions import Cast, Concat, Greatest

from connections.policies import ROLE_TABLE as CONNECTIONS
from connections.policies import ConnectionPermission
from entitlements.models import Sku
from entitlements.models.listing import make_scope_shared_condition
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from partnerportal.lib.exports.columns import (
    ExportColumn,
    join_with_semicolons,
    make_identifier_column,
    make_percent_column,
    make_text_column,
    make_unchanged_column,
)
from partnerportal.lib.scopes import Scope

OF_CUSTOMERS = (CONNECTIONS, ConnectionPermission.VIEW_CUSTOMERS)
OF_ORDERS = (ROLE_TABLE, EntitlementPermission.VIEW_ORDERS)
OWN = (ROLE_TABLE, EntitlementPermission.VIEW_OWN)
AVAILABLE = Greatest(F("purchased") - F("assigned"), Value(0))


def make_usage_month_columns(field_suffix: str = "") -> tuple[ExportColumn, ...]:
    """Return the export columns of a usage trend, for a queryset with one row for each month.

    Without `field_suffix` the rows are UsageMonth rows. With it they have annotated sums, each named like a field of
    UsageMonth plus the suffix.
    """
    month = Func(F("month"), Value("YYYY-MM"), function="to_char", output_field=CharField())
    return (
        make_unchanged_column("month", month),
        *make_licence_count_columns(field_suffix),
        make_unchanged_column("monthly_active", f"monthly_active{field_suffix}"),
        make_unchanged_column("daily_active_peak", f"daily_active_peak{field_suffix}"),
    )


def make_scope_codes_expression() -> Func:
    """Return a database expression for the codes of the scopes that a customer shares, as text separated by "; ".

    It is for rows of CustomerListing, which keep the scopes as bits of the number `scopes`.
    """
    codes = [Case(When(make_scope_shared_condition(scope), then=Value(scope.code))) for scope in Scope]
    return join_with_semicolons(Func(*codes, template="ARRAY[%(expressions)s]", output_field=CharField()))


def make_sku_names_expression(keys: str, **conditions: Any) -> Any:
    """Return a database expression for the names of SKUs, by name, as text separated by "; ".

    `keys` names the column of the rows that has the SKUs' primary keys, an array. `conditions` narrow the SKUs.
    """
    place = Func(OuterRef(keys), F("pk"), function="array_position", output_field=IntegerField())
    skus = Sku.objects.annotate(place=place).filter(place__isnull=False, **conditions).order_by("name", "pk")
    return join_with_semicolons(ArraySubquery(skus.values("name")))


def make_overage_names_expression() -> Any:
    """Return a database expression for the SKUs over their limit, such as "Workspace +12", as text separated by "; ".

    It is for rows of CustomerListing, and the largest overage comes first.
    """
    place = Func(OuterRef("over_skus"), F("pk"), function="array_position", output_field=IntegerField())
    seats = Func(
        OuterRef("over_seats"), F("place"), template="(%(expressions)s]", arg_joiner=")[", output_field=IntegerField()
    )
    skus = Sku.objects.annotate(place=place).filter(place__isnull=False).order_by("place")
    text = Concat("name", Value(" +"), Cast(seats, CharField()))
    return join_with_semicolons(ArraySubquery(skus.values(text=text)))


def make_licence_count_columns(field_suffix: str = "") -> tuple[ExportColumn, ...]:
    """Return the export columns of licences purchased, assigned and available.

    Without `field_suffix` the rows have fields with these names. With it they have annotated sums, each named like a
    field plus the suffix. The sum of `available` licences adds up each SKU's own.
    """
    purchased, assigned, newly = (F(f"{name}{field_suffix}") for name in ("purchased", "assigned", "newly_assigned"))
    return (
        make_unchanged_column("total_licenses", purchased),
        make_unchanged_column("previously_assigned", assigned - newly),
        make_unchanged_column("newly_assigned", newly),
        make_unchanged_column("assigned_total", assigned),
        make_unchanged_column("available", F(f"available{field_suffix}") if field_suffix else AVAILABLE),
        make_percent_column("pct_assigned", assigned, purchased),
    )


CUSTOMER_COLUMNS = (
    make_text_column("customer", "customer__name"),
    make_identifier_column("org_id", "customer__org_id"),
)
NAME_COLUMNS = (make_text_column("name", "customer__name"), make_identifier_column("org_id", "customer__org_id"))
SKU_COLUMNS = (
    make_text_column("service", "sku__service"),
    make_text_column("sku", "sku__code"),
    make_text_column("sku_name", "sku__name"),
)
SERVICE_COLUMNS = (
    *CUSTOMER_COLUMNS,
    make_text_column("sku", "sku__code"),
    make_text_column("sku_name", "sku__name"),
    make_text_column("service", "sku__service"),
    make_unchanged_column("kind"),
    make_unchanged_column("state"),
    make_unchanged_column("source"),
    make_unchanged_column("quantity"),
    make_unchanged_column("assigned"),
    make_unchanged_column("starts_on"),
    make_unchanged_column("ends_on"),
)
