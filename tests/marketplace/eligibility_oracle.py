"""An oracle of who may sell what to whom, written from the requirements in plain Python, without looking at the SQL.

CA-6: a plan of a virtual machine that takes one's own licence, and every plan of a container, is open to the whole
programme, unless the publisher has turned that off. CA-9: any partner of the programme. CA-10: chosen ones, each by its
own row or through its distributor. CA-19: nobody. E-10: a partner sells in the market of its own country, at prices in
the currency of that country. A price holds from its day until the next of the same kind begins; one without an amount
ends the sale. A plan that is sold once to each customer is not sold to one that has it, as far as who asks sees that
sale: another partner of the same customer learns nothing. E-8: what a distributor's row covers is covered as long as
the row stands, whether or not the distributor itself may sell now. A stop of a term ends the sale of a plan once all
terms are stopped for which it could be bought: those with a price or, without need of one, all of its own.
"""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass
class ModelPrice:
    """A price: where, for which term, from which day, for how much, and whether it was withdrawn before."""

    market: str
    currency: str
    term: str
    billing: str
    valid_from: dt.date
    amount: Decimal | None
    is_withdrawn: bool = False


@dataclass
class ModelPlan:
    """A plan with its prices, and the stops of its own: everywhere, and in single markets."""

    is_live: bool = True
    is_byol: bool = False
    is_open: bool = True
    is_one_per_customer: bool = False
    prices: list[ModelPrice] = field(default_factory=list)
    is_stopped: bool = False
    stopped_in: set[str] = field(default_factory=set)
    terms: set[str] = field(default_factory=set)
    stopped_terms: set[tuple[str, str]] = field(default_factory=set)  # each with its market, or "" for all
    holders: dict[str, str] = field(default_factory=dict)  # customers that have it now, and who sold it to each


@dataclass
class ModelOffer:
    """An offer: its type, whether it is published, its audience in force and who is in it."""

    type: str
    is_published: bool
    audience: str
    plans: list[ModelPlan]
    members: set[str] = field(default_factory=set)
    is_stopped: bool = False


@dataclass
class ModelSeller:
    """Who is to sell: its name, that of the distributor above it or "", its country, and whether it takes part."""

    name: str
    distributor: str
    country: str
    is_member: bool
    is_suspended: bool = False
    is_distributor_barred: bool = False  # suspended and without a membership, which is no rule


@dataclass
class ModelBuyer:
    """Who is to buy: a country, and for a customer its name and with whom it is connected."""

    country: str = ""
    name: str = ""
    connected: set[str] = field(default_factory=set)


def find_failed_rules(
    offer: ModelOffer, plan: ModelPlan, seller: ModelSeller, buyer: ModelBuyer, places: dict[str, tuple[str, str]],
    day: dt.date, sees: set[str] | None = None,
) -> list[str]:  # fmt: skip
    """Return the codes of all rules that say no. `places` are market and currency of each country.

    `sees` are the sellers whose sales the one who asks sees, None for all.
    """
    market, currency = places.get(seller.country, ("", ""))
    failed = []
    if not offer.is_published:
        failed.append("offer_not_published")
    if not plan.is_live:
        failed.append("plan_not_live")
    if offer.is_stopped:
        failed.append("offer_stopped")
    if plan.is_stopped:
        failed.append("plan_stopped")
    if market in plan.stopped_in:
        failed.append("plan_stopped_in_market")
    if market and is_stopped_for_all_terms(offer, plan, market, currency, day):
        failed.append("terms_stopped")
    if not is_open_to_all(offer, plan):
        if offer.audience == "none":
            failed.append("opted_out")
        elif offer.audience == "specific" and not offer.members & {seller.name, seller.distributor}:
            failed.append("not_in_audience")
    if not plan.is_byol and not has_price(plan, market, currency, day):
        failed.append("no_price")
    if seller.is_suspended:
        failed.append("partner_suspended")
    if not seller.is_member:
        failed.append("no_membership")
    if not market:
        failed.append("no_market")
    if buyer.country and (not market or places.get(buyer.country, ("",))[0] != market):
        failed.append("outside_market")
    if buyer.name and seller.name not in buyer.connected:
        failed.append("not_connected")
    sold_by = plan.holders.get(buyer.name)
    if sold_by and plan.is_one_per_customer and (sees is None or sold_by in sees):
        failed.append("already_held")
    return failed


def is_open_to_all(offer: ModelOffer, plan: ModelPlan) -> bool:
    """Return whether CA-6 opens the plan to the whole programme."""
    if not plan.is_open:
        return False
    return offer.type == "container" or (offer.type == "virtual_machine" and plan.is_byol)


def is_stopped_for_all_terms(offer: ModelOffer, plan: ModelPlan, market: str, currency: str, day: dt.date) -> bool:
    """Return whether the plan could be bought for some term, and the sale of each such term is stopped."""
    own = plan.terms if offer.is_published else set()
    terms = own if plan.is_byol else find_priced_terms(plan, market, currency, day)
    return bool(terms) and all({(term, ""), (term, market)} & plan.stopped_terms for term in terms)


def has_price(plan: ModelPlan, market: str, currency: str, day: dt.date) -> bool:
    """Return whether an amount holds on the day, for any term and billing frequency."""
    return bool(find_priced_terms(plan, market, currency, day))


def find_priced_terms(plan: ModelPlan, market: str, currency: str, day: dt.date) -> set[str]:
    """Return the terms for which an amount holds on the day."""
    latest: dict[tuple[str, str], ModelPrice] = {}
    for price in plan.prices:
        if price.is_withdrawn or price.valid_from > day or (price.market, price.currency) != (market, currency):
            continue
        key = (price.term, price.billing)
        if key not in latest or latest[key].valid_from < price.valid_from:
            latest[key] = price
    return {price.term for price in latest.values() if price.amount is not None}
