"""Queries for the prices of an offer."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case, Q, Value, When

from marketplace.content import list_combinations
from marketplace.models import MarketCurrency, Offer, OfferVersion, Plan, Price
from marketplace.models.price import PriceQuerySet
from marketplace.pricing import Key, PricingFacts
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.visible_rows import get_by_public_id

PRICED = ("plan__code", "market__name", "currency", "term", "billing", "valid_from")  # the order of lists of prices


def get_key(price: Price) -> Key:
    """Return what a price is of. Its plan and market must be loaded."""
    return price.plan.code, price.market.code, price.currency, price.term, price.billing


@dataclass(frozen=True)
class PricedPlan:
    """A plan of an offer with what it is sold for: by the live version, or by the draft before it was published."""

    plan: Plan
    texts: Mapping[str, Any]  # by language, of the newer of the two versions
    combinations: Sequence[tuple[str, str]]  # terms, each with a billing frequency


def list_priced_plans(actor: Actor, offer: Offer) -> list[PricedPlan]:
    """Return the plans of an offer that the actor sees, in the order of its newest version.

    A published plan has the combinations that its live version has: a price for what only the draft sells would be
    shown to buyers before it.
    """
    rows = {plan.code: plan for plan in Plan.objects.visible_to(actor).filter(offer=offer)}
    published = {code for code, plan in rows.items() if plan.published_in is not None}
    versions = OfferVersion.objects.visible_to(actor).filter(Q(number=None) | Q(pk=offer.live_version_id), offer=offer)
    texts: dict[str, Any] = {}
    combinations: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
    for version in versions.order_by("-revision"):
        for content in version.content.get("plans", []):
            texts.setdefault(content["code"], content.get("texts", {}))
            if version.number is not None or content["code"] not in published:
                combinations[content["code"]] |= dict.fromkeys(list_combinations(content))
    return [PricedPlan(rows[code], texts[code], list(combinations[code])) for code in texts if code in rows]


def load_pricing_facts(actor: Actor, plans: Sequence[PricedPlan]) -> PricingFacts:
    """Return what the rules of prices rest on for some plans of one offer."""
    pairs = MarketCurrency.objects.select_related("market").order_by("market__name", "currency")
    facts = PricingFacts(
        plans={priced.plan.code: priced.plan for priced in plans},
        combinations={priced.plan.code: priced.combinations for priced in plans},
        markets={(row.market.code, row.currency): row.market for row in pairs},
    )
    prices = Price.objects.visible_to(actor).filter(plan__in=facts.plans.values(), withdrawn_at=None)
    for price in prices.select_related("plan", "market").order_by("valid_from"):
        facts.prices.setdefault(get_key(price), []).append(price)
    return facts


def list_current_prices(actor: Actor, offer: Offer) -> PriceQuerySet:
    """Return the prices of an offer that the actor sees: those in force today (UTC), and those that are to begin.

    Each has a `state`: "in_force" or "upcoming".
    """
    seen = Price.objects.visible_to(actor).filter(plan__offer=offer)
    begun = seen.in_force().values("pk")
    state = Case(When(valid_from__gt=today(), then=Value("upcoming")), default=Value("in_force"))
    rows = seen.filter(Q(pk__in=begun) | Q(withdrawn_at=None, valid_from__gt=today()))
    return rows.annotate(state=state).select_related("plan", "market")


def load_prices_with_state(actor: Actor, offer: Offer, prices: Iterable[Price]) -> list[Price]:
    """Return these prices of an offer anew, in their order, each with a `state`.

    It is "in_force", "upcoming", "withdrawn", or "replaced" for one after which another has begun.
    """
    seen = Price.objects.visible_to(actor).filter(plan__offer=offer)
    state = Case(
        When(withdrawn_at__isnull=False, then=Value("withdrawn")),
        When(valid_from__gt=today(), then=Value("upcoming")),
        When(pk__in=seen.in_force().values("pk"), then=Value("in_force")),
        default=Value("replaced"),
    )
    keys = [price.pk for price in prices]
    rows = seen.filter(pk__in=keys).annotate(state=state).select_related("plan", "market").in_bulk()
    return [rows[key] for key in keys]


def list_upcoming_prices(actor: Actor, offer: Offer) -> PriceQuerySet:
    """Return the prices of an offer that are to begin after today (UTC), the earliest first."""
    seen = Price.objects.visible_to(actor).filter(plan__offer=offer, withdrawn_at=None, valid_from__gt=today())
    return seen.select_related("plan", "market").order_by("valid_from", "pk")


def list_price_history(actor: Actor, plan: Plan) -> PriceQuerySet:
    """Return all prices of a plan, with those that were withdrawn, the latest published first."""
    seen = Price.objects.visible_to(actor).filter(plan=plan)
    return seen.select_related("plan", "market").order_by("-created_at", "-pk")


def get_own_price(actor: Actor, offer: Offer, public_id: UUID) -> Price:
    """Return a price of an offer. Raises NotFound for one of another, or one that the actor does not see."""
    seen = Price.objects.visible_to(actor).filter(plan__offer=offer)
    return get_by_public_id(seen.select_related("plan__offer", "market"), public_id)
