"""Endpoints of the prices of an offer and of stops of its sale (E-10)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_filters import CharFilter
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace.actions.prices import PricesInvalid, PricesOvertaken, add_prices, withdraw_price
from marketplace.actions.stops import LONGEST_REASON, lift_stop, stop_sale
from marketplace.content import Problem
from marketplace.models import BillingFrequency, Market, Offer, Plan, Price, SaleStop, Term
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.pricing import PriceChange
from marketplace.queries.offers import get_own_offer
from marketplace.queries.prices import get_own_price, list_current_prices, load_prices_with_state
from marketplace.queries.stops import get_managed_offer, get_stop, list_stops
from partnerportal.lib.api import EmptyBodySerializer, PaginatedListView, PortalAPIView, UnpaginatedListView
from partnerportal.lib.api_input import StrictSerializer
from partnerportal.lib.api_output import AttributeSerializer, UTCDateTimeField
from partnerportal.lib.visible_rows import get_by_public_id

MOST = 200  # changes of one request
PRICE_STATES = ("in_force", "upcoming", "replaced", "withdrawn")
PRICE: dict[str, Any] = {
    "id": "0b7e9e2e-31c5-4a3d-9a8e-5a5d0e6f7a10",
    "plan": "basic",
    "market": "europe",
    "currency": "EUR",
    "term": "P1M",
    "billing": "P1M",
    "amount": "9.90",
    "valid_from": "2026-12-01",
    "state": "upcoming",
    "published_at": "2026-11-20T14:05:00Z",
    "withdrawn_at": None,
}
CHANGE = {name: PRICE[name] for name in ("plan", "market", "currency", "term", "billing", "amount", "valid_from")}


@extend_schema_serializer(examples=[OpenApiExample("price", value=PRICE, response_only=True)])
class PriceSerializer(AttributeSerializer[Price]):
    """A price of a plan in a market and currency, for one billing period, from a day (UTC) on."""

    id = serializers.UUIDField(source="public_id")
    plan = serializers.CharField(source="plan.code")
    market = serializers.CharField(source="market.code")
    currency = serializers.CharField(help_text="ISO 4217")
    term = serializers.ChoiceField(choices=Term.choices, help_text="ISO 8601")
    billing = serializers.ChoiceField(choices=BillingFrequency.choices, help_text="ISO 8601, or `once`.")
    amount = serializers.CharField(
        source="plain_amount", allow_null=True, help_text="With a point before decimals. Null: no longer offered."
    )
    valid_from = serializers.DateField()
    state = serializers.ChoiceField(choices=[(state, state) for state in PRICE_STATES])
    published_at = UTCDateTimeField(source="created_at")
    withdrawn_at = UTCDateTimeField(allow_null=True)


class PriceChangeSerializer(StrictSerializer):
    """A change of one price. Amounts are text, as `12.50`; null says that the plan is no longer offered there."""

    plan = serializers.CharField(max_length=50)
    market = serializers.CharField(max_length=50)
    currency = serializers.CharField(max_length=3)
    term = serializers.CharField(max_length=4)
    billing = serializers.CharField(max_length=4)
    amount = serializers.CharField(max_length=40, allow_null=True)
    valid_from = serializers.DateField()
    replaces = serializers.CharField(
        max_length=40, allow_null=True, default=None, help_text="The amount that this replaces; null for none."
    )
    confirmed_code = serializers.CharField(
        max_length=50, allow_blank=True, default="", help_text="The plan’s code, for a change by over a half or to 0."
    )


@extend_schema_serializer(
    examples=[OpenApiExample("change", value={"changes": [CHANGE | {"replaces": "8.90"}]}, request_only=True)]
)
class PriceChangesSerializer(StrictSerializer):
    """Changes of prices, which are all published or none."""

    changes = serializers.ListField(child=PriceChangeSerializer(), min_length=1, max_length=MOST)


class AddedPricesSerializer(serializers.Serializer[Any]):
    """The prices that changes have led to, in their order."""

    prices = PriceSerializer(many=True)


class PriceFilterSet(FilterSet):
    """The filters of prices."""

    plan = CharFilter("plan__code", max_length=50)
    market = CharFilter("market__code", max_length=50)
    currency = CharFilter("currency", max_length=3)
    state = CharFilter("state", max_length=10)

    class Meta:
        model = Price
        fields = ()


class PricesOvertakenError(ValidationError):
    """Raised where a colleague's change is in the way of every change. Answered by 409."""

    status_code = 409


