"""The shape of the lines by which vendor staff import offers, prices and subscriptions (docs/marketplace.md)."""

import datetime as dt
from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from marketplace.content import ChannelSerializer, ContentSerializer
from marketplace.models import Audience, BillingFrequency, OfferType, PricingModel, Subscription, Term
from marketplace.pricing import LARGEST, TOO_LARGE
from partnerportal.lib.codes import make_code_field
from partnerportal.lib.days import today
from partnerportal.lib.errors import InvalidInput
from partnerportal.lib.json_lines.fields import (
    DAY_PROBLEMS,
    MAX_INTEGER,
    LineSerializer,
    PrintableTextField,
    make_org_id_field,
)
from partnerportal.lib.money import get_currency_decimals, parse_amount

State = Subscription.State


class OfferLineSerializer(LineSerializer):
    """The serializer of a line about an offer: its identity, content, channel information and audience."""

    publisher = make_org_id_field()
    code = make_code_field()
    offer_type = serializers.ChoiceField(OfferType.choices)
    pricing_model = serializers.ChoiceField(PricingModel.choices)
    content = ContentSerializer()
    channel = ChannelSerializer(default=dict)
    audience = serializers.ChoiceField(Audience.choices, allow_null=True, default=None)
    partners = serializers.ListField(child=make_org_id_field(), default=list)
    publish = serializers.BooleanField(default=False)
    replace_draft = serializers.BooleanField(default=False)


class AmountsField(serializers.DictField):
    """A serializer field for amounts by market and currency; null says that the plan is no longer offered there."""

    child = serializers.DictField(allow_empty=False)

    def to_internal_value(self, data: Any) -> dict[str, dict[str, Decimal | None]]:
        """Return the amounts. Raises ValidationError for each that is none in its currency."""
        markets = super().to_internal_value(data)
        problems: dict[str, dict[str, list[ErrorDetail]]] = {}
        for market, amounts in markets.items():
            for currency, amount in amounts.items():
                try:
                    amounts[currency] = _read_amount(amount, currency)
                except InvalidInput as error:
                    detail = ErrorDetail(str(error.message), error.code)
                    problems.setdefault(market, {})[currency] = [detail]
        if problems:
            raise serializers.ValidationError(problems)
        return markets


def _read_amount(value: Any, currency: str) -> Decimal | None:
    """Return an amount that the file gives as text or as a number."""
    if value is None:
        return None
    amount = parse_amount(f"{value:f}" if isinstance(value, Decimal) else str(value), currency).amount
    if amount > LARGEST:
        raise InvalidInput("amount_too_large", TOO_LARGE)
    return amount


class PricesLineSerializer(LineSerializer):
    """The serializer of a line about the prices of a plan for one term and billing frequency, from a day on."""

    publisher = make_org_id_field()
    offer = make_code_field()
    plan = make_code_field()
    term = serializers.ChoiceField(Term.choices)
    billing = serializers.ChoiceField(BillingFrequency.choices)
    valid_from = serializers.DateField()
    amounts = AmountsField(allow_empty=False)


