"""What an offer says: the shape of a version's content, which the page and the API read alike, and what it still lacks.

A draft may be incomplete, but never malformed. `find_problems` says what must be there before it is published; the
checklist beside the form and the action that publishes both ask it.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from marketplace.models import Audience, BillingFrequency, Category, Offer, OfferFile, OfferType, Term
from partnerportal.lib.api_input import OneLineField, StrictSerializer
from partnerportal.lib.catalogue_entries import LANGUAGES
from partnerportal.lib.codes import make_code_field
from partnerportal.lib.errors import Message

MOST_PLANS, MOST_CATEGORIES, MOST_LINKS = 100, 3, 10
MOST_SCREENSHOTS, MOST_DOCUMENTS = 5, 20
LONGEST_NAME, LONGEST_SUMMARY, LONGEST_DESCRIPTION = 100, 300, 20_000
NO_TERM = _("For each plan, choose its terms and how often it is billed.")
NO_BILLING = _("For each term of a plan, choose a billing frequency no longer than the term.")
RETIRED_CATEGORY = _("The vendor has retired a category that you chose. Choose another one.")


class FileIdField(serializers.UUIDField):
    """A field for the id of a file of the offer, which is kept as text."""

    def to_internal_value(self, data: Any) -> str:  # type: ignore[override]
        return str(super().to_internal_value(data))


class ListingTextSerializer(StrictSerializer):
    """The listing's texts in one language. The description is in Markdown."""

    name = OneLineField(max_length=LONGEST_NAME, allow_blank=True, default="")
    summary = OneLineField(max_length=LONGEST_SUMMARY, allow_blank=True, default="")
    description = serializers.CharField(
        max_length=LONGEST_DESCRIPTION, allow_blank=True, default="", trim_whitespace=False
    )


class PlanTextSerializer(StrictSerializer):
    """A plan's texts in one language."""

    name = OneLineField(max_length=LONGEST_NAME, allow_blank=True, default="")
    description = serializers.CharField(max_length=1000, allow_blank=True, default="")


class ListingTextsSerializer(StrictSerializer):
    """The listing's texts by language. A language that is missing falls back to another."""

    en = ListingTextSerializer(required=False)
    fr = ListingTextSerializer(required=False)
    ja = ListingTextSerializer(required=False)


class PlanTextsSerializer(StrictSerializer):
    """A plan's texts by language. A language that is missing falls back to another."""

    en = PlanTextSerializer(required=False)
    fr = PlanTextSerializer(required=False)
    ja = PlanTextSerializer(required=False)


class LinkSerializer(StrictSerializer):
    """A link of the listing to a page of the publisher."""

    title = OneLineField(max_length=100)
    url = serializers.URLField(max_length=500)


class ContactSerializer(StrictSerializer):
    """How to reach the publisher: by email, phone or a page."""

    name = OneLineField(max_length=120, allow_blank=True, default="")
    email = serializers.EmailField(allow_blank=True, default="")
    phone = OneLineField(max_length=40, allow_blank=True, default="")
    url = serializers.URLField(max_length=500, allow_blank=True, default="")


