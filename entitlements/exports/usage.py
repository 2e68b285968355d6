"""Exported lists of the use of licences, by one customer and by all of them. They have totals, never people (CC-32)."""

import datetime as dt
from typing import Any

from django.db.models import BigIntegerField, Case, F, IntegerField, Max, OuterRef, QuerySet, Subquery, Sum, When
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, JSONObject, Least
from django.utils.translation import gettext_lazy as _

from entitlements import counting
from entitlements.exports.columns import (
    AVAILABLE,
    NAME_COLUMNS,
    OF_CUSTOMERS,
    OWN,
    SKU_COLUMNS,
    make_licence_count_columns,
    make_usage_month_columns,
)
from entitlements.models import Anomaly, CustomerListing, CustomerUsage, Sku, UsageDay, UsageMonth
from entitlements.queries.usage import (
    DAY_LASTS,
    MONTH_LASTS,
    RANGES,
    PeriodUsage,
    get_customer_usage,
    list_usage_by_day,
    list_usage_by_month,
    list_usage_trend_days,
    list_usage_trend_months,
    sum_usage_by_period,
)
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.exports.columns import make_percent_column, make_unchanged_column
from partnerportal.lib.exports.lists import ExportableList, ExportSubject, Query
from partnerportal.lib.scopes import Scope

_MONTH_FACTS = ("purchased", "assigned", "newly_assigned", "monthly_active", "daily_active_peak")
_LISTED = ("seats", "assigned", "overage", "trial_seats", "trial_assigned")  # licences in the customer listing
_DAY_FACTS = ("purchased", "assigned", "newly_assigned", "monthly", "daily")


def _last_day(actor: Actor, customer: int | None) -> dt.date:
    """Return the day on which the trend ends on its page: the latest that was reported, or today (UTC) without any."""
    usage = get_customer_usage(actor, customer)
    return usage.as_of if usage else today()


def _trend(actor: Actor, query: Query, customer: int | None) -> QuerySet[Any]:
    """Return the trend by month, of one service or of all together (section F).

    With a range it has the months of the page, else all.
    """
    span, since = query.get("range"), dt.date.min
    if span in RANGES:
        since = list_usage_trend_months(_last_day(actor, customer), span)[0]
    moments = _moments_shown(list_usage_by_month(actor, customer, since), query, MONTH_LASTS)
    months = UsageMonth.objects.visible_to(actor).filter(customer=customer, month__in=moments)
    return _sums(_of_service(months, query), "month", _MONTH_FACTS)


def _trend_days(actor: Actor, query: Query, customer: int | None) -> QuerySet[Any]:
    """Return the trend by day, for the page's twelve weeks."""
    since = list_usage_trend_days(_last_day(actor, customer))[0]
    moments = _moments_shown(list_usage_by_day(actor, customer, since), query, DAY_LASTS)
    days = UsageDay.objects.visible_to(actor).filter(customer=customer, day__in=moments)
    return _sums(_of_service(_with_active(actor, days), query), "day", _DAY_FACTS)


def _moments_shown(uses: list[PeriodUsage], query: Query, lasting: dt.timedelta) -> list[dt.date]:
    """Return the days or months for which the page has a sum.

    A day or month in which a service did not report is a gap, on the page and in the file.
    """
    uses = [use for use in uses if query.get("service") in (None, "", use.sku_name)]
    moments = sorted({use.at for use in uses})
    return [at for at, use in zip(moments, sum_usage_by_period(uses, moments, lasting), strict=True) if use]


def _of_service(rows: QuerySet[Any], query: Query) -> QuerySet[Any]:
    return rows.filter(sku__name=query["service"]) if query.get("service") else rows


def _sums(rows: QuerySet[Any], moment: str, facts: tuple[str, ...]) -> QuerySet[Any]:
    sums = {f"{name}_": Sum(name) for name in facts} | {"available_": Sum(AVAILABLE)}
    return rows.values(moment).annotate(**sums).order_by(moment)


def _with_active(actor: Actor, days: QuerySet[Any]) -> QuerySet[Any]:
    """Add `monthly` and `daily` to days: active licences by the rules of `counting`, to which a test holds them."""
    back = dt.timedelta(days=counting.ACTIVE_DAYS)
    recent = UsageDay.objects.visible_to(actor).filter(
        customer=OuterRef("customer"), sku=OuterRef("sku"), day__gt=OuterRef("day") - back, day__lte=OuterRef("day")
    )
    peak = recent.order_by().values("sku").annotate(peak=Max("peak_concurrent")).values("peak")
    is_concurrent = {"sku__licence_model": Sku.LicenceModel.CONCURRENT}
    return days.annotate(
        monthly=Case(
            When(**is_concurrent, then=Subquery(peak)),
            default=Least("monthly_users", "monthly_devices"),
            output_field=IntegerField(),
        ),
        daily=Case(When(**is_concurrent, then=F("peak_concurrent")), default=Least("daily_users", "daily_devices")),
    )


def _months_of(actor: Actor, _query: Query, customer: int | None) -> QuerySet[Any]:
    """Return every month of every SKU of one customer."""
    return UsageMonth.objects.visible_to(actor).filter(customer=customer).order_by("sku__name", "sku_id", "month")


