"""The rows of the pages on which the vendor keeps its catalogues, in the reader's words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.urls import reverse

from marketplace.models import Category, Market
from marketplace.queries.categories import CategoryTree
from marketplace.queries.markets import Population, sum_population
from partnerportal.lib.catalogue_entries import list_missing_languages
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.formats import join_names
from partnerportal.lib.text import has_words


@dataclass(frozen=True)
class MarketRow:
    """A market, with how much there is in it."""

    name: str
    code: str
    url: str
    currencies: str
    countries: int
    people: Population
    missing: list[str]  # the languages without a name


@dataclass(frozen=True)
class CountryRow:
    """A country of a market, with its currency and who is there."""

    code: str
    name: str
    currency: str
    people: Population


@dataclass(frozen=True)
class CountrySearch:
    """What is looked for among the countries of a market: a part of the name, or the code, and a currency."""

    q: str
    currency: str

    @property
    def is_active(self) -> bool:
        """Whether anything is looked for."""
        return bool(self.q or self.currency)

    def find(self, rows: Iterable[CountryRow]) -> list[CountryRow]:
        """Return the countries that match, in this order."""
        return [
            row
            for row in rows
            if (has_words(row.name, self.q) or self.q.strip().lower() == row.code.lower())
            and self.currency in ("", row.currency)
        ]


@dataclass(frozen=True)
class CurrencyRow:
    """A currency of a market: in how many countries prices are shown in it, and how many plans are priced in it."""

    code: str
    countries: int
    plans: int

    @property
    def is_used(self) -> bool:
        """Whether it must stay."""
        return bool(self.countries or self.plans)


@dataclass(frozen=True)
class CategoryRow:
    """A category of the tree, with how many published offers have it."""

    category: Category
    depth: int  # 0 at the top
    offers: int
    is_first: bool  # among its siblings
    is_last: bool
    is_removable: bool  # as far as the vendor sees: drafts may have it
    missing: list[str]  # the languages without a name


def make_market_rows(markets: Iterable[Market], population: Mapping[str, Population]) -> list[MarketRow]:
    """Return rows of markets. `population` says by country who is there."""
    return [
        MarketRow(
            name=market.local_name,
            code=market.code,
            url=reverse("catalogue_market", args=[market.public_id]),
            currencies=join_names(sorted(row.currency for row in market.currencies.all())),
            countries=len(market.countries.all()),
            people=sum_population(market, population),
            missing=list_missing_languages(market.names),
        )
        for market in markets
    ]


def make_country_rows(market: Market, population: Mapping[str, Population]) -> list[CountryRow]:
    """Return the countries of a market by name."""
    rows = [
        CountryRow(row.country, get_country_name(row.country), row.currency, population.get(row.country, Population()))
        for row in market.countries.all()
    ]
    return sorted(rows, key=lambda row: row.name)


def make_currency_rows(market: Market, plans: Mapping[str, int]) -> list[CurrencyRow]:
    """Return the currencies of a market. `plans` says how many plans are priced in each."""
    used = [row.currency for row in market.countries.all()]
    return [
        CurrencyRow(row.currency, used.count(row.currency), plans.get(row.currency, 0))
        for row in sorted(market.currencies.all(), key=lambda row: row.currency)
    ]


def make_category_rows(tree: CategoryTree, offers: Mapping[str, int]) -> list[CategoryRow]:
    """Return the categories in the order of the tree. `offers` says by code how many published offers have each."""
    rows = []
    for category in tree.walk():
        siblings = tree.list_children(category.parent_id)
        rows.append(
            CategoryRow(
                category=category,
                depth=len(tree.list_path(category.pk)) - 1,
                offers=offers.get(category.code, 0),
                is_first=siblings[0] == category,
                is_last=siblings[-1] == category,
                is_removable=not offers.get(category.code) and not tree.list_children(category.pk),
                missing=list_missing_languages(category.names),
            )
        )
    return rows


def list_unplaced_countries(markets: Iterable[Market], population: Mapping[str, Population]) -> list[CountryRow]:
    """Return the countries of no market in which there are partners or customers, by name."""
    placed = {row.country for market in markets for row in market.countries.all()}
    rows = [
        CountryRow(code, get_country_name(code), "", people)
        for code, people in population.items()
        if code not in placed
    ]
    return sorted(rows, key=lambda row: row.name)