class PlanSerializer(StrictSerializer):
    """A plan: its code, texts, terms and limits."""

    code = make_code_field()
    texts = PlanTextsSerializer(default=dict)
    terms = serializers.ListField(child=serializers.ChoiceField(choices=Term.choices), default=list)
    billing = serializers.ListField(child=serializers.ChoiceField(choices=BillingFrequency.choices), default=list)
    min_seats = serializers.IntegerField(min_value=1, max_value=1_000_000, allow_null=True, default=None)
    max_seats = serializers.IntegerField(min_value=1, max_value=1_000_000, allow_null=True, default=None)
    trial_days = serializers.IntegerField(min_value=0, max_value=180, default=0)
    is_byol = serializers.BooleanField(default=False)
    is_one_per_customer = serializers.BooleanField(default=False)
    is_for_audience_only = serializers.BooleanField(
        default=False,
        help_text="Of a container’s plan, or one of a virtual machine with `is_byol`: false lets the whole programme "
        "sell it, whatever the audience.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a smallest number of seats above the largest."""
        if attrs["min_seats"] and attrs["max_seats"] and attrs["min_seats"] > attrs["max_seats"]:
            message = _("The maximum number of licences is below the minimum.")
            raise serializers.ValidationError({"max_seats": [message]}, "below_minimum")
        return attrs


class ContentSerializer(StrictSerializer):
    """The content of a version: its listing, and its plans in the order in which they are shown."""

    texts = ListingTextsSerializer(default=dict)
    categories = serializers.ListField(child=serializers.SlugField(), max_length=MOST_CATEGORIES, default=list)
    links = serializers.ListField(child=LinkSerializer(), max_length=MOST_LINKS, default=list)
    support = ContactSerializer(default=dict)
    logo = FileIdField(allow_null=True, default=None)
    screenshots = serializers.ListField(child=FileIdField(), max_length=MOST_SCREENSHOTS, default=list)
    plans = serializers.ListField(child=PlanSerializer(), max_length=MOST_PLANS, default=list)

    def validate_categories(self, codes: list[str]) -> list[str]:
        """Refuse a category that is not in the catalogue."""
        unknown = set(codes) - set(Category.objects.filter(code__in=codes).values_list("code", flat=True))
        if unknown:
            raise serializers.ValidationError(_("There is no such category."), "unknown_category")
        return list(dict.fromkeys(codes))

    def validate_plans(self, plans: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Refuse two plans with the same code."""
        codes = [plan["code"] for plan in plans]
        if len(set(codes)) < len(codes):
            raise serializers.ValidationError(_("Two plans have the same code."), "code_twice")
        return plans


class DocumentSerializer(StrictSerializer):
    """A document for partners: the id of a file of the offer, and what it is for."""

    id = FileIdField()
    kind = serializers.ChoiceField(choices=OfferFile.DOCUMENTS)


class ChannelSerializer(StrictSerializer):
    """What resellers alone see: marketing material and whom to contact about selling (CA-30, CA-31)."""

    marketing_url = serializers.URLField(max_length=500, allow_blank=True, default="")
    contact = ContactSerializer(default=dict)
    sales_url = serializers.URLField(max_length=500, allow_blank=True, default="")
    support_url = serializers.URLField(max_length=500, allow_blank=True, default="")
    documents = serializers.ListField(child=DocumentSerializer(), max_length=MOST_DOCUMENTS, default=list)


class DraftSerializer(ContentSerializer):
    """A draft as one tree: its content, and what resellers alone see of it."""

    channel = ChannelSerializer(default=dict)


@dataclass(frozen=True)
class Problem:
    """Something that keeps a draft from being saved or published: where it is in the tree, a code and a sentence."""

    pointer: str  # a JSON pointer (RFC 6901), such as "/plans/0/terms"
    code: str
    message: Message


def read_draft(tree: Any) -> tuple[dict[str, Any], dict[str, Any], list[Problem]]:
    """Return the content, the channel information and the problems of a draft that somebody wants to save.

    `tree` is what a page or the API has received, in the shape of DraftSerializer. With any problem the rest is empty.
    """
    serializer = DraftSerializer(data=tree)
    if not serializer.is_valid():
        return {}, {}, list(_list_errors(serializer.errors, ""))
    content = dict(serializer.validated_data)
    return content, content.pop("channel"), []


def _list_errors(errors: Any, pointer: str) -> Iterator[Problem]:
    if isinstance(errors, Mapping):
        for key, inner in errors.items():
            yield from _list_errors(inner, pointer if key == "non_field_errors" else f"{pointer}/{_escape(key)}")
    else:
        for error in errors:
            yield Problem(pointer, error.code, str(error))


def _escape(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def find_problems(offer: Offer, content: Mapping[str, Any], channel: Mapping[str, Any]) -> list[Problem]:
    """Return everything that a draft lacks before it can be published, in the order of the form (CA-3, CA-31)."""
    return [
        *_listing_problems(content),
        *_category_problems(offer, content),
        *_plan_problems(content),
        *(_channel_problems(channel) if _is_for_partners(offer, content) else ()),
    ]


def _is_for_partners(offer: Offer, content: Mapping[str, Any]) -> bool:
    """Return whether partners may sell something of an offer, by its audience or a plan that is open to all."""
    return not offer.audience == offer.private.next_audience == Audience.NONE or bool(list_open_plans(offer, content))


def list_open_plans(offer: Offer, content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the plans of a version that the whole programme may sell, whatever the audience of the offer (CA-6).

    They are those of a virtual machine that take one's own licence, and of a container, unless the publisher has
    turned that off. `queries.eligibility` says the same of what is live.
    """
    plans = [plan for plan in content.get("plans", []) if not plan.get("is_for_audience_only")]
    if offer.type == OfferType.CONTAINER:
        return plans
    return [plan for plan in plans if plan.get("is_byol")] if offer.type == OfferType.VIRTUAL_MACHINE else []


def _listing_problems(content: Mapping[str, Any]) -> Iterator[Problem]:
    texts = content.get("texts", {})
    begun = [language for language in LANGUAGES if any(texts.get(language, {}).values())]
    if not begun:
        yield Problem("/texts", "no_texts", _("Describe the offer in at least one language."))
    for language in begun:
        for field in ("name", "summary", "description"):
            if not texts[language].get(field, "").strip():
                yield Problem(
                    f"/texts/{language}/{field}",
                    "text_missing",
                    _("Complete the texts in every language you have started."),
                )
    if not content.get("categories"):
        yield Problem("/categories", "no_category", _("Choose a category."))
    if not has_contact(content.get("support", {})):
        yield Problem("/support", "no_support_contact", _("Add a support contact for partners and customers."))


def _category_problems(offer: Offer, content: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for retired categories that the offer's live version does not have: only what is live stays."""
    if list_unavailable_categories(set(content.get("categories", ())) - set(offer.categories)):
        yield Problem("/categories", "retired_category", RETIRED_CATEGORY)


def list_unavailable_categories(codes: Collection[str]) -> list[str]:
    """Return those of the codes whose categories nobody can choose any more: retired ones, and removed ones."""
    offered = Category.objects.filter(code__in=codes, is_retired=False).values_list("code", flat=True)
    return sorted(set(codes) - set(offered))


def _plan_problems(content: Mapping[str, Any]) -> Iterator[Problem]:
    plans = content.get("plans", [])
    if not plans:
        yield Problem("/plans", "no_plan", _("Add a plan."))
    for at, plan in enumerate(plans):
        if not any(text.get("name") for text in plan.get("texts", {}).values()):
            yield Problem(f"/plans/{at}/texts", "plan_unnamed", _("Give each plan a name."))
        if not (plan.get("terms") and plan.get("billing")):
            if not plan.get("is_byol"):
                yield Problem(f"/plans/{at}/terms", "no_term", NO_TERM)
        elif set(plan["terms"]) - {term for term, _billing in list_combinations(plan)}:
            yield Problem(f"/plans/{at}/billing", "no_billing", NO_BILLING)


def find_opt_in_problems(offer: Offer) -> list[Problem]:
    """Return what the live version of an offer without partners lacks before it gets some (CA-30, CA-31)."""
    if offer.live_version is None or offer.audience != Audience.NONE or offer.private.next_audience == Audience.NONE:
        return []
    return list(_channel_problems(offer.live_version.channel.content))


def _channel_problems(channel: Mapping[str, Any]) -> Iterator[Problem]:
    if not channel.get("marketing_url"):
        yield Problem("/channel/marketing_url", "no_marketing_url", _("Add a link to marketing material for partners."))
    if not has_contact(channel.get("contact", {})):
        yield Problem("/channel/contact", "no_channel_contact", _("Add a contact for partners."))
    kinds = {document["kind"] for document in channel.get("documents", [])}
    if not channel.get("sales_url") and "sales" not in kinds:
        yield Problem("/channel/sales_url", "no_sales_material", _("Add sales material for partners."))
    if not channel.get("support_url") and "support" not in kinds:
        yield Problem("/channel/support_url", "no_support_material", _("Add support material for partners."))


def has_contact(contact: Mapping[str, Any]) -> bool:
    """Return whether a contact says any way to reach the publisher."""
    return any(contact.get(way) for way in ("email", "phone", "url"))


def pick_texts(texts: Mapping[str, Any], language: str) -> tuple[Mapping[str, Any], str]:
    """Return the texts to show to a reader of `language`, and the language that they are in.

    Without texts in that language they are the English ones, or else those of the first language that has a name.
    """
    for choice in (language, *LANGUAGES):
        if texts.get(choice, {}).get("name"):
            return texts[choice], choice
    return {}, language


def list_combinations(plan: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the terms of a plan's content, each with the billing frequencies that are not longer than it."""
    return [
        (term, billing)
        for term in Term.values
        for billing in BillingFrequency.values
        if term in plan.get("terms", ())
        and billing in plan.get("billing", ())
        and (term, billing) != (Term.MONTH, BillingFrequency.YEARLY)
    ]


def list_file_ids(content: Mapping[str, Any], channel: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return the files that a version has, by id: what each is for, and the JSON pointer of where it is named."""
    files = {
        document["id"]: (document["kind"], f"/channel/documents/{at}/id")
        for at, document in enumerate(channel.get("documents", []))
    }
    files |= {key: ("screenshot", f"/screenshots/{at}") for at, key in enumerate(content.get("screenshots", []))}
    return files | ({content["logo"]: ("logo", "/logo")} if content.get("logo") else {})
