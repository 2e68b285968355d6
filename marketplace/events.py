from enum import StrEnum


class OfferEvent(StrEnum):
    """The kinds of events about publishers' offers."""

    CREATED = "offer.created"
    CHANGED = "offer.changed"
    DELETED = "offer.deleted"
    PLAN_RENAMED = "offer.plan_renamed"
    PLANS_DELETED = "offer.plans_deleted"
    CONFIGURED = "offer.configured"
    PUBLISHED = "offer.published"
    DRAFT_DISCARDED = "offer.draft_discarded"
    AUDIENCE_SAVED = "offer.audience_saved"
    AUDIENCE_CHANGED = "offer.audience_changed"
    PRICED = "offer.priced"
    PRICE_WITHDRAWN = "offer.price_withdrawn"
    STOPPED = "offer.stopped"
    RESUMED = "offer.resumed"
    PUBLISHER_CONTACTED = "offer.publisher_contacted"
    PARTNER_ASKED = "offer.partner_asked"


class SubscriptionEvent(StrEnum):
    """The kinds of events about what was sold."""

    ADDED = "subscription.added"
    CHANGED = "subscription.changed"


class HealthEvent(StrEnum):
    """The kinds of events about health issues of offers (CA-4)."""

    REPORTED = "health.reported"
    UPDATED = "health.updated"
    CLEARED = "health.cleared"


class CatalogueEvent(StrEnum):
    """The kinds of events about what the vendor keeps for everyone: markets and categories."""

    MARKET_ADDED = "market.added"
    MARKET_CHANGED = "market.changed"
    MARKET_REMOVED = "market.removed"
    COUNTRY_PLACED = "market.country_placed"
    CATEGORY_ADDED = "category.added"
    CATEGORY_CHANGED = "category.changed"
    CATEGORY_REMOVED = "category.removed"
