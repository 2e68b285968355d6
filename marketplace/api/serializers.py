"""What the API reads and says of offers: the whole tree of one, and rows of many."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from marketplace.content import DraftSerializer
from marketplace.filters import OFFER_STATES
from marketplace.models import Audience, Offer, OfferType, OfferVersion, PricingModel
from partnerportal.lib.api_input import StrictSerializer
from partnerportal.lib.api_output import AttributeSerializer, UTCDateTimeField

OFFER: dict[str, Any] = {
    "id": "7c1f7e0e-3d52-4f3c-9a3c-0d0c4a1f4b77",
    "code": "backup",
    "type": "saas",
    "pricing_model": "per_seat",
    "state": "changed",
    "live_version": 3,
    "has_draft": True,
    "audience": "specific",
    "saved_audience": "specific",
    "created_at": "2026-02-14T09:30:00Z",
    "changed_at": "2026-11-20T14:05:00Z",
    "published_at": "2026-03-01T08:00:00Z",
}
CONTACT = {"name": "Help desk", "email": "help@publisher.example", "phone": "", "url": ""}
TREE: dict[str, Any] = {
    "texts": {"en": {"name": "Backup", "summary": "Keeps copies", "description": "Every **hour**."}},
    "categories": ["backup"],
    "links": [{"title": "Documentation", "url": "https://publisher.example/docs"}],
    "support": CONTACT,
    "plans": [
        {
            "code": "basic",
            "texts": {"en": {"name": "Basic", "description": ""}},
            "terms": ["P1M", "P1Y"],
            "billing": ["P1M"],
            "min_seats": 1,
            "max_seats": None,
            "trial_days": 30,
            "is_byol": False,
            "is_one_per_customer": False,
            "is_for_audience_only": False,
        }
    ],
    "channel": {
        "marketing_url": "https://publisher.example/marketing",
        "contact": CONTACT,
        "sales_url": "https://publisher.example/sales",
        "support_url": "https://publisher.example/support",
    },
}


@extend_schema_serializer(examples=[OpenApiExample("offer", value=OFFER, response_only=True)])
class OfferSerializer(AttributeSerializer[Offer]):
    """An offer of the caller's organisation, without its texts and plans."""

    id = serializers.UUIDField(source="public_id")
    code = serializers.CharField(help_text="Fixed since the first publication, as are the type and the pricing model.")
    type = serializers.ChoiceField(choices=OfferType.choices)
    pricing_model = serializers.ChoiceField(choices=PricingModel.choices)
    state = serializers.ChoiceField(
        choices=[(state, state) for state in OFFER_STATES],
        help_text="Never published, live, live with a draft beside it, or live with its sale stopped.",
    )
    live_version = serializers.IntegerField(source="number", allow_null=True, help_text="Null before the first.")
    has_draft = serializers.BooleanField()
    audience = serializers.ChoiceField(choices=Audience.choices, help_text="Who may resell it now.")
    saved_audience = serializers.ChoiceField(
        source="private.next_audience",
        choices=Audience.choices,
        help_text="As saved; in force with publication or a sync.",
    )
    created_at = UTCDateTimeField()
    changed_at = UTCDateTimeField(help_text="When its draft was saved or published last.")
    published_at = UTCDateTimeField(allow_null=True, help_text="The first time.")


class CreateOfferSerializer(StrictSerializer):
    """A new offer."""

    code = serializers.CharField(max_length=50, help_text="Lower-case letters, digits, hyphens and underscores.")
    type = serializers.ChoiceField(choices=OfferType.choices)
    pricing_model = serializers.ChoiceField(choices=PricingModel.choices)


class ChangeOfferSerializer(StrictSerializer):
    """What is to be another of an offer that was never published. What is left out stays."""

    code = serializers.CharField(max_length=50, required=False)
    type = serializers.ChoiceField(choices=OfferType.choices, required=False)
    pricing_model = serializers.ChoiceField(choices=PricingModel.choices, required=False)
    deletes_prices = serializers.BooleanField(
        default=False, help_text="Whether another pricing model deletes the prices saved so far."
    )


class ChangePlanSerializer(StrictSerializer):
    """Another code of a plan that was never published."""

    code = serializers.CharField(max_length=50)


class DraftProblemSerializer(serializers.Serializer[Any]):
    """Something that a draft lacks before it can be published."""

    pointer = serializers.CharField(help_text="A JSON pointer (RFC 6901) into `tree`.")
    code = serializers.CharField()
    detail = serializers.CharField(source="message")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "offer",
            value=OFFER | {"target": "draft", "version": None, "revision": 7, "tree": TREE, "problems": []},
            response_only=True,
        )
    ]
)
class OfferTreeSerializer(OfferSerializer):
    """An offer with all that its draft or its live version says."""

    target = serializers.ChoiceField(choices=["draft", "live"], help_text="Which of the two `tree` is.")
    version = serializers.IntegerField(source="shown.number", allow_null=True, help_text="Null for a draft.")
    revision = serializers.IntegerField(source="shown.revision", help_text="Counts every save. It is the `ETag`.")
    tree = DraftSerializer(help_text="Texts, categories, links, support, plans, and what resellers alone see.")
    problems = DraftProblemSerializer(many=True, help_text="What it lacks before it can be published.")


class OfferVersionSerializer(AttributeSerializer[OfferVersion]):
    """A published version of an offer."""

    number = serializers.IntegerField()
    published_at = UTCDateTimeField(source="changed_at")
    published_by = serializers.CharField(help_text="As the log names them.")
    is_live = serializers.BooleanField()


@extend_schema_field({})
class AnyValueField(serializers.ReadOnlyField):
    """A field of any value of a version's tree."""


class DifferenceSerializer(serializers.Serializer[Any]):
    """A thing that two versions say differently."""

    pointer = serializers.CharField(source="fact.pointer", help_text="A JSON pointer into the tree that has it.")
    place = serializers.CharField(source="fact.place", help_text="Where it stands, in words.")
    label = serializers.CharField(source="fact.label", help_text="What it is, in words.")  # type: ignore[assignment]
    before = AnyValueField(source="before.value", default=None)
    after = AnyValueField(source="after.value", default=None)


class TechnicalSerializer(StrictSerializer):
    """The technical configuration of a SaaS offer."""

    landing_page_url = serializers.URLField(max_length=500, allow_blank=True)
    webhook_url = serializers.URLField(max_length=500, allow_blank=True)
