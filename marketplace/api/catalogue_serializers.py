"""What the API says of the catalogue: offers, prices of a partner's market, and why a sale cannot be made."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from marketplace.models import BillingFrequency, HealthIssue, OfferType, PricingModel, Term
from marketplace.queries.eligibility import SALE_RULES, SaleGround
from partnerportal.lib.api_output import AttributeSerializer, UTCDateTimeField

PRICE: dict[str, Any] = {
    "term": "P1Y",
    "billing": "P1M",
    "currency": "EUR",
    "amount": "9.9000",
    "monthly_amount": "9.90",
    "valid_from": "2026-10-01",
    "is_stopped": False,
}
LISTED: dict[str, Any] = {
    "id": "7c1f7e0e-3d52-4f3c-9a3c-0d0c4a1f4b77",
    "code": "backup",
    "name": "Backup",
    "summary": "Keeps copies",
    "language": "en",
    "publisher": {"id": "b1f0a7ce-2b8a-4f0e-8a47-0a2a5f6f3c11", "name": "Contoso Software"},
    "type": "saas",
    "pricing_model": "per_seat",
    "categories": ["backup"],
    "price_from": {"currency": "EUR", "monthly_amount": "9.90"},
    "sellable": False,
    "failed_rules": ["not_in_audience"],
    "health_issues": [{"kind": "outage", "began_at": "2026-10-02T09:10:00Z", "reported_at": "2026-10-02T09:14:00Z"}],
    "published_at": "2026-03-01T08:00:00Z",
}
REASON: dict[str, Any] = {
    "code": "not_in_audience",
    "message": "Selected partners sell this offer, and Nordlicht IT is not one of them.",
    "fact": "CSP reseller audience: Specific partners in the CSP programme I select",
}


class OrganizationReferenceSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()


class LowestPriceSerializer(serializers.Serializer[Any]):
    currency = serializers.CharField(help_text="ISO 4217, that of the partner's country.")
    monthly_amount = serializers.CharField(help_text="For one month, and per licence where the pricing model says so.")


class FailedRulesField(serializers.ListField):
    """A field with the codes of rules."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=serializers.ChoiceField(choices=SALE_RULES), **options)


class OpenHealthIssueSerializer(AttributeSerializer[Any]):
    """An outage, degradation or maintenance of an offer, for which no all-clear was given."""

    kind = serializers.ChoiceField(choices=HealthIssue.Kind.choices)
    began_at = UTCDateTimeField(help_text="Of maintenance: when it begins.")
    reported_at = UTCDateTimeField()


class HealthReportSerializer(AttributeSerializer[Any]):
    """What the publisher has said of an issue at a moment."""

    text = serializers.CharField()
    at = UTCDateTimeField()


class HealthIssueThreadSerializer(OpenHealthIssueSerializer):
    """An open issue with all its reports, the newest first."""

    reports = HealthReportSerializer(source="thread", many=True)


@extend_schema_serializer(examples=[OpenApiExample("offer", value=LISTED, response_only=True)])
class CatalogueOfferSerializer(serializers.Serializer[Any]):
    """A published offer, and whether any of its plans may be sold."""

    id = serializers.UUIDField(source="offer.public_id")
    code = serializers.CharField(source="offer.code")
    name = serializers.CharField(help_text="In the caller's language, or else in `language`.")
    summary = serializers.CharField()
    language = serializers.CharField(help_text="That of name and summary.")
    publisher = OrganizationReferenceSerializer(source="offer.publisher")
    type = serializers.ChoiceField(source="offer.type", choices=OfferType.choices)
    pricing_model = serializers.ChoiceField(source="offer.pricing_model", choices=PricingModel.choices)
    categories = serializers.ListField(source="offer.categories", child=serializers.CharField())
    price_from = LowestPriceSerializer(allow_null=True, help_text="Null where there is no price in the currency.")
    sellable = serializers.BooleanField(help_text="Whether a plan may be sold.")
    failed_rules = FailedRulesField(help_text="Where none may be sold: the rules that any of its plans fails.")
    health_issues = OpenHealthIssueSerializer(many=True)
    published_at = UTCDateTimeField(source="offer.published_at", help_text="The first time.")


