"""What the API says of customers, entitlements, orders, trials and releases: totals, never who uses a licence, which is
for the customer alone (CC-24, CC-32)."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from accounts.models import Organization, OrganizationKind
from entitlements.actions.trials import MOST_IN_PRODUCTION, MOST_SEATS, REASON_LENGTH
from entitlements.models import CustomerListing, Entitlement, LicenceRelease, Order, RenewalState, Sku, UnusualUse
from partnerportal.lib.api_input import ObjectByCodeField, StrictSerializer
from partnerportal.lib.api_output import AttributeSerializer, ScopeCodesField, UTCDateTimeField
from partnerportal.lib.days import today
from partnerportal.lib.scopes import Scope

CUSTOMER: dict[str, Any] = {
    "id": "0b8b3c1e-6d0f-4a57-9d0e-2f6a0a5d7c11",
    "org_id": "48210377",
    "name": "Nordlicht Werke",
    "country": "DE",
    "website": "nordlicht.example",
    "type": "customer",
    "status": "active",
    "created_at": "2026-01-20T08:00:00Z",
    "level": "production",
    "services": 4,
    "trials": 1,
    "seats": 250,
    "assigned": 231,
    "overage": 0,
    "trial_seats": 25,
    "trial_assigned": 9,
    "expires_on": "2027-03-31",
    "connected_at": "2026-02-14T09:30:00Z",
    "unusual_use": ["falling", "new"],
    "usage_as_of": "2026-11-27",
    "shared": ["account", "entitlements", "usage", "orders", "notifications"],
}
UNSHARED_USAGE = "Null where `shared` lacks `usage`."
UNSHARED = "Null where `shared` lacks `entitlements`."
FIELDS_BY_SCOPE = {  # null where the customer does not share the scope
    Scope.ENTITLEMENTS: (
        "level",
        "services",
        "trials",
        "seats",
        "assigned",
        "overage",
        "trial_seats",
        "trial_assigned",
        "expires_on",
    ),
    Scope.USAGE: ("unusual_use", "usage_as_of"),
}


@extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=UnusualUse.choices)))
class UnusualUseKindsField(serializers.ReadOnlyField):
    """A field of kinds of unusual use, which the API returns as the database holds them."""


@extend_schema_serializer(examples=[OpenApiExample("customer", value=CUSTOMER, response_only=True)])
class CustomerSerializer(AttributeSerializer[CustomerListing]):
    """A connected customer, with totals of what it has and shares."""

    id = serializers.UUIDField(source="public_id")
    org_id = serializers.CharField(help_text="ORGID: eight digits.")
    name = serializers.CharField()
    country = serializers.CharField(help_text="ISO 3166, two letters.")
    website = serializers.CharField()
    type = serializers.ChoiceField(source="kind", choices=OrganizationKind.choices)
    status = serializers.ChoiceField(source="state", choices=Organization.State.choices)
    created_at = UTCDateTimeField(help_text="When the organisation was created in the portal.")
    level = serializers.ChoiceField(
        choices=Entitlement.Kind.choices,
        allow_null=True,
        help_text=f"`production` if anything but trials runs, `trial` if nothing but trials does. {UNSHARED}",
    )
    services = serializers.IntegerField(allow_null=True, help_text=f"Running entitlements, trials included. {UNSHARED}")
    trials = serializers.IntegerField(allow_null=True, help_text=f"Running trials. {UNSHARED}")
    seats = serializers.IntegerField(
        allow_null=True, help_text=f"Licences purchased in running entitlements, trials left out. {UNSHARED}"
    )
    assigned = serializers.IntegerField(allow_null=True, help_text=f"Licences assigned of them. {UNSHARED}")
    overage = serializers.IntegerField(
        allow_null=True, help_text=f"Licences assigned beyond those purchased, of each SKU on its own. {UNSHARED}"
    )
    trial_seats = serializers.IntegerField(allow_null=True, help_text=f"Licences on trial. {UNSHARED}")
    trial_assigned = serializers.IntegerField(allow_null=True, help_text=f"Licences assigned of them. {UNSHARED}")
    expires_on = serializers.DateField(
        allow_null=True, help_text=f"The nearest end among running entitlements. Null: none ends. {UNSHARED}"
    )
    connected_at = UTCDateTimeField()
    unusual_use = UnusualUseKindsField(
        source="unusual",
        allow_null=True,
        help_text="Falling or rising out of its usual range; idle: licences assigned, none used in 30 days; new: found "
        f"within a week. {UNSHARED_USAGE}",
    )
    usage_as_of = serializers.DateField(source="as_of", allow_null=True, help_text="The latest reported day, UTC.")
    shared = ScopeCodesField(source="scopes", help_text="Codes of what the customer shares with you.")

    def to_representation(self, instance: CustomerListing) -> dict[str, Any]:
        shown = super().to_representation(instance)
        for scope, names in FIELDS_BY_SCOPE.items():
            if not instance.shares_scope(scope):
                shown.update(dict.fromkeys(names))
        return shown


ADDRESS = {
    "tenant_id": "5f0d3a52-8d0c-4b0e-9a5e-54b8c9a1f3d2",
    "street": "Hafenstraße 12",
    "postal_code": "20457",
    "city": "Hamburg",
    "phone": "+49 40 1234567",
    "contact_email": "it@nordlicht.example",
}


@extend_schema_serializer(examples=[OpenApiExample("customer", value=CUSTOMER | ADDRESS, response_only=True)])
class CustomerDetailSerializer(CustomerSerializer):
    """A connected customer, with totals of what it has and shares, and its address."""

    tenant_id = serializers.UUIDField(source="customer.tenant_id")
    street = serializers.CharField(source="customer.street")
    postal_code = serializers.CharField(source="customer.postal_code")
    city = serializers.CharField(source="customer.city")
    phone = serializers.CharField(source="customer.phone")
    contact_email = serializers.CharField(source="customer.contact_email")


class SkuSerializer(serializers.Serializer[Sku]):
    code = serializers.CharField()
    service = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Sku.Kind.choices)


class EntitlementSerializer(serializers.Serializer[Entitlement]):
    id = serializers.UUIDField(source="public_id")
    sku = SkuSerializer()
    kind = serializers.ChoiceField(choices=Entitlement.Kind.choices)
    state = serializers.ChoiceField(choices=Entitlement.State.choices)
    section = serializers.SerializerMethodField(help_text="Where the Services tab shows it today.")
    source = serializers.ChoiceField(choices=Entitlement.Source.choices)  # type: ignore[assignment]
    quantity = serializers.IntegerField(help_text="Licences purchased.")
    assigned = serializers.IntegerField(help_text="Licences assigned.")
    starts_on = serializers.DateField(allow_null=True)
    ends_on = serializers.DateField(allow_null=True, help_text="Last day of use, UTC. Null: no end.")
    updated_at = UTCDateTimeField()

    @extend_schema_field(serializers.ChoiceField(choices=Entitlement.Section.choices))
    def get_section(self, entitlement: Entitlement) -> str:
        return entitlement.choose_section(today()).value


class CustomerReferenceSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="public_id")
    org_id = serializers.CharField()
    name = serializers.CharField()
    country = serializers.CharField(help_text="ISO 3166, two letters.")


class TrialSerializer(EntitlementSerializer):
    customer = CustomerReferenceSerializer()
    reason = serializers.CharField(help_text="Why it was declined.")


class RenewalValueSerializer(serializers.Serializer[Any]):
    amount = serializers.DecimalField(max_digits=22, decimal_places=2, source="worth")
    currency = serializers.CharField(help_text="ISO 4217, three letters.")


class RenewalOwnerSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="work_owner_public_id", help_text="Of the operator, as the filter `owner`.")
    name = serializers.CharField(source="work_owner")


class RenewalWorkSerializer(serializers.Serializer[Any]):
    """What your organisation does about the end. No other organisation sees it."""

    state = serializers.ChoiceField(source="work_state", choices=RenewalState.choices)
    owner = RenewalOwnerSerializer(allow_null=True, source="*")
    note = serializers.CharField(source="work_note", allow_blank=True)
    noted_at = UTCDateTimeField(source="work_noted_at", allow_null=True)


class RenewalSerializer(EntitlementSerializer):
    customer = CustomerReferenceSerializer()
    value = RenewalValueSerializer(
        allow_null=True,
        source="*",
        help_text="Its licences at the last ordered price. Null: a trial, no order, or none that you see.",
    )
    work = RenewalWorkSerializer(allow_null=True, source="*", help_text="Null: nobody has begun with it; it is `open`.")

    def to_representation(self, instance: Any) -> dict[str, Any]:
        shown = super().to_representation(instance)
        if instance.worth is None:
            shown["value"] = None
        if instance.work_state is None:
            shown["work"] = None
        elif instance.work_owner_public_id is None:
            shown["work"]["owner"] = None
        return shown


class RequestTrialSerializer(StrictSerializer):
    sku = ObjectByCodeField(
        slug_field="code", queryset=Sku.objects.filter(kind=Sku.Kind.PRODUCT), help_text="The code of a product."
    )
    quantity = serializers.IntegerField(min_value=1, max_value=MOST_SEATS, default=10, help_text="Licences.")


class DeclineTrialSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=REASON_LENGTH, help_text="For the customer and its partners.")


class ExtendTrialSerializer(StrictSerializer):
    ends_on = serializers.DateField(help_text="The new last day, a trial’s time after the present one; else 409.")


class ConvertTrialSerializer(StrictSerializer):
    quantity = serializers.IntegerField(min_value=1, max_value=MOST_IN_PRODUCTION, help_text="Licences.")
    ends_on = serializers.DateField(allow_null=True, default=None, help_text="Last day of use, UTC. Null: no end.")


class LicenceReleaseCustomerSerializer(serializers.Serializer[Any]):
    org_id = serializers.CharField()
    name = serializers.CharField(source="customer_name")
    country = serializers.CharField(help_text="ISO 3166, two letters.")


class LicenceReleaseSerializer(serializers.Serializer[LicenceRelease]):
    key = serializers.CharField(help_text="Of the feed: the assignment's `external_id`.")
    customer = LicenceReleaseCustomerSerializer(source="*")
    sku = SkuSerializer()
    asked_at = UTCDateTimeField()


class ReleasedLicenceSerializer(LicenceReleaseSerializer):
    released_at = UTCDateTimeField()
    released_by = serializers.CharField(help_text="Who marked it; empty where the feed reported it.")


class LicenceReleaseKeySerializer(StrictSerializer):
    key = serializers.CharField(max_length=120, help_text="Of the feed: the assignment's `external_id`.")


class OrderLineSerializer(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    sku = serializers.CharField(help_text="The SKU's code.")
    name = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price = serializers.DecimalField(max_digits=12, decimal_places=2)


class OrderSerializer(serializers.Serializer[Order]):
    id = serializers.UUIDField(source="public_id")
    number = serializers.CharField()
    placed_on = serializers.DateField()
    state = serializers.ChoiceField(choices=Order.State.choices)
    currency = serializers.CharField(help_text="ISO 4217.")
    total = serializers.DecimalField(max_digits=14, decimal_places=2)
    lines = OrderLineSerializer(many=True, source="line_facts")
