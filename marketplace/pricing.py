"""The rules of prices: which changes are possible, which need a confirmation, and what each of them replaces (E-10).

The page that previews a change, the API and imports all ask `check_changes`, and so does the action that stores them.
"""

import datetime as dt
from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from marketplace.content import Problem
from marketplace.models import Market, Plan, Price
from partnerportal.lib.days import today
from partnerportal.lib.errors import InvalidInput, Message
from partnerportal.lib.money import parse_amount

LARGEST = Decimal(9_999_999_999)
FURTHEST = dt.timedelta(days=5 * 366)  # ahead of today, from which a price can begin
CONFLICTS = frozenset({"price_changed", "already_priced"})  # problems that a colleague's change has caused

NO_SUCH_PLAN = _("This offer has no plan with this code.")
NO_SUCH_PAIR = _("No market with this code uses this currency.")
NO_SUCH_TERM = _("The plan is not sold for this term with this billing frequency.")
IN_THE_PAST = _("A price can’t start before today (UTC).")
TOO_FAR = _("A price can begin at most five years from now.")
TOO_LARGE = _("Enter an amount below 10,000,000,000.")
NOTHING_TO_END = _(
    "The plan has no price for this market, currency, term and billing frequency on this day. Enter an amount."
)
TWICE = _("This price has two changes for the same day. Keep only one of them.")
ALREADY_PRICED = _("Another price already starts on this day. Withdraw it first, or choose another day.")
PRICE_CHANGED = _("The price has changed since you looked, so your change would now replace a different amount.")
CONFIRM = _("This changes the price by more than half, or to 0. Enter the code of the plan to confirm it.")

Key = tuple[str, str, str, str, str]  # the codes of plan, market and currency, then term and billing frequency
Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class PriceChange:
    """A change of one price as somebody asks for it. Amounts are text, as typed; None is "no longer offered".

    `replaces` is the amount that the asker saw and wants to replace. `confirmed_code` is the plan's code, typed to
    confirm a change by more than half or to 0.
    """

    plan: str
    market: str
    currency: str
    term: str
    billing: str
    amount: str | None
    valid_from: dt.date
    replaces: str | None = None
    confirmed_code: str = ""

    @property
    def key(self) -> Key:
        """What is priced: everything but the day and the amount."""
        return self.plan, self.market, self.currency, self.term, self.billing


@dataclass(frozen=True)
class CheckedChange:
    """A possible change, with what it replaces: `price` is not stored yet, unless `is_new` is False."""

    change: PriceChange
    price: Price
    replaced: Decimal | None
    is_new: bool = True
    overwritten: Price | None = None  # the price of the same day of a plan that was never published

    @property
    def needs_code(self) -> bool:
        """Whether the plan's code must confirm the change."""
        return self.is_new and self.price.plan.published_in is not None and is_big(self.replaced, self.price.amount)


@dataclass
class PricingFacts:
    """What the rules rest on: an offer's plans, what each is sold for, the markets, and the prices that stand."""

    plans: Mapping[str, Plan]
    combinations: Mapping[str, Sequence[Pair]]  # terms and billing frequencies, by the plan's code
    markets: Mapping[Pair, Market]  # by the codes of market and currency
    prices: dict[Key, list[Price]] = field(default_factory=dict)  # in the order of their days, without withdrawn ones

    def find_replaced(self, key: Key, day: dt.date) -> Price | None:
        """Return the price that held before this day, or would hold on it."""
        rows = self.prices.get(key, [])
        at = bisect_left(rows, day, key=_day)
        return rows[at - 1] if at else None

    def find_in_force(self, key: Key) -> Price | None:
        """Return the price that holds today (UTC)."""
        return self.find_replaced(key, today() + dt.timedelta(days=1))

    def find_next(self, key: Key) -> Price | None:
        """Return the first price that begins after today (UTC)."""
        return next((row for row in self.prices.get(key, ()) if row.valid_from > today()), None)

    def find_same_day(self, key: Key, day: dt.date) -> Price | None:
        """Return the price that begins on this day."""
        rows = self.prices.get(key, [])
        at = bisect_left(rows, day, key=_day)
        return rows[at] if at < len(rows) and rows[at].valid_from == day else None


def _day(price: Price) -> dt.date:
    return price.valid_from


def is_big(old: Decimal | None, new: Decimal | None) -> bool:
    """Return whether a change of a price is so big that it must be confirmed: by more than half, or to 0."""
    if new is None:
        return False
    if old is None:
        return new == 0
    return new != old and (new == 0 or abs(new - old) * 2 > old)


