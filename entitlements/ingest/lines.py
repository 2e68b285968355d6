"""The shape of each type of line of docs/feed.md, as a REST framework serializer."""

import datetime as dt
from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from entitlements.models import Entitlement, LicenseAssignment, Order, Sku
from entitlements.models.entitlement import REQUESTED_HERE
from partnerportal.lib.days import today
from partnerportal.lib.json_lines.fields import (
    DAY_PROBLEMS,
    MAX_INTEGER,
    LineSerializer,
    PrintableTextField,
    make_org_id_field,
)
from partnerportal.lib.money import is_currency_code

MAX_ORDER_LINES = 500  # lines of one order
MAX_AGE_YEARS = 5  # of a day of use: sixty months


def make_money_amount_field() -> serializers.DecimalField:
    """Make a serializer field for an amount of money: 0 or more, with two decimals and at most twelve digits."""
    return serializers.DecimalField(max_digits=12, decimal_places=2, min_value=Decimal(0))


class SkuFeedLineSerializer(LineSerializer):
    """The serializer of a line about a SKU of the vendor's catalogue.

    A line without `publisher` leaves the one that staff have set; null says that it is the vendor's own.
    """

    code = PrintableTextField(max_length=60)
    service = PrintableTextField(max_length=120)
    name = PrintableTextField(max_length=200)
    kind = serializers.ChoiceField(Sku.Kind.choices, default=Sku.Kind.PRODUCT)
    licence_model = serializers.ChoiceField(Sku.LicenceModel.choices, default=Sku.LicenceModel.USER_DEVICE)
    publisher = make_org_id_field(required=False, allow_null=True)


class EntitlementFeedLineSerializer(LineSerializer):
    """The serializer of a line about an entitlement of a customer."""

    external_id = PrintableTextField(max_length=80)
    customer = make_org_id_field()
    sku = PrintableTextField(max_length=60)
    kind = serializers.ChoiceField(Entitlement.Kind.choices)
    state = serializers.ChoiceField(Entitlement.State.choices)
    source = serializers.ChoiceField(  # type: ignore[assignment] # a field of that name is fine: the metaclass takes it
        [choice for choice in Entitlement.Source.choices if choice[0] != Entitlement.Source.LINK],  # links are ours
        default=Entitlement.Source.BOUGHT,
    )
    quantity = serializers.IntegerField(min_value=0, max_value=MAX_INTEGER)
    assigned = serializers.IntegerField(min_value=0, max_value=MAX_INTEGER, default=0)
    starts_on = serializers.DateField(allow_null=True, default=None)
    ends_on = serializers.DateField(allow_null=True, default=None)

    def validate_external_id(self, value: str) -> str:
        """Return the key of the entitlement.

        Raises ValidationError("reserved_key") for a key like those of trials that were requested in the portal.
        """
        if value.startswith(REQUESTED_HERE):
            raise serializers.ValidationError("Such keys are those of trials requested in the portal.", "reserved_key")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the line's values. Raises ValidationError("end_before_start") if `ends_on` is before `starts_on`."""
        if attrs["starts_on"] and attrs["ends_on"] and attrs["ends_on"] < attrs["starts_on"]:
            raise serializers.ValidationError(
                {"ends_on": [ErrorDetail("The last day is before the first.", "end_before_start")]}
            )
        return attrs


class OrderItemFeedSerializer(LineSerializer):
    """The serializer of one item of an order, inside the order's line: a SKU, its quantity and its price."""

    sku = PrintableTextField(max_length=60)
    quantity = serializers.IntegerField(min_value=1, max_value=MAX_INTEGER)
    unit_price = make_money_amount_field()


