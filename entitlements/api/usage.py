"""Endpoints of the use of licences: totals by day and month. The API tells nobody who holds a licence (CC-32)."""

import datetime as dt
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from connections.policies import ROLE_TABLE as CONNECTIONS
from connections.policies import ConnectionPermission, require_shared_scope
from entitlements import counting
from entitlements.api.serializers import UNSHARED
from entitlements.counting import LicenceTotals
from entitlements.models import CustomerListing, CustomerUsage, Sku, get_first_day_of_month
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.customers import list_customer_services
from entitlements.queries.usage import PeriodUsage, get_customer_usage, list_usage_by_day, list_usage_by_month
from partnerportal.lib.actors import Actor
from partnerportal.lib.api import PortalAPIView
from partnerportal.lib.days import today
from partnerportal.lib.scopes import Scope
from partnerportal.lib.visible_rows import get_by_public_id

DAYS = dt.timedelta(weeks=12)  # how far back the answer has days
MONTHS = 13  # how many months the answer has

FIGURES: dict[str, Any] = {
    "sku": "NB-DSK-CLD",
    "service": "Cloud Desktops",
    "name": "Cloud Desktops",
    "purchased": 405,
    "assigned": 384,
    "previously_assigned": 380,
    "newly_assigned": 4,
    "available": 21,
    "overage": 0,
    "monthly_active": 261,
}
EXAMPLE = {
    "as_of": "2026-11-20",
    "purchased": 405,
    "assigned": 384,
    "available": 21,
    "overage": 0,
    "trial_purchased": 25,
    "trial_assigned": 9,
    "monthly_active": 261,
    "free_users": 12,
    "full_on": "2027-03-02",
    "history_days": 389,
    "months": [{"month": "2026-11-01"} | FIGURES | {"daily_active_peak": 170}],
    "days": [{"day": "2026-11-20"} | FIGURES | {"daily_active": 166}],
}


NOW = "As in the list of customers; of the latest report where entitlements are not shared."
ACTIVE = """Unique users, or devices where fewer, of the last 30 days; of licences for concurrent use the most that were
in use at the same time."""


class UsageFiguresSerializer(serializers.Serializer[Any]):
    sku = serializers.CharField(help_text="The SKU's code.")
    service = serializers.CharField(help_text="The name of the service that the SKU belongs to.")
    name = serializers.CharField(help_text="The SKU's display name.")
    purchased = serializers.IntegerField()
    assigned = serializers.IntegerField(help_text="More than `purchased` is overage.")
    previously_assigned = serializers.IntegerField(help_text="Of the assigned: in earlier months.")
    newly_assigned = serializers.IntegerField(help_text="Of the assigned: in this month.")
    available = serializers.IntegerField(help_text="Purchased and not assigned.")
    overage = serializers.IntegerField()
    monthly_active = serializers.IntegerField(help_text=ACTIVE)


class MonthlyUsageSerializer(UsageFiguresSerializer):
    month = serializers.DateField(help_text="Its first day.")
    daily_active_peak = serializers.IntegerField(help_text="The highest of its days.")


class DailyUsageSerializer(UsageFiguresSerializer):
    day = serializers.DateField(help_text="A UTC day.")
    daily_active = serializers.IntegerField(help_text="In 24 hours.")


@extend_schema_serializer(examples=[OpenApiExample("usage", value=EXAMPLE, response_only=True)])
class UsageSerializer(serializers.Serializer[Any]):
    as_of = serializers.DateField(allow_null=True, help_text="The latest day that was reported. Null: none was.")
    purchased = serializers.IntegerField(help_text=f"Licences purchased, without those on trial. {NOW}")
    assigned = serializers.IntegerField(help_text=f"Licences assigned of those purchased. {NOW}")
    available = serializers.IntegerField(help_text=f"Purchased and not assigned, of each SKU on its own. {NOW}")
    overage = serializers.IntegerField(help_text=f"Assigned beyond those purchased, of each SKU on its own. {NOW}")
    trial_purchased = serializers.IntegerField(allow_null=True, help_text=f"Licences on trial. {UNSHARED}")
    trial_assigned = serializers.IntegerField(allow_null=True, help_text=f"Licences assigned on trial. {UNSHARED}")
    monthly_active = serializers.IntegerField()
    free_users = serializers.IntegerField(
        allow_null=True, help_text="Users who are not billed, by number alone. Null: the vendor does not report them."
    )
    full_on = serializers.DateField(
        allow_null=True,
        help_text="When all licences will be assigned by the straight line through the last 13 weeks. Null: not within "
        "two years at that pace, or less than 28 days of history.",
    )
    history_days = serializers.IntegerField(help_text="Between the first and the latest reported day.")
    months = MonthlyUsageSerializer(many=True, help_text="The last 13 months.")
    days = DailyUsageSerializer(many=True, help_text="The last 12 weeks.")