def _of_customers(actor: Actor, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return those rows whose customers the actor may list."""
    return rows.filter(customer__in=CustomerListing.objects.visible_to(actor).values("customer"))


def _usage(actor: Actor, _query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the use of all customers, by name, with the licences of those that share their services.

    They come from one look-up in the customer listing, as `listed`, which is null where services are not shared.
    """
    own = CustomerListing.objects.visible_to(actor).with_shared_scope(Scope.ENTITLEMENTS)
    facts = JSONObject(**{name: name for name in _LISTED})
    listed = Subquery(own.filter(customer=OuterRef("customer")).values(facts=facts)[:1])
    rows = _of_customers(actor, CustomerUsage.objects.visible_to(actor)).annotate(listed=listed)
    return rows.order_by("customer__name_folded", "pk")


def _now(name: str, reported: str | None = None) -> Combinable:
    """Return an expression for a number of licences as the customer listing has it.

    Where services are not shared it is that of the latest report, the column `reported`, or null without one.
    """
    listed = Cast(KeyTextTransform(name, "listed"), BigIntegerField())
    return Coalesce(listed, F(reported), output_field=BigIntegerField()) if reported else listed


def _history(actor: Actor, _query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return every month of every customer and SKU."""
    rows = _of_customers(actor, UsageMonth.objects.visible_to(actor))
    return rows.order_by("customer_id", "sku_id", "month")


def _anomalies(actor: Actor, _query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the anomalies of all customers, open ones and those that are over, the newest first."""
    return _of_customers(actor, Anomaly.objects.visible_to(actor)).order_by("-found_on", "-pk")


def _anomalies_of(actor: Actor, _query: Query, customer: int | None) -> QuerySet[Any]:
    """Return the anomalies of one customer, open ones and those that are over, the newest first."""
    return Anomaly.objects.visible_to(actor).filter(customer=customer).order_by("-found_on", "-pk")


_BY_MONTH = (*NAME_COLUMNS, *SKU_COLUMNS, *make_usage_month_columns())
_PURCHASED, _ASSIGNED, _OVERAGE = _now("seats", "purchased"), _now("assigned", "assigned"), _now("overage", "overage")
_UNUSUAL = (
    *NAME_COLUMNS,
    *SKU_COLUMNS,
    make_unchanged_column("metric"),
    make_unchanged_column("found_on"),
    make_unchanged_column("ended_on"),
    make_unchanged_column("value"),
    make_unchanged_column("before"),
    make_unchanged_column("usual_low", "low"),
    make_unchanged_column("usual_high", "high"),
)
LISTS = (
    ExportableList(
        key="trend",
        label=_("Usage trend"),
        rows=_trend,
        subject=ExportSubject.ONE,
        scope=Scope.USAGE,
        rule=OF_CUSTOMERS,
        own_rule=OWN,
        filters=frozenset({"service", "range"}),
        columns=make_usage_month_columns("_"),
    ),
    ExportableList(
        key="trend_days",
        label=_("Usage trend by day"),
        rows=_trend_days,
        subject=ExportSubject.ONE,
        scope=Scope.USAGE,
        rule=OF_CUSTOMERS,
        own_rule=OWN,
        filters=frozenset({"service"}),
        columns=(
            make_unchanged_column("day"),
            *make_licence_count_columns("_"),
            make_unchanged_column("monthly_active", "monthly_"),
            make_unchanged_column("daily_active", "daily_"),
        ),
    ),
    ExportableList(
        key="usage_months",
        label=_("Usage by service and month"),
        rows=_months_of,
        subject=ExportSubject.ONE,
        scope=Scope.USAGE,
        rule=OF_CUSTOMERS,
        own_rule=OWN,
        columns=_BY_MONTH,
    ),
    ExportableList(
        key="usage",
        label=_("Usage by customer"),
        rows=_usage,
        rule=OF_CUSTOMERS,
        columns=(
            *NAME_COLUMNS,
            make_unchanged_column("as_of"),
            make_unchanged_column("total_licenses", _PURCHASED),
            make_unchanged_column("assigned_total", _ASSIGNED),
            make_unchanged_column("available", _PURCHASED - _ASSIGNED + _OVERAGE),
            make_unchanged_column("overage", _OVERAGE),
            make_percent_column("pct_assigned", _ASSIGNED, _PURCHASED),
            make_unchanged_column("trial_licenses", _now("trial_seats")),
            make_unchanged_column("trial_assigned", _now("trial_assigned")),
            make_unchanged_column("monthly_active"),
            make_unchanged_column("free_users"),
            make_unchanged_column("assigned_28_days_before", "assigned_before"),
            make_unchanged_column("monthly_active_28_days_before", "active_before"),
            make_unchanged_column("full_on"),
        ),
    ),
    ExportableList(
        key="usage_history",
        label=_("Usage by customer, service and month"),
        rows=_history,
        rule=OF_CUSTOMERS,
        columns=_BY_MONTH,
    ),
    ExportableList(
        key="anomalies",
        label=_("Unusual usage"),
        rows=_anomalies,
        rule=OF_CUSTOMERS,
        columns=_UNUSUAL,
    ),
    ExportableList(
        key="unusual_use",
        label=_("Unusual usage"),
        rows=_anomalies_of,
        subject=ExportSubject.ONE,
        scope=Scope.USAGE,
        rule=OF_CUSTOMERS,
        own_rule=OWN,
        columns=_UNUSUAL,
    ),
)
