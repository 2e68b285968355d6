"""What can be exported. Each list takes the queryset of its page, so that a file holds what the page would show.

Nothing here reads LicenseAssignment: no export tells who holds a licence (CC-32).
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, CharField, F, Func, IntegerField, OuterRef, QuerySet, Sum, Value, When
from django.db.models.functions import Greatest, NullIf
from django.utils.translation import gettext_lazy as _

from entitlements import queries
from entitlements.columns import SORTS
from entitlements.exports.columns import Column, code, joined, moment, raw, share, text
from entitlements.filters import CustomerFilterSet, sort_in
from entitlements.models import NO_EXPIRY, CustomerListing, CustomerUsage, Sku, UsageMonth
from entitlements.queries.renewals import FURTHEST, renewals
from entitlements.timeline import WORDS
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.errors import Message, NotFound

SPANS = ("7", "30", "60", "90")
LONGEST = 200  # of a filter's value
Query = Mapping[str, Any]
Rows = Callable[[Actor, Query, int | None], QuerySet[Any]]


@dataclass(frozen=True, kw_only=True)
class List:
    """`rows` are ordered, and take the address's filters and the customer. `of_one`: of a customer, or of oneself."""

    key: str  # also the name of its files
    label: Message
    columns: tuple[Column, ...]
    rows: Rows
    of_one: bool = False
    filters: frozenset[str] = frozenset()  # that it knows; what else an address says narrows nothing

    def query(self, address: Mapping[str, str]) -> Query:
        """What of an address this list knows."""
        return {name: value for name, value in address.items() if name in self.filters and _is_text(value)}


def _is_text(value: str) -> bool:
    return "\0" not in value and len(value) <= LONGEST


def list_of(key: str) -> List:
    if key not in LISTS:
        raise NotFound("not_found", "")
    return LISTS[key]