@extend_schema(tags=["Usage"], responses=UsageSerializer)
class CustomerUsageView(PortalAPIView):
    """The use of one connected customer's licences: totals by month and by day, never the people who use them."""

    model = CustomerListing
    rule = (CONNECTIONS, ConnectionPermission.VIEW_CUSTOMERS)
    serializer_class = UsageSerializer
    errors = {403: ("not_shared",)}

    def get(self, request: Request, customer_id: UUID) -> Response:
        customer = get_by_public_id(self.get_queryset(), customer_id)
        require_shared_scope(customer.scopes, Scope.USAGE)
        totals = counting.get_listed_licence_totals(customer) if customer.shares_scope(Scope.ENTITLEMENTS) else None
        data = serialize_customer_usage(self.actor, customer.customer_id, totals)
        return Response(self.get_serializer(data).data)


@extend_schema(tags=["Usage"], responses=UsageSerializer)
class OwnUsageView(PortalAPIView):
    """The use of the acting organisation's licences: totals by month and by day, never the people who use them."""

    model = CustomerUsage
    rule = (ROLE_TABLE, EntitlementPermission.VIEW_OWN)
    serializer_class = UsageSerializer

    def get(self, request: Request) -> Response:
        own = self.actor.organization_id
        totals = counting.count_licence_totals(list_customer_services(self.actor, own), today())
        data = serialize_customer_usage(self.actor, own, totals)
        return Response(self.get_serializer(data).data)


def serialize_customer_usage(actor: Actor, customer_id: int | None, totals: LicenceTotals | None) -> dict[str, Any]:
    """Return the use of a customer as a dict in the shape of UsageSerializer.

    `totals` are its licences, or None where it does not share its entitlements: then they are those of the latest
    report. Before the first report there are no months and no days.
    """
    usage = get_customer_usage(actor, customer_id)
    if usage is None:
        return _totals(None, totals or LicenceTotals(), is_shared=totals is not None) | {
            "monthly_active": 0,
            "free_users": None,
            "full_on": None,
            "history_days": 0,
            "months": [],
            "days": [],
        }
    months = list_usage_by_month(actor, customer_id, _months_before(usage.as_of))
    days = list_usage_by_day(actor, customer_id, usage.as_of - DAYS + dt.timedelta(days=1))
    skus = Sku.objects.in_bulk({use.sku_id for use in (*months, *days)})
    reported = LicenceTotals(purchased=usage.purchased, assigned=usage.assigned, overage=usage.overage)
    return _totals(usage.as_of, totals or reported, is_shared=totals is not None) | {
        "monthly_active": usage.monthly_active,
        "free_users": usage.free_users,
        "full_on": usage.full_on,
        "history_days": usage.history_days,
        "months": [
            _figures(use, skus[use.sku_id]) | {"month": use.at, "daily_active_peak": use.daily} for use in months
        ],
        "days": [_figures(use, skus[use.sku_id]) | {"day": use.at, "daily_active": use.daily} for use in days],
    }


def _totals(as_of: dt.date | None, totals: LicenceTotals, *, is_shared: bool) -> dict[str, Any]:
    return {
        "as_of": as_of,
        "purchased": totals.purchased,
        "assigned": totals.assigned,
        "available": totals.available,
        "overage": totals.overage,
        "trial_purchased": totals.trial_purchased if is_shared else None,
        "trial_assigned": totals.trial_assigned if is_shared else None,
    }


def _figures(use: PeriodUsage, sku: Sku) -> dict[str, Any]:
    return {
        "sku": sku.code,
        "service": sku.service,
        "name": sku.name,
        "purchased": use.purchased,
        "assigned": use.assigned,
        "previously_assigned": use.previously_assigned,
        "newly_assigned": use.newly,
        "available": counting.count_available_licences(use.assigned, use.purchased),
        "overage": use.overage,
        "monthly_active": use.monthly,
    }


def _months_before(day: dt.date) -> dt.date:
    """Return the first day of the first of the last 13 months, of which `day` lies in the last."""
    month = day.year * 12 + get_first_day_of_month(day).month - MONTHS
    return dt.date(month // 12, month % 12 + 1, 1)