class MomentField(serializers.DateTimeField):
    """A serializer field for a moment in the past, in UTC where it names no time zone."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=dt.UTC, **kwargs)

    def to_internal_value(self, value: Any) -> dt.datetime:
        """Return the moment. Raises ValidationError for one in the future."""
        moment = super().to_internal_value(value)
        if moment.astimezone(dt.UTC).date() > today():
            raise serializers.ValidationError(DAY_PROBLEMS["in_the_future"], "in_the_future")
        return moment


class SubscriptionLineSerializer(LineSerializer):
    """The serializer of a line about a subscription: what was sold, by whom and to whom, and its present term."""

    external_id = PrintableTextField(max_length=120)
    publisher = make_org_id_field()
    offer = make_code_field()
    plan = make_code_field()
    version = serializers.IntegerField(min_value=1, max_value=MAX_INTEGER, allow_null=True, default=None)
    buyer = make_org_id_field()
    reseller = serializers.RegexField(r"\A[1-9][0-9]{7}\Z", allow_null=True, default=None)
    customer = make_org_id_field()
    customer_name = PrintableTextField(max_length=200, allow_blank=True, default="")
    state = serializers.ChoiceField(State.choices)
    quantity = serializers.IntegerField(min_value=1, max_value=MAX_INTEGER)
    term = serializers.ChoiceField(Term.choices)
    billing = serializers.ChoiceField(BillingFrequency.choices)
    auto_renew = serializers.BooleanField(default=True)
    purchased_at = MomentField()
    activated_at = MomentField(allow_null=True, default=None)
    ended_at = MomentField(allow_null=True, default=None)
    starts_on = serializers.DateField(allow_null=True, default=None)
    ends_on = serializers.DateField(allow_null=True, default=None)
    amount = serializers.DecimalField(
        max_digits=14, decimal_places=4, min_value=Decimal(0), allow_null=True, default=None
    )
    currency = serializers.RegexField(r"\A[A-Z]{3}\Z", allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the line's values. Raises ValidationError for dates that contradict one another or the state."""
        problem = _find_problem_of_state(attrs) or _find_problem_of_order(attrs) or _find_problem_of_price(attrs)
        if problem:
            field, code, reason = problem
            raise serializers.ValidationError({field: [ErrorDetail(reason, code)]})
        return attrs


def _find_problem_of_state(values: dict[str, Any]) -> tuple[str, str, str] | None:
    """Return the field, code and reason of a moment that the state needs or forbids, or None."""
    state = values["state"]
    if state in (State.SUBSCRIBED, State.SUSPENDED) and not values["activated_at"]:
        return "activated_at", "required", "A subscription that runs has been activated at some moment."
    if state == State.PENDING and values["activated_at"]:
        return "activated_at", "not_yet", "A subscription that is pending has not been activated."
    if state == State.UNSUBSCRIBED and not values["ended_at"]:
        return "ended_at", "required", "A subscription that was unsubscribed has ended at some moment."
    if state != State.UNSUBSCRIBED and values["ended_at"]:
        return "ended_at", "not_yet", "Only a subscription that was unsubscribed has ended."
    if values["activated_at"] and not values["starts_on"]:
        return "starts_on", "required", "A subscription that was activated has a term, which begins on some day."
    if not values["activated_at"] and (values["starts_on"] or values["ends_on"]):
        return "starts_on", "not_yet", "A term begins with the activation."
    return None


def _find_problem_of_order(values: dict[str, Any]) -> tuple[str, str, str] | None:
    """Return the field, code and reason of a moment or day that is before an earlier one, or None."""
    begun = "purchased_at"
    for name in ("activated_at", "ended_at"):
        if values[name] and values[name] < values[begun]:
            return name, "end_before_start", f"This is before {begun}."
        begun = name if values[name] else begun
    if values["activated_at"] and values["starts_on"] < values["activated_at"].astimezone(dt.UTC).date():
        return "starts_on", "end_before_start", "This is before activated_at."
    if values["ends_on"] and values["ends_on"] < values["starts_on"]:
        return "ends_on", "end_before_start", "The last day is before the first."
    return None


def _find_problem_of_price(values: dict[str, Any]) -> tuple[str, str, str] | None:
    """Return the field, code and reason where an amount and its currency do not go together, or None."""
    if (values["amount"] is None) != (values["currency"] is None):
        return "currency", "amount_and_currency", "Amount and currency stand together, or neither does."
    if values["amount"] is not None:
        try:
            decimals = get_currency_decimals(values["currency"])
        except InvalidInput as error:
            return "currency", error.code, str(error.message)
        if values["amount"] != round(values["amount"], decimals):
            most = f"at most {decimals} decimals" if decimals else "no decimals"
            return "amount", "too_many_decimals", f"An amount in {values['currency']} has {most}."
    return None
