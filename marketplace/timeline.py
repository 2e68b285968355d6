"""The words of the activity log for offers, what is sold of them, and what the vendor keeps for everyone."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from marketplace.events import CatalogueEvent, HealthEvent, OfferEvent, SubscriptionEvent
from marketplace.models import Audience, BillingFrequency, OfferType, PricingModel, Term
from notifications.models import Event
from notifications.timeline import (
    ActivityDescription,
    ActivityTopic,
    register_activity_descriptions,
    register_changed_fields,
)
from partnerportal.lib.errors import Message

_OFFERS = {
    OfferEvent.CREATED: ("package-plus", _("The offer %(subject)s was created")),
    OfferEvent.CHANGED: ("pencil", _("The code, type or pricing model of the offer %(subject)s was changed")),
    OfferEvent.DELETED: ("trash-2", _("The offer %(subject)s was deleted")),
    OfferEvent.PLAN_RENAMED: ("pencil", _("The code of a plan in %(subject)s was changed")),
    OfferEvent.PLANS_DELETED: ("trash-2", _("Plans were deleted from %(subject)s")),
    OfferEvent.CONFIGURED: ("settings-2", _("The technical configuration of %(subject)s was changed")),
    OfferEvent.PUBLISHED: ("store", _("Version %(version)s of %(subject)s was published")),
    OfferEvent.DRAFT_DISCARDED: ("undo-2", _("The draft of %(subject)s was discarded")),
    OfferEvent.AUDIENCE_SAVED: ("users", _("A change to the audience of %(subject)s was saved")),
    OfferEvent.AUDIENCE_CHANGED: ("users", _("The audience of %(subject)s was changed")),
    OfferEvent.PRICED: ("tags", _("The prices of %(subject)s were changed")),
    OfferEvent.PRICE_WITHDRAWN: ("undo-2", _("A price of %(subject)s was withdrawn")),
    OfferEvent.STOPPED: ("ban", _("The sale of %(subject)s was stopped")),
    OfferEvent.RESUMED: ("circle-check", _("The sale of %(subject)s was resumed")),
    OfferEvent.PUBLISHER_CONTACTED: ("mail", _("The publisher of %(subject)s was contacted")),
    OfferEvent.PARTNER_ASKED: ("mail", _("%(counterpart)s was asked about %(subject)s")),
    HealthEvent.REPORTED: ("triangle-alert", _("An issue with %(subject)s was reported")),
    HealthEvent.UPDATED: ("message-square", _("The issue with %(subject)s was updated")),
    HealthEvent.CLEARED: ("circle-check", _("The issue with %(subject)s was resolved")),
}
_SALES = {
    SubscriptionEvent.ADDED: ("package-plus", _("The subscription %(subject)s was added")),
    SubscriptionEvent.CHANGED: ("package", _("The subscription %(subject)s was changed")),
}
_CATALOGUE = {
    CatalogueEvent.MARKET_ADDED: ("plus", _("The market %(subject)s was added")),
    CatalogueEvent.MARKET_CHANGED: ("pencil", _("The market %(subject)s was changed")),
    CatalogueEvent.MARKET_REMOVED: ("trash-2", _("The market %(subject)s was removed")),
    CatalogueEvent.COUNTRY_PLACED: ("list-tree", _("A country was moved to the market %(subject)s")),
    CatalogueEvent.CATEGORY_ADDED: ("plus", _("The category %(subject)s was added")),
    CatalogueEvent.CATEGORY_CHANGED: ("pencil", _("The category %(subject)s was changed")),
    CatalogueEvent.CATEGORY_REMOVED: ("trash-2", _("The category %(subject)s was removed")),
}


def _version(event: Event) -> dict[str, str]:
    return {"version": str(event.data.get("version", "–"))}


# Older events of subscriptions name what they refer to by primary keys.
_NUMBERED = {"plan_id": _("Plan"), "version_id": _("Version"), "reseller_id": _("Partner")}


def register_offer_words() -> None:
    """Register how the activity log shows the events of this app."""
    topics: dict[ActivityTopic, Mapping[Any, tuple[str, Message]]] = {
        ActivityTopic.OFFERS: _OFFERS,
        ActivityTopic.ORDERS: _SALES,
        ActivityTopic.CATALOGUE: _CATALOGUE,
    }
    for topic, texts in topics.items():
        register_activity_descriptions(
            topic, {kind: ActivityDescription(icon, text, _version) for kind, (icon, text) in texts.items()}
        )
    audiences = {audience.value: audience.label for audience in Audience}
    register_changed_fields(
        {
            "code": _("Code"),
            "type": _("Type"),
            "pricing_model": _("Pricing model"),
            "landing_page_url": _("Landing page"),
            "webhook_url": _("Webhook"),
            "audience": _("Audience"),
            "next_audience": _("Saved audience"),
            "name_en": _("Name in English"),
            "name_fr": _("Name in French"),
            "name_ja": _("Name in Japanese"),
            "parent": _("Parent category"),
            "position": _("Position"),
            "market": _("Market"),
            "currency": _("Currency"),
            "added_currency": _("Added currency"),
            "removed_currency": _("Removed currency"),
            "plan": _("Plan"),
            "version": _("Version"),
            "reseller": _("Partner"),
            **_NUMBERED,
            "quantity": _("Licences"),
            "term": _("Term"),
            "billing": _("Billing"),
            "is_renewed": _("Renews automatically"),
            "activated_at": _("Activated"),
            "ended_at": _("Ended"),
        },
        words={
            "audience": audiences,
            "next_audience": audiences,
            "type": {each.value: each.label for each in OfferType},
            "pricing_model": {each.value: each.label for each in PricingModel},
            "term": {each.value: each.label for each in Term},
            "billing": {each.value: each.label for each in BillingFrequency},
        },
        numbered=_NUMBERED.keys(),
    )