def _group_problems(problems: Sequence[Problem]) -> dict[str, list[ErrorDetail]]:
    grouped: dict[str, list[ErrorDetail]] = {}
    for problem in problems:
        grouped.setdefault(problem.pointer, []).append(ErrorDetail(str(problem.message), problem.code))
    return grouped


@extend_schema(tags=["Prices"])
class PricesView(PaginatedListView):
    """The prices of an offer that hold or are to begin.

    Its publisher and the vendor see all of them; members of the reseller programme those of their own market and
    currency.
    """

    model = Price
    rule = (ROLE_TABLE, OfferPermission.VIEW_PRICES)
    serializer_class = PriceSerializer
    filterset_class = PriceFilterSet
    errors = {
        400: (
            "unknown_plan", "unknown_term", "currency_of_no_market", "bad_amount", "too_many_decimals",
            "amount_too_large", "in_the_past", "too_far", "price_twice", "nothing_to_end", "confirmation_needed",
        ),
        403: ("wrong_role",),
        409: ("price_changed", "already_priced"),
    }  # fmt: skip

    def get_queryset(self) -> QuerySet[Price]:
        if self.is_generating_schema:
            return Price.objects.visible_to(self.actor)
        offer = get_by_public_id(Offer.objects.visible_to(self.actor), self.kwargs["offer_id"])
        return list_current_prices(self.actor, offer)

    @extend_schema(request=PriceChangesSerializer, responses={201: AddedPricesSerializer})
    def post(self, request: Request, offer_id: UUID) -> Response:
        """Publish prices, all or none. Each problem names its place in the body by a JSON pointer."""
        body = PriceChangesSerializer(data=request.data)
        offer = get_own_offer(self.actor, offer_id)
        body.is_valid(raise_exception=True)
        changes = [PriceChange(**change) for change in body.validated_data["changes"]]
        try:
            prices = add_prices(actor=self.actor, offer=offer, changes=changes)
        except PricesInvalid as error:
            raise ValidationError(_group_problems(error.problems)) from error
        except PricesOvertaken as error:
            raise PricesOvertakenError(_group_problems(error.problems)) from error
        shown: Any = load_prices_with_state(self.actor, offer, prices)
        return Response({"prices": PriceSerializer(shown, many=True).data}, status=201)


@extend_schema(tags=["Prices"], request=EmptyBodySerializer, responses=PriceSerializer)
class WithdrawPriceView(PortalAPIView):
    """Withdraw a price that has not begun. Withdrawn again, it stays so."""

    model = Price
    serializer_class = EmptyBodySerializer
    rule = (ROLE_TABLE, OfferPermission.VIEW_OWN)
    errors = {403: ("wrong_role",), 409: ("price_begun",)}

    def post(self, request: Request, offer_id: UUID, price_id: UUID) -> Response:
        self.read_validated_body()
        price = get_own_price(self.actor, get_own_offer(self.actor, offer_id), price_id)
        withdraw_price(actor=self.actor, price=price)
        (withdrawn,) = load_prices_with_state(self.actor, price.plan.offer, [price])
        return Response(PriceSerializer(withdrawn).data)