class OrderFeedLineSerializer(LineSerializer):
    """The serializer of a line about an order of a customer, with all items of the order."""

    number = PrintableTextField(max_length=40)
    customer = make_org_id_field()
    placed_on = serializers.DateField()
    state = serializers.ChoiceField(Order.State.choices)
    currency = serializers.CharField(max_length=3)
    total = serializers.DecimalField(max_digits=14, decimal_places=2, min_value=Decimal(0))
    lines: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=OrderItemFeedSerializer(), allow_empty=False, max_length=MAX_ORDER_LINES
    )

    def validate_currency(self, value: str) -> str:
        """Return the currency. Raises ValidationError("unknown_currency") for any other text than an ISO 4217 code."""
        if not is_currency_code(value):
            raise serializers.ValidationError("This is not an ISO 4217 currency code.", code="unknown_currency")
        return value


def make_whole_number_field(**options: Any) -> serializers.IntegerField:
    """Make a serializer field for a whole number from 0 to MAX_INTEGER. `options` are passed on to the field."""
    return serializers.IntegerField(min_value=0, max_value=MAX_INTEGER, **options)


class UsageFeedLineSerializer(LineSerializer):
    """The serializer of a line about the use of one SKU by one customer on one UTC day.

    It has totals, never the people who use the SKU (CC-24, CC-32).
    """

    customer = make_org_id_field()
    sku = PrintableTextField(max_length=60)
    day = serializers.DateField()
    purchased = make_whole_number_field()
    assigned = make_whole_number_field()
    newly_assigned = make_whole_number_field(default=0)
    daily_users = make_whole_number_field(default=0)
    daily_devices = make_whole_number_field(default=0)
    monthly_users = make_whole_number_field(default=0)
    monthly_devices = make_whole_number_field(default=0)
    peak_concurrent = make_whole_number_field(default=0)
    free_users = make_whole_number_field(default=None, allow_null=True)

    def validate_day(self, value: dt.date) -> dt.date:
        """Return the day. Raises ValidationError for a day in the future (UTC) or more than sixty months ago."""
        if code := find_usage_day_problem(value):
            raise serializers.ValidationError(DAY_PROBLEMS[code], code=code)
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the values of the line.

        Raises ValidationError("more_than_assigned") if `newly_assigned` is greater than `assigned`.
        """
        if attrs["newly_assigned"] > attrs["assigned"]:
            message = "More are newly assigned than are assigned."
            raise serializers.ValidationError({"newly_assigned": [ErrorDetail(message, "more_than_assigned")]})
        return attrs


def find_usage_day_problem(day: dt.date) -> str:
    """Return why a day of usage is refused, as a key of DAY_PROBLEMS, or "" for a valid day.

    A day may not lie in the future (UTC), nor more than sixty months back.
    """
    now = today()
    if day > now:
        return "in_the_future"
    return "too_old" if day < now.replace(year=now.year - MAX_AGE_YEARS, day=1) else ""


class AssignmentFeedLineSerializer(LineSerializer):
    """The serializer of a line about a licence and its holder, whom only the customer's own Admins see (CC-32)."""

    external_id = PrintableTextField(max_length=120)
    customer = make_org_id_field()
    sku = PrintableTextField(max_length=60)
    holder_kind = serializers.ChoiceField(LicenseAssignment.HolderKind.choices)
    holder = PrintableTextField(max_length=254)
    assigned_at = serializers.DateTimeField(default_timezone=dt.UTC)
    last_used_at = serializers.DateTimeField(default_timezone=dt.UTC, allow_null=True, default=None)
    released_at = serializers.DateTimeField(default_timezone=dt.UTC, allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the values of the line.

        Raises ValidationError for a time in the future, and for a release before the assignment.
        """
        for name in ("assigned_at", "last_used_at", "released_at"):
            if attrs[name] and attrs[name].date() > today():
                raise serializers.ValidationError({name: [ErrorDetail(DAY_PROBLEMS["in_the_future"], "in_the_future")]})
        if attrs["released_at"] and attrs["released_at"] < attrs["assigned_at"]:
            message = "This is before it was assigned."
            raise serializers.ValidationError({"released_at": [ErrorDetail(message, "end_before_start")]})
        return attrs
