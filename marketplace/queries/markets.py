"""Queries for the vendor's markets: what uses each of them, and what follows if a country moves to another."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet

from accounts.models import Organization, OrganizationKind
from marketplace.models import Market, MarketCountry, Plan, Price
from marketplace.models.price import PriceQuerySet
from marketplace.policies import SELLERS
from partnerportal.lib.actors import Actor
from partnerportal.lib.visible_rows import get_by_public_id


@dataclass(frozen=True)
class Population:
    """How many organisations of a country, or of several, sell and how many buy."""

    partners: int = 0  # distributors among them
    customers: int = 0

    def __add__(self, other: "Population") -> "Population":
        return Population(self.partners + other.partners, self.customers + other.customers)


def list_markets() -> QuerySet[Market]:
    """Return all markets with their countries and currencies, by their English names."""
    return Market.objects.order_by("name").prefetch_related("countries", "currencies")


def get_market(public_id: UUID) -> Market:
    """Return a market with its countries and currencies. Raises NotFound for an unknown one."""
    return get_by_public_id(list_markets(), public_id)


def count_population(actor: Actor, *, country: str = "") -> dict[str, Population]:
    """Return how many partners and customers the actor sees in each country, or in one of them."""
    kinds = {*SELLERS, OrganizationKind.CUSTOMER}
    rows = Organization.objects.visible_to(actor).filter(kind__in=kinds)
    rows = rows.filter(country=country) if country else rows
    counted: dict[str, Population] = {}
    for place, kind, number in rows.order_by().values_list("country", "kind").annotate(Count("pk")):
        one = Population(customers=number) if kind == OrganizationKind.CUSTOMER else Population(partners=number)
        counted[place] = counted.get(place, Population()) + one
    return counted


def count_priced_plans(actor: Actor, market: Market) -> dict[str, int]:
    """Return how many plans have, or had, prices in each currency of a market."""
    rows = Price.objects.visible_to(actor).filter(market=market).order_by().values_list("currency")
    return dict(rows.annotate(Count("plan", distinct=True)))


def is_priced(market: Market, currency: str) -> bool:
    """Return whether any plan has, or had, a price in a market and currency."""
    return Price.objects.filter(market=market, currency=currency).exists()


@dataclass(frozen=True)
class CountryMove:
    """What follows if a country is put into a market with a currency. `before` is the market in which it is."""

    country: str
    before: Market | None
    currency_before: str
    after: Market
    currency: str
    partners: int
    customers: int
    plans_before: int  # live plans with a price today, where the country is
    plans: int  # the same where it will be
    plans_lost: int  # those with a price before and none after

    @property
    def changes_market(self) -> bool:
        """Whether the country changes its market, and not only its currency."""
        return self.before != self.after

    @property
    def changes_nothing(self) -> bool:
        """Whether the country is there already, with this currency."""
        return not self.changes_market and self.currency_before == self.currency

    @property
    def digest(self) -> str:
        """A digest of all this, by which a person says what was seen."""
        facts = [
            self.country, self.before.code if self.before else "", self.currency_before, self.after.code, self.currency,
            self.partners, self.customers, self.plans_before, self.plans, self.plans_lost,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def preview_country_move(actor: Actor, country: str, market: Market, currency: str) -> CountryMove:
    """Return what follows if a country is put into a market with one of its currencies."""
    place = MarketCountry.objects.filter(country=country).select_related("market").first()
    people = count_population(actor, country=country).get(country, Population())
    plans = Plan.objects.visible_to(actor).filter(is_live=True)
    prices = Price.objects.visible_to(actor)
    after = Exists(_list_offered_prices(prices, market=market, currency=currency))
    before = Exists(_list_offered_prices(prices, market=place.market, currency=place.currency)) if place else None
    priced_before = plans.filter(before) if before is not None else plans.none()
    return CountryMove(
        country=country,
        before=place.market if place else None,
        currency_before=place.currency if place else "",
        after=market,
        currency=currency,
        partners=people.partners,
        customers=people.customers,
        plans_before=priced_before.count(),
        plans=plans.filter(after).count(),
        plans_lost=priced_before.filter(~after).count(),
    )


def _list_offered_prices(prices: PriceQuerySet, **place: Any) -> PriceQuerySet:
    """Return the prices that hold at a place, a market and currency, today, of the plan of an outer query."""
    return prices.filter(**place).in_force().filter(plan=OuterRef("pk")).exclude(amount=None)


def count_moved_plans(facts: Mapping[str, Any]) -> dict[int, tuple[int, int]]:
    """Return by publisher how many live plans have a price where a country was, and how many of them none where it is.

    `facts` name both places by `market_before`, `currency_before`, `market` and `currency`. Prices are those of today.
    """
    prices = Price.objects.all()
    before = _list_offered_prices(prices, market__code=facts["market_before"], currency=facts["currency_before"])
    after = _list_offered_prices(prices, market__code=facts["market"], currency=facts["currency"])
    rows = Plan.objects.filter(Exists(before), is_live=True).order_by().values_list("offer__publisher")
    counted = rows.annotate(Count("pk"), lost=Count("pk", filter=~Exists(after)))
    return {publisher: (plans, lost) for publisher, plans, lost in counted}


def sum_population(market: Market, by_country: Mapping[str, Population]) -> Population:
    """Return how many partners and customers the countries of a market have together."""
    return sum((by_country.get(row.country, Population()) for row in market.countries.all()), Population())
