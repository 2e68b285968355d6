"""Columns and rules that several exported lists of this app share."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, CharField, F, Func, JSONField, Subquery, TextField, Value, When
from django.db.models.functions import Cast, Greatest

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


def _map_sku_names(**conditions: Any) -> Any:
    """Return a subquery of the names of SKUs by their primary keys, as one JSON object.

    It depends on no row, so PostgreSQL looks the SKUs up once for a whole file.
    """
    names = Func(Cast("pk", TextField()), F("name"), function="jsonb_object_agg", output_field=JSONField())
    return Subquery(
        Sku.objects.filter(**conditions).order_by().values(one=Value(1)).annotate(names=names).values("names")
    )


def make_sku_names_expression(keys: str, **conditions: Any) -> Any:
    """Return a database expression for the names of SKUs, by name, as text separated by "; ".

    `keys` names the column of the rows that has the SKUs' primary keys, an array. `conditions` narrow the SKUs.
    """
    names = Func(
        _map_sku_names(**conditions),
        Func(F(keys), function="unnest"),
        template="ARRAY(SELECT name FROM (SELECT %(expressions)s key) sku WHERE name IS NOT NULL ORDER BY name)",
        arg_joiner=" ->> key::text AS name FROM ",
        output_field=ArrayField(TextField()),
    )
    return join_with_semicolons(names)


def make_overage_names_expression() -> Any:
    """Return a database expression for the SKUs over their limit, such as "Workspace +12", as text separated by "; ".

    It is for rows of CustomerListing, and the largest overage comes first.
    """
    names = Func(
        _map_sku_names(),
        Func(F("over_skus"), F("over_seats"), function="unnest"),
        template="ARRAY(SELECT name || ' +' || seats FROM"
        " (SELECT %(expressions)s WITH ORDINALITY AS overage (key, seats, place)) sku"
        " WHERE name IS NOT NULL ORDER BY place)",
        arg_joiner=" ->> key::text AS name, seats, place FROM ",
        output_field=ArrayField(TextField()),
    )
    return join_with_semicolons(names)


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