def _customers(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    rows: QuerySet[Any] = CustomerFilterSet(query, queries.customers(actor)).qs
    if query.get("ids"):
        rows = rows.filter(org_id__in=query["ids"])
    sort = sort_in(query)
    column = SORTS[sort.removeprefix("-")]
    return rows.order_by(*((f"-{column}", "-customer") if sort.startswith("-") else (column, "customer")))


def _services(actor: Actor, _query: Query, customer: int | None) -> QuerySet[Any]:
    return queries.services_of(actor, customer)


def _orders(actor: Actor, _query: Query, customer: int | None) -> QuerySet[Any]:
    """A row for each line; an order without lines has one too."""
    return queries.orders(actor, customer).order_by("-placed_on", "-pk", "lines__position")


def _activity(actor: Actor, _query: Query, customer: int | None) -> QuerySet[Any]:
    return queries.customer_activity(actor, customer).filter(kind__in=list(WORDS)).order_by("-pk")


def _trend(actor: Actor, query: Query, customer: int | None) -> QuerySet[Any]:
    """By month, of one service or of all together (section F)."""
    months = UsageMonth.objects.visible_to(actor).filter(customer=customer)
    if query.get("service"):
        months = months.filter(sku__service=query["service"])
    sums = ("purchased", "assigned", "newly_assigned", "monthly_active", "daily_active_peak")
    return months.values("month").annotate(**{f"{name}_": Sum(name) for name in sums}).order_by("month")


def _usage(actor: Actor, _query: Query, _customer: int | None) -> QuerySet[Any]:
    mine = CustomerListing.objects.visible_to(actor).values("customer")
    return CustomerUsage.objects.visible_to(actor).filter(customer__in=mine).order_by("customer__name_folded", "pk")


def _history(actor: Actor, _query: Query, _customer: int | None) -> QuerySet[Any]:
    """Every month of every customer and SKU."""
    mine = CustomerListing.objects.visible_to(actor).values("customer")
    rows = UsageMonth.objects.visible_to(actor).filter(customer__in=mine)
    return rows.order_by("customer_id", "sku_id", "month")


def _renewals(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """What ends within so many days, from today on."""
    days = str(query.get("within", ""))
    span = dt.timedelta(days=int(days)) if days in SPANS else FURTHEST
    return renewals(actor, today(), today() + span).order_by("ends_on", "pk")


_SKU_NAMES = (
    Sku.objects.annotate(place=Func(OuterRef("skus"), F("pk"), function="array_position", output_field=IntegerField()))
    .filter(place__isnull=False)
    .order_by("name", "pk")
)
_FALLING = Case(When(is_falling=True, then=Value("true")), default=Value("false"))


def _month_columns(suffix: str = "") -> tuple[Column, ...]:
    """Section F's, over plain months or over their sums."""
    purchased, assigned, newly = (F(f"{name}{suffix}") for name in ("purchased", "assigned", "newly_assigned"))
    return (
        raw("month", Func(F("month"), Value("YYYY-MM"), function="to_char", output_field=CharField())),
        raw("total_licenses", purchased),
        raw("previously_assigned", assigned - newly),
        raw("newly_assigned", newly),
        raw("assigned_total", assigned),
        raw("available", Greatest(purchased - assigned, Value(0))),
        share("pct_assigned", assigned, purchased),
        raw("monthly_active", f"monthly_active{suffix}"),
        raw("daily_active_peak", f"daily_active_peak{suffix}"),
    )


_SERVICE_COLUMNS = (
    text("customer", "customer__name"),
    code("org_id", "customer__org_id"),
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
_ALL = (
    List(
        key="customers",
        label=_("Customers"),
        rows=_customers,
        filters=frozenset({*CustomerFilterSet.base_filters, "sort"}),
        columns=(
            text("name"),
            code("org_id"),
            raw("country"),
            text("website"),
            raw("services"),
            text("skus", joined(ArraySubquery(_SKU_NAMES.values("name")))),
            raw("seats"),
            raw("assigned"),
            share("pct_assigned", "assigned", "seats"),
            raw("trials"),
            raw("trial_requests", "requests"),
            raw("next_expiry_on", NullIf(F("next_expiry_on"), Value(NO_EXPIRY))),
            raw("is_falling", _FALLING),
            moment("connected_at"),
        ),
    ),
    List(
        key="services",
        label=_("Services"),
        rows=_services,
        of_one=True,
        columns=_SERVICE_COLUMNS,
    ),
    List(
        key="renewals",
        label=_("Renewals"),
        rows=_renewals,
        filters=frozenset({"within"}),
        columns=_SERVICE_COLUMNS,
    ),
    List(
        key="orders",
        label=_("Orders"),
        rows=_orders,
        of_one=True,
        columns=(
            text("customer", "customer__name"),
            code("org_id", "customer__org_id"),
            text("number"),
            raw("placed_on"),
            raw("state"),
            raw("currency"),
            raw("total"),
            raw("line", "lines__position"),
            text("sku", "lines__sku__code"),
            text("sku_name", "lines__sku__name"),
            raw("quantity", "lines__quantity"),
            raw("unit_price", "lines__unit_price"),
        ),
    ),
    List(
        key="activity",
        label=_("Activity"),
        rows=_activity,
        of_one=True,
        columns=(
            moment("at"),
            raw("event", "kind"),
            text("organization", "organization_label"),
            text("counterpart", "counterpart_label"),
            text("subject", "subject_label"),
        ),
    ),
    List(
        key="trend",
        label=_("Usage trend"),
        rows=_trend,
        of_one=True,
        filters=frozenset({"service"}),
        columns=_month_columns("_"),
    ),
    List(
        key="usage",
        label=_("Usage by customer"),
        rows=_usage,
        columns=(
            text("name", "customer__name"),
            code("org_id", "customer__org_id"),
            raw("as_of"),
            raw("total_licenses", "purchased"),
            raw("assigned_total", "assigned"),
            raw("available", Greatest(F("purchased") - F("assigned"), Value(0))),
            raw("overage", Greatest(F("assigned") - F("purchased"), Value(0))),
            share("pct_assigned", "assigned", "purchased"),
            raw("monthly_active"),
            raw("assigned_28_days_before", "assigned_before"),
            raw("monthly_active_28_days_before", "active_before"),
            raw("full_on"),
        ),
    ),
    List(
        key="usage_history",
        label=_("Usage by customer, service and month"),
        rows=_history,
        columns=(
            text("name", "customer__name"),
            code("org_id", "customer__org_id"),
            text("service", "sku__service"),
            text("sku", "sku__code"),
            *_month_columns(),
        ),
    ),
)
LISTS = {each.key: each for each in _ALL}
