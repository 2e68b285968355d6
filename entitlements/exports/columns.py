"""Columns and rules that several exported lists of this app share."""

from django.db.models import CharField, F, Func, Value
from django.db.models.functions import Greatest

from connections.policies import ROLE_TABLE as CONNECTIONS
from connections.policies import ConnectionPermission
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from partnerportal.lib.exports.columns import ExportColumn, code, raw, share, text

OF_CUSTOMERS = (CONNECTIONS, ConnectionPermission.VIEW_CUSTOMERS)
OWN = (ROLE_TABLE, EntitlementPermission.VIEW_OWN)
AVAILABLE = Greatest(F("purchased") - F("assigned"), Value(0))


def month_columns(suffix: str = "") -> tuple[ExportColumn, ...]:
    """Return the columns of section F, over plain months, or with a suffix over sums whose names end in it."""
    month = Func(F("month"), Value("YYYY-MM"), function="to_char", output_field=CharField())
    return (
        raw("month", month),
        *licence_columns(suffix),
        raw("monthly_active", f"monthly_active{suffix}"),
        raw("daily_active_peak", f"daily_active_peak{suffix}"),
    )


def licence_columns(suffix: str = "") -> tuple[ExportColumn, ...]:
    """Return the columns of licences, over plain rows, or with a suffix over sums whose names end in it.

    `available` is counted for each SKU on its own, also in sums, which bring it along.
    """
    purchased, assigned, newly = (F(f"{name}{suffix}") for name in ("purchased", "assigned", "newly_assigned"))
    return (
        raw("total_licenses", purchased),
        raw("previously_assigned", assigned - newly),
        raw("newly_assigned", newly),
        raw("assigned_total", assigned),
        raw("available", F(f"available{suffix}") if suffix else AVAILABLE),
        share("pct_assigned", assigned, purchased),
    )


CUSTOMER_COLUMNS = (text("customer", "customer__name"), code("org_id", "customer__org_id"))
NAME_COLUMNS = (text("name", "customer__name"), code("org_id", "customer__org_id"))
SKU_COLUMNS = (text("service", "sku__service"), text("sku", "sku__code"))
SERVICE_COLUMNS = (
    *CUSTOMER_COLUMNS,
    text("sku", "sku__code"),
    text("sku_name", "sku__name"),
    text("service", "sku__service"),
    raw("kind"),
    raw("state"),
    raw("source"),
    raw("quantity"),
    raw("assigned"),
    raw("starts_on"),
    raw("ends_on"),
)