class SaleStopSerializer(serializers.Serializer[SaleStop]):
    """A stop of the sale of an offer or of one of its plans, the latter also for one term or in one market."""

    id = serializers.UUIDField(source="public_id")
    plan = serializers.CharField(source="plan.code", allow_null=True, default=None, help_text="Null: all plans.")
    market = serializers.CharField(source="market.code", allow_null=True, default=None, help_text="Null: all markets.")
    term = serializers.SerializerMethodField(help_text="ISO 8601. Null: all terms.")
    is_by_vendor = serializers.BooleanField(source="by_vendor", help_text="Then the vendor alone lifts it.")
    reason = serializers.CharField()
    began_at = UTCDateTimeField()
    lifted_at = UTCDateTimeField(allow_null=True)

    def get_term(self, stop: SaleStop) -> str | None:
        return stop.term or None


class StopSaleSerializer(StrictSerializer):
    """What is to be stopped: without a plan the whole offer, without a market everywhere, without a term all terms."""

    plan = serializers.CharField(max_length=50, allow_null=True, default=None)
    market = serializers.CharField(max_length=50, allow_null=True, default=None)
    term = serializers.ChoiceField(choices=Term.choices, allow_null=True, default=None)
    reason = serializers.CharField(
        max_length=LONGEST_REASON, allow_blank=True, default="", help_text="The vendor’s staff must give one."
    )


class SaleStopsBaseView(PortalAPIView):
    """Base of the endpoints of stops, for the publisher of the offer and for the vendor."""

    model = SaleStop
    rule = (ROLE_TABLE, OfferPermission.VIEW_STOPS)

    @property
    def offer(self) -> Offer:
        """The offer that the URL names."""
        return get_managed_offer(self.actor, self.kwargs["offer_id"])


@extend_schema(tags=["Prices"])
class SaleStopsView(SaleStopsBaseView, UnpaginatedListView):
    """The stops of an offer that hold now."""

    serializer_class = SaleStopSerializer
    errors = {
        400: ("reason_required", "plan_required", "unknown_plan", "unknown_market", "unknown_term"),
        403: ("wrong_role",),
        409: ("plan_not_live",),
    }

    def get_queryset(self) -> QuerySet[SaleStop]:
        if self.is_generating_schema:
            return SaleStop.objects.visible_to(self.actor)
        return list_stops(self.actor, self.offer)

    @extend_schema(request=StopSaleSerializer, responses={201: SaleStopSerializer})
    def post(self, request: Request, offer_id: UUID) -> Response:
        """Stop a sale at once. Stopped again, it stays the same stop."""
        body = StopSaleSerializer(data=request.data)
        offer = self.offer
        body.is_valid(raise_exception=True)
        plan, market, reason = (body.validated_data[name] for name in ("plan", "market", "reason"))
        stop = stop_sale(
            actor=self.actor,
            offer=offer,
            plan=_by_code(Plan.objects.visible_to(self.actor).filter(offer=offer), plan, "plan"),
            market=_by_code(Market.objects.all(), market, "market"),
            term=body.validated_data["term"] or "",
            reason=reason,
        )
        return Response(SaleStopSerializer(stop).data, status=201)


def _by_code(rows: Any, code: str | None, field: str) -> Any:
    """Return the row with a code, or None without one. Raises ValidationError for a code that no row has."""
    if code is None:
        return None
    row = rows.filter(code=code).first()
    if row is None:
        raise ValidationError({field: [ErrorDetail(_("This code does not exist."), f"unknown_{field}")]})
    return row


@extend_schema(tags=["Prices"], request=EmptyBodySerializer, responses=SaleStopSerializer)
class LiftStopView(SaleStopsBaseView):
    """Lift a stop of a sale. Lifted again, it stays so."""

    serializer_class = EmptyBodySerializer
    errors = {403: ("wrong_role", "not_your_stop")}

    def post(self, request: Request, offer_id: UUID, stop_id: UUID) -> Response:
        self.read_validated_body()
        stop = get_stop(self.actor, self.offer, stop_id)
        return Response(SaleStopSerializer(lift_stop(actor=self.actor, stop=stop)).data)
