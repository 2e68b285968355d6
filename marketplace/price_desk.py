"""What the pages of prices work on: the plans of an offer, the matrix of their prices, and the preview of a change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.urls import reverse
from django.utils.http import urlencode

from marketplace.forms.prices import name_field
from marketplace.models import Offer
from marketplace.models.price import write_amount
from marketplace.pricing import CheckedChange, Key, PriceChange, PricingFacts, check_changes
from marketplace.queries.prices import PricedPlan, list_priced_plans, load_pricing_facts
from marketplace.renewals import Reach, find_reach
from marketplace.rows.prices import (
    PairRow,
    PlanColumns,
    format_amount,
    format_combination,
    format_reach,
    get_plan_name,
    make_matrix,
    make_plan_columns,
)
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound
from partnerportal.lib.text import has_words

PLANS = 4  # beside each other on a page


class PriceMatrix:
    """The matrix of an offer's prices as its tab shows it: some plans at a time, searched by name or code."""

    def __init__(self, actor: Actor, offer: Offer, params: Mapping[str, str]) -> None:
        self.offer = offer
        self.q = params.get("q", "")[:100]
        self.market = params.get("market", "")[:50]
        self.plans = [priced for priced in list_priced_plans(actor, offer) if priced.combinations]
        self.found = [
            priced for priced in self.plans if has_words(f"{get_plan_name(priced)} {priced.plan.code}", self.q)
        ]
        page = params.get("page", "")
        last = max(0, len(self.found) - 1) // PLANS + 1
        self.number = min(int(page), last) if page.isascii() and page.isdigit() and 0 < len(page) < 5 else 1
        self.number = max(1, self.number)
        shown = self.found[(self.number - 1) * PLANS : self.number * PLANS]
        self.facts = load_pricing_facts(actor, shown)
        self.columns: list[PlanColumns] = make_plan_columns(offer, shown)
        if self.market not in self.market_names:
            self.market = ""

    @cached_property
    def market_names(self) -> dict[str, str]:
        """The names of the markets by code."""
        return {code: market.local_name for (code, _currency), market in self.facts.markets.items()}

    @cached_property
    def rows(self) -> list[PairRow]:
        """The rows of the matrix."""
        return make_matrix(self.facts, self.columns, self.market)

    @cached_property
    def plan_names(self) -> dict[str, str]:
        """The names of all plans by code, in the reader's language."""
        return {priced.plan.code: get_plan_name(priced) for priced in self.plans}

    @property
    def is_filtered(self) -> bool:
        """Whether a search or a market narrows the matrix."""
        return bool(self.q or self.market)

    @property
    def market_choices(self) -> list[tuple[str, str]]:
        """The choices of the filter by market."""
        return list(self.market_names.items())

    @property
    def previous_url(self) -> str:
        """The URL of the plans before these, or ""."""
        return self._url(self.number - 1) if self.number > 1 else ""

    @property
    def next_url(self) -> str:
        """The URL of the plans after these, or ""."""
        return self._url(self.number + 1) if self.number * PLANS < len(self.found) else ""

    @property
    def first(self) -> int:
        """The position of the first plan on the page."""
        return (self.number - 1) * PLANS + 1

    @property
    def last(self) -> int:
        """The position of the last plan on the page."""
        return min(self.number * PLANS, len(self.found))

    def _url(self, page: int) -> str:
        query = {"q": self.q, "market": self.market, "page": str(page)}
        url = reverse("offer_prices", args=[self.offer.public_id])
        return f"{url}?{urlencode({name: value for name, value in query.items() if value})}"


@dataclass(frozen=True)
class PreviewRow:
    """A row of the preview: what the price was and will be, by how much it changes, and whom it reaches."""

    market: str
    currency: str
    sold_for: str
    before: str
    after: str
    percent: str
    is_up: bool
    reach: Reach
    reached: str
    fields: list[tuple[str, str]]  # the names and values that the form posts again


class PriceDesk:
    """The prices of one plan, as the form that changes them needs them. Raises NotFound for a plan without a term."""

    def __init__(self, actor: Actor, offer: Offer, plan_code: str) -> None:
        self.actor, self.offer = actor, offer
        found = [one for one in list_priced_plans(actor, offer) if one.plan.code == plan_code and one.combinations]
        if not found:
            raise NotFound("not_found", "")
        self.priced: PricedPlan = found[0]
        self.facts: PricingFacts = load_pricing_facts(actor, found)
        self.columns = make_plan_columns(offer, found)
        self.name = self.columns[0].name
        self.rows = make_matrix(self.facts, self.columns)

    @property
    def labels(self) -> dict[Key, str]:
        """What each price of the plan is called, by key."""
        return {
            cell.key: formats.join_names([row.market, row.currency, format_combination(*cell.key[3:])])
            for row in self.rows
            for cell in row.cells
        }

    @property
    def held(self) -> list[Key]:
        """The prices that hold now or begin later, which can be ended."""
        return [cell.key for row in self.rows for cell in row.cells if self.facts.prices.get(cell.key)]

    @property
    def in_force(self) -> set[int]:
        """The primary keys of the prices that hold today (UTC)."""
        held = (self.facts.find_in_force(key) for key in self.facts.prices)
        return {price.pk for price in held if price}

    def preview(self, changes: Sequence[PriceChange]) -> tuple[list[PreviewRow], list[CheckedChange]]:
        """Return what the changes would do as the prices are now. They must be possible."""
        facts = load_pricing_facts(self.actor, [self.priced])
        checked, _problems = check_changes(facts, changes, is_preview=True)
        new = [one for one in checked if one.is_new]
        reach = find_reach(self.actor, [one.price for one in new])
        return [_make_preview_row(one, found) for one, found in zip(new, reach, strict=True)], new


def _make_preview_row(checked: CheckedChange, reach: Reach) -> PreviewRow:
    price, change, old = checked.price, checked.change, checked.replaced
    kind, value = ("end", "on") if change.amount is None else ("amount", change.amount)
    replaces = "" if old is None else write_amount(old, price.currency)
    return PreviewRow(
        market=price.market.local_name,
        currency=price.currency,
        sold_for=format_combination(price.term, price.billing),
        before=format_amount(old, price.currency),
        after=format_amount(price.amount, price.currency),
        percent=formats.format_percent((price.amount - old) / old) if old and price.amount is not None else "",
        is_up=price.amount is not None and old is not None and price.amount > old,
        reach=reach,
        reached=format_reach(reach),
        fields=[(name_field(kind, change.key), value), (name_field("replaces", change.key), replaces)],
    )
