"""The rows of the pages of prices, in the reader's words: the matrix of plans and markets, and lists of prices."""

import datetime as dt
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from marketplace.content import pick_texts
from marketplace.models import BillingFrequency, Offer, Price, Term
from marketplace.pricing import Key, PricingFacts
from marketplace.queries.prices import PricedPlan, list_priced_plans
from marketplace.renewals import Reach
from notifications.models import Event
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today

NONE = "—"  # no price, which is not the price 0


def get_plan_name(priced: PricedPlan) -> str:
    """Return the name of a plan in the reader's language, or its code while it has none."""
    texts, _language = pick_texts(priced.texts, get_language() or "en")
    return texts.get("name") or priced.plan.code


def name_plans(actor: Actor, offer: Offer, *, is_published: bool = False) -> dict[str, str]:
    """Return the names of the plans of an offer in the reader's language, by their codes.

    With `is_published` they are those alone that were published once.
    """
    plans = list_priced_plans(actor, offer)
    return {each.plan.code: get_plan_name(each) for each in plans if each.plan.published_in or not is_published}


def format_combination(term: str, billing: str) -> str:
    """Return a term and its billing frequency in words, such as "1 year, billed monthly"."""
    values = {"term": Term(term).label, "billing": BillingFrequency(billing).label}
    return _("%(term)s, billed %(billing)s") % values


def format_amount(amount: Decimal | None, currency: str) -> str:
    """Return an amount of a price in words; without one the plan is no longer offered."""
    return NONE if amount is None else formats.format_money(amount, currency)


@dataclass(frozen=True)
class PlanColumns:
    """The columns of a plan in the matrix: one for each term with its billing frequency."""

    code: str
    name: str
    labels: list[str]
    keys: list[tuple[str, str]]
    is_published: bool
    change_url: str
    history_url: str


@dataclass(frozen=True)
class PriceCell:
    """A cell of the matrix: the price in force, and the next one with its day."""

    key: Key
    amount: str
    upcoming: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether there is no price now."""
        return self.amount == NONE


@dataclass(frozen=True)
class PairRow:
    """A row of the matrix: a market and a currency. The first row of a market names it, over `span` rows."""

    market: str
    market_code: str
    currency: str
    span: int
    cells: list[PriceCell]


def make_plan_columns(offer: Offer, plans: Iterable[PricedPlan]) -> list[PlanColumns]:
    """Return the columns of plans that are sold for a term."""
    return [
        PlanColumns(
            code=priced.plan.code,
            name=get_plan_name(priced),
            labels=[format_combination(*pair) for pair in priced.combinations],
            keys=list(priced.combinations),
            is_published=priced.plan.published_in is not None,
            change_url=reverse("price_change", args=[offer.public_id, priced.plan.code]),
            history_url=reverse("price_history", args=[offer.public_id, priced.plan.code]),
        )
        for priced in plans
        if priced.combinations
    ]


def make_matrix(facts: PricingFacts, columns: Sequence[PlanColumns], market: str = "") -> list[PairRow]:
    """Return the rows of the matrix, for all markets or the one with this code."""
    pairs = [pair for pair in facts.markets if market in ("", pair[0])]
    rows = []
    for code, group in groupby(pairs, key=lambda pair: pair[0]):
        currencies = [currency for _code, currency in group]
        for at, currency in enumerate(currencies):
            keys = [(plan.code, code, currency, term, billing) for plan in columns for term, billing in plan.keys]
            name = facts.markets[code, currency].local_name
            span = 0 if at else len(currencies)
            rows.append(PairRow(name, code, currency, span, [_make_cell(facts, key) for key in keys]))
    return rows


def _make_cell(facts: PricingFacts, key: Key) -> PriceCell:
    held, coming = facts.find_in_force(key), facts.find_next(key)
    amount = format_amount(held.amount if held else None, key[2])
    return PriceCell(key, amount, _format_upcoming(coming) if coming else "")


def _format_upcoming(price: Price) -> str:
    values = {"amount": format_amount(price.amount, price.currency), "day": formats.format_date(price.valid_from)}
    return _("%(amount)s from %(day)s") % values


def _choose_state(price: Price, is_open: bool, is_in_force: bool) -> str:
    if price.withdrawn_at:
        return "withdrawn"
    return "upcoming" if is_open else "in_force" if is_in_force else "replaced"


@dataclass(frozen=True)
class PriceRow:
    """A price as a list shows it: what it is of, how much and from when, and who published or withdrew it."""

    plan: str
    market: str
    currency: str
    sold_for: str
    amount: str
    valid_from: dt.date
    state: str
    created_at: dt.datetime
    withdrawn_at: dt.datetime | None
    by: str
    withdraw_url: str


def make_price_rows(
    offer: Offer,
    prices: Iterable[Price],
    names: Mapping[str, str],
    events: Mapping[str, Event],
    in_force: Container[int] = (),
) -> Iterator[PriceRow]:
    """Return rows of prices.

    `names` are those of plans by code, `events` those by which prices were published, and `in_force` the primary keys
    of the prices that hold today.
    """
    for price in prices:
        event = events.get(str(price.public_id))
        is_open = price.withdrawn_at is None and price.valid_from > today()
        yield PriceRow(
            plan=names.get(price.plan.code, price.plan.code),
            market=price.market.local_name,
            currency=price.currency,
            sold_for=format_combination(price.term, price.billing),
            amount=format_amount(price.amount, price.currency),
            valid_from=price.valid_from,
            state=_choose_state(price, is_open, price.pk in in_force),
            created_at=price.created_at,
            withdrawn_at=price.withdrawn_at,
            by=event.actor_label if event else "",
            withdraw_url=reverse("price_withdraw", args=[offer.public_id, price.public_id]) if is_open else "",
        )


def format_reach(reach: Reach) -> str:
    """Return in words whom a price reaches and when, or "" for nobody."""
    if reach.first is None or reach.last is None:
        return ""
    values = {
        "subscriptions": ngettext("%(count)s subscription", "%(count)s subscriptions", reach.subscriptions)
        % {"count": formats.format_number(reach.subscriptions)},
        "licences": ngettext("%(count)s licence", "%(count)s licences", reach.licences)
        % {"count": formats.format_number(reach.licences)},
        "first": formats.format_date(reach.first),
        "last": formats.format_date(reach.last),
    }
    if reach.first == reach.last:
        return _("%(subscriptions)s with %(licences)s, due for renewal on %(first)s") % values
    return _("%(subscriptions)s with %(licences)s, due for renewal between %(first)s and %(last)s") % values