def check_changes(
    facts: PricingFacts, changes: Sequence[PriceChange], *, is_preview: bool = False
) -> tuple[list[CheckedChange], list[Problem]]:
    """Return the possible changes in the order of their days, and every problem with its place ("/changes/0/amount").

    A preview asks neither for what is replaced nor for a confirmation, because it shows both. `facts` afterwards have
    the new prices too, so that a later change of the same price replaces the earlier.
    """
    checked: list[CheckedChange] = []
    problems: list[Problem] = []
    seen: set[tuple[Key, dt.date]] = set()
    for at, change in sorted(enumerate(changes), key=lambda item: item[1].valid_from):
        found = [] if _stands_already(facts, change) else list(_problems_of(facts, change))
        if (change.key, change.valid_from) in seen:
            found.append(("", "price_twice", TWICE))
        seen.add((change.key, change.valid_from))
        if not found:
            one = _resolve(facts, change)
            found = list(_conflicts_of(one, is_preview))
            if not found:
                _keep(facts, one)
                checked.append(one)
        places = (f"/changes/{at}/{name}".rstrip("/") for name, _code, _text in found)
        problems += [Problem(place, code, text) for place, (_name, code, text) in zip(places, found, strict=True)]
    return checked, sorted(problems, key=_place)


def _stands_already(facts: PricingFacts, change: PriceChange) -> bool:
    """Return whether exactly this was published before, maybe on a day that has passed by now."""
    row = facts.find_same_day(change.key, change.valid_from)
    if row is None or row.amount is None:
        return row is not None and change.amount is None
    return change.amount in (row.plain_amount, f"{row.amount.normalize():f}")


def _keep(facts: PricingFacts, checked: CheckedChange) -> None:
    """Add a new price to the facts, so that later changes find it."""
    if checked.is_new:
        rows = facts.prices.setdefault(checked.change.key, [])
        if checked.overwritten is not None:
            rows.remove(checked.overwritten)
        insort(rows, checked.price, key=_day)


def _place(problem: Problem) -> int:
    return int(problem.pointer.split("/")[2])


def _problems_of(facts: PricingFacts, change: PriceChange) -> Iterator[tuple[str, str, Message]]:
    if change.plan not in facts.plans:
        yield "plan", "unknown_plan", NO_SUCH_PLAN
    elif (change.term, change.billing) not in facts.combinations.get(change.plan, ()):
        yield "term", "unknown_term", NO_SUCH_TERM
    is_pair = (change.market, change.currency) in facts.markets
    if not is_pair:
        yield "currency", "currency_of_no_market", NO_SUCH_PAIR
    if change.valid_from < today():
        yield "valid_from", "in_the_past", IN_THE_PAST
    elif change.valid_from > today() + FURTHEST:
        yield "valid_from", "too_far", TOO_FAR
    if is_pair:  # else nobody can tell how many decimals there are
        yield from _problems_of_amounts(change)


def _problems_of_amounts(change: PriceChange) -> Iterator[tuple[str, str, Message]]:
    for name, text in (("amount", change.amount), ("replaces", change.replaces)):
        try:
            if text is not None and parse_amount(text, change.currency).amount > LARGEST:
                yield name, "amount_too_large", TOO_LARGE
        except InvalidInput as error:
            yield name, error.code, error.message


def _resolve(facts: PricingFacts, change: PriceChange) -> CheckedChange:
    """Return the change with its price, and with what it replaces as the facts are now."""
    plan, amount = facts.plans[change.plan], _read(change.amount)
    before, same_day = (find(change.key, change.valid_from) for find in (facts.find_replaced, facts.find_same_day))
    if same_day is not None and (same_day.amount == amount or plan.published_in is not None):
        return CheckedChange(change, same_day, before.amount if before else None, is_new=False)
    seen = same_day or before
    replaced = seen.amount if seen else None
    if seen is not None and replaced == amount:
        return CheckedChange(change, seen, replaced, is_new=False)
    price = Price(
        plan=plan,
        market=facts.markets[change.market, change.currency],
        currency=change.currency,
        term=change.term,
        billing=change.billing,
        valid_from=change.valid_from,
        amount=amount,
    )
    return CheckedChange(change, price, replaced, overwritten=same_day)


def _conflicts_of(checked: CheckedChange, is_preview: bool) -> Iterator[tuple[str, str, Message]]:
    change, price, amount = checked.change, checked.price, _read(checked.change.amount)
    if not checked.is_new and price.valid_from == change.valid_from:
        if price.amount != amount:
            yield "valid_from", "already_priced", ALREADY_PRICED
        return
    if checked.is_new and amount is None and checked.replaced is None:
        yield "amount", "nothing_to_end", NOTHING_TO_END
    if is_preview:
        return
    if _read(change.replaces) != checked.replaced:
        yield "replaces", "price_changed", PRICE_CHANGED
    elif checked.needs_code and change.confirmed_code != change.plan:
        yield "confirmed_code", "confirmation_needed", CONFIRM


def _read(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
