"""What a list needs in order to be exported."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import CharField, F, Func, QuerySet, Value
from django.db.models.functions import Greatest

from entitlements.exports.columns import Column, code, raw, share, text
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.policies import RoleTable

LONGEST = 200  # of a filter's value
Query = Mapping[str, Any]
Rows = Callable[[Actor, Query, int | None], QuerySet[Any]]


@dataclass(frozen=True, kw_only=True)
class List:
    """`rows` are ordered, and take the address's filters and the customer.

    `of_one`: of a customer, or of oneself. `of_own`: of oneself for whoever has no dashboard, else of all customers.
    Any other list is of customers, and takes `rule` if it has one, else the sight of customers.
    """

    key: str  # also the name of its files
    label: Message
    columns: tuple[Column, ...]
    rows: Rows
    of_one: bool = False
    of_own: bool = False
    rule: tuple[RoleTable, StrEnum] | None = None
    filters: frozenset[str] = frozenset()  # that it knows; what else an address says narrows nothing

    def query(self, address: Mapping[str, str]) -> Query:
        """What of an address this list knows."""
        return {name: value for name, value in address.items() if name in self.filters and _is_text(value)}


def _is_text(value: str) -> bool:
    return "\0" not in value and len(value) <= LONGEST


AVAILABLE = Greatest(F("purchased") - F("assigned"), Value(0))


def month_columns(suffix: str = "") -> tuple[Column, ...]:
    """Section F's, over plain months or over their sums."""
    month = Func(F("month"), Value("YYYY-MM"), function="to_char", output_field=CharField())
    return (
        raw("month", month),
        *licence_columns(suffix),
        raw("monthly_active", f"monthly_active{suffix}"),
        raw("daily_active_peak", f"daily_active_peak{suffix}"),
    )


def licence_columns(suffix: str = "") -> tuple[Column, ...]:
    """`available` is counted for each SKU on its own, also in sums, which bring it along."""
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