class CataloguePriceSerializer(serializers.Serializer[Any]):
    term = serializers.ChoiceField(choices=Term.choices)
    billing = serializers.ChoiceField(choices=BillingFrequency.choices)
    currency = serializers.CharField()
    amount = serializers.DecimalField(max_digits=14, decimal_places=4, help_text="For one billing period.")
    monthly_amount = serializers.CharField(help_text="The same for one month, rounded.")
    valid_from = serializers.DateField()
    is_stopped = serializers.BooleanField(help_text="Whether the sale of the term is stopped.")


@extend_schema_serializer(examples=[OpenApiExample("reason", value=REASON, response_only=True)])
class SaleReasonSerializer(serializers.Serializer[Any]):
    """A rule that keeps a sale from being made."""

    code = serializers.ChoiceField(choices=SALE_RULES)
    message = serializers.CharField(source="text", help_text="In the caller's language.")
    fact = serializers.CharField(help_text="What the rule looked at; may be empty.")


class CataloguePlanSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    is_byol = serializers.BooleanField()
    trial_days = serializers.IntegerField()
    min_seats = serializers.IntegerField(allow_null=True)
    max_seats = serializers.IntegerField(allow_null=True)
    prices = CataloguePriceSerializer(many=True)
    sellable = serializers.BooleanField()
    failed_rules = SaleReasonSerializer(many=True)


class CatalogueOfferDetailSerializer(CatalogueOfferSerializer):
    """A published offer with its texts, plans, prices of the partner's market, and what resellers alone see."""

    description = serializers.CharField(help_text="Markdown.")
    links = serializers.ListField(child=serializers.DictField())
    support = serializers.DictField()
    plans = CataloguePlanSerializer(many=True)
    health_issues = HealthIssueThreadSerializer(many=True)
    channel = serializers.DictField(help_text="Marketing material and a contact, for resellers alone.")


class EligibilitySerializer(serializers.Serializer[Any]):
    """Whether a partner may sell a plan to a customer, to a country, or at all."""

    plan = serializers.UUIDField()
    offer = serializers.UUIDField()
    partner = OrganizationReferenceSerializer()
    customer = OrganizationReferenceSerializer(allow_null=True)
    country = serializers.CharField(help_text="The customer's, or empty.")
    market = serializers.CharField(help_text="The partner's, or empty.")
    currency = serializers.CharField(help_text="The partner's, or empty.")
    sellable = serializers.BooleanField()
    failed_rules = SaleReasonSerializer(many=True)
    allowed_by = serializers.ChoiceField(
        choices=[(code, code) for code in SaleGround.CODES],
        allow_null=True,
        help_text="By what the audience lets the partner sell the plan; null if it does not.",
    )
    distributor = OrganizationReferenceSerializer(
        allow_null=True, help_text="With `distributor`: the one through which the partner may, if you may see its name."
    )


class PriceListSerializer(AttributeSerializer[Any]):
    """A price of the price list, with the days for which it holds."""

    id = serializers.UUIDField(source="public_id")
    offer_id = serializers.UUIDField(source="plan.offer.public_id")
    offer = serializers.CharField(source="plan.offer.code", help_text="The offer's code.")
    publisher = serializers.CharField(source="plan.offer.publisher.name")
    plan_id = serializers.UUIDField(source="plan.public_id")
    plan = serializers.CharField(source="plan.code", help_text="The plan's code.")
    pricing_model = serializers.ChoiceField(source="plan.offer.pricing_model", choices=PricingModel.choices)
    market = serializers.CharField(source="market.code")
    currency = serializers.CharField()
    term = serializers.ChoiceField(choices=Term.choices)
    billing = serializers.ChoiceField(choices=BillingFrequency.choices)
    amount = serializers.DecimalField(
        max_digits=14, decimal_places=4, allow_null=True, help_text="For one billing period; null: no longer offered."
    )
    valid_from = serializers.DateField()
    valid_to = serializers.DateField(allow_null=True, help_text="The last day; null: until further notice.")
    failed_rules = FailedRulesField(help_text="Why the plan cannot be sold; empty if it can.")
    added_at = UTCDateTimeField(source="created_at")
    withdrawn_at = UTCDateTimeField(allow_null=True, help_text="It never came into force.")
