"""Queries for the prices of an offer."""

from collections import defaultdict
from collections.abc import Collection

from django.db.models import Case, Q, Value, When

from marketplace.content import list_combinations
from marketplace.models import MarketCountry, Offer, OfferVersion, Plan, Price
from marketplace.models.price import PriceQuerySet
from marketplace.pricing import Key, PricingFacts
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today

PRICED = ("plan__code", "market__name", "currency", "term", "billing", "valid_from")  # the order of lists of prices


def get_key(price: Price) -> Key:
    """Return what a price is of. Its plan and market must be loaded."""
    return price.plan.code, price.market.code, price.currency, price.term, price.billing


def load_pricing_facts(actor: Actor, offer: Offer, plans: Collection[str] | None = None) -> PricingFacts:
    """Return what the rules of prices rest on, for all plans of an offer that the actor sees or those of some codes."""
    rows = Plan.objects.visible_to(actor).filter(offer=offer)
    rows = rows if plans is None else rows.filter(code__in=plans)
    countries = MarketCountry.objects.select_related("market").order_by("market__name", "currency")
    facts = PricingFacts(
        plans={plan.code: plan for plan in rows.order_by("code")},
        combinations=_read_combinations(actor, offer),
        markets={(row.market.code, row.currency): row.market for row in countries},
    )
    prices = Price.objects.visible_to(actor).filter(plan__in=facts.plans.values(), withdrawn_at=None)
    for price in prices.select_related("plan", "market").order_by("valid_from"):
        facts.prices.setdefault(get_key(price), []).append(price)
    return facts


def _read_combinations(actor: Actor, offer: Offer) -> dict[str, list[tuple[str, str]]]:
    """Return what each plan is sold for by the live version or the draft."""
    versions = OfferVersion.objects.visible_to(actor).filter(Q(number=None) | Q(pk=offer.live_version_id), offer=offer)
    found: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
    for version in versions.order_by("number"):
        for plan in version.content.get("plans", []):
            found[plan["code"]] |= dict.fromkeys(list_combinations(plan))
    return {code: sorted(pairs) for code, pairs in found.items()}


def list_current_prices(actor: Actor, offer: Offer) -> PriceQuerySet:
    """Return the prices of an offer that the actor sees: those in force today (UTC), and those that are to begin.

    Each has a `state`: "in_force" or "upcoming".
    """
    seen = Price.objects.visible_to(actor).filter(plan__offer=offer)
    begun = seen.in_force().values("pk")
    state = Case(When(valid_from__gt=today(), then=Value("upcoming")), default=Value("in_force"))
    rows = seen.filter(Q(pk__in=begun) | Q(withdrawn_at=None, valid_from__gt=today()))
    return rows.annotate(state=state).select_related("plan", "market")
