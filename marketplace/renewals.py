"""When a new price reaches subscriptions that run already, and how many of them (E-10).

A subscription keeps its price to the end of its term, with licences that are added meanwhile too. A lower price reaches
it at the next renewal, a higher one at the first renewal PORTAL_PRICE_NOTICE_DAYS or more after it was published.
"""

import datetime as dt
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import BigIntegerField, Count, Exists, F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import Organization
from marketplace.models import MarketCountry, Price, Subscription, SubscriptionTerm, Term
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today

MONTHS = {Term.MONTH: 1, Term.YEAR: 12, Term.TWO_YEARS: 24, Term.THREE_YEARS: 36}
RUNNING = (Subscription.State.SUBSCRIBED, Subscription.State.SUSPENDED)


@dataclass(frozen=True)
class Reach:
    """How many running subscriptions a price reaches, with how many licences, and on which days first and last."""

    subscriptions: int = 0
    licences: int = 0
    first: dt.date | None = None
    last: dt.date | None = None

    def __add__(self, other: "Reach") -> "Reach":
        days = [day for day in (self.first, self.last, other.first, other.last) if day]
        return Reach(
            self.subscriptions + other.subscriptions,
            self.licences + other.licences,
            min(days, default=None),
            max(days, default=None),
        )


def _find_renewal(price: Price, ends_on: dt.date, amount: Decimal) -> dt.date | None:
    if price.amount is None or price.amount == amount:
        return None
    earliest = price.valid_from
    if price.amount > amount:
        published = price.created_at.date() if price.pk else today()
        earliest = max(earliest, published + dt.timedelta(days=settings.PORTAL_PRICE_NOTICE_DAYS))
    months, renewal = MONTHS[Term(price.term)], ends_on + dt.timedelta(days=1)
    count = max(0, ((earliest.year - renewal.year) * 12 + earliest.month - renewal.month) // months)
    found = _add_months(renewal, count * months)
    return found if found >= earliest else _add_months(renewal, (count + 1) * months)


def _add_months(day: dt.date, months: int) -> dt.date:
    """Return the same day so many months later, or the last one of a month that is too short."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))


def find_reach(actor: Actor, prices: Iterable[Price]) -> list[Reach]:
    """Return the reach of each price, stored or not, among the subscriptions that the actor sees.

    A renewal for which a later price has begun is that one's.
    """
    prices = list(prices)
    plans = {price.plan_id for price in prices}
    groups = defaultdict(list)
    for row in _count_running(actor, plans):
        groups[_key(row)].append(row)
    starts = defaultdict(list)
    stored = Price.objects.visible_to(actor).filter(plan__in=plans, withdrawn_at=None)
    for price in [*stored.filter(valid_from__gt=min((one.valid_from for one in prices), default=today())), *prices]:
        starts[_key(_columns(price))].append(price.valid_from)
    return [
        sum((_reach_of(price, row, starts[key]) for row in groups[key]), Reach())
        for price, key in ((price, _key(_columns(price))) for price in prices)
    ]


def _columns(price: Price) -> dict[str, Any]:
    names = {"plan": price.plan_id, "market": price.market_id, "currency": price.currency}
    return names | {"term": price.term, "billing": price.billing}


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("plan", "market", "currency", "term", "billing"))


def _reach_of(price: Price, row: dict[str, Any], starts: Iterable[dt.date]) -> Reach:
    day = _find_renewal(price, row["ends_on"], row["amount"])
    if day is None or any(price.valid_from < start <= day for start in starts):
        return Reach()
    return Reach(row["subscriptions"], row["licences"], day, day)


def _count_running(actor: Actor, plans: set[int]) -> Iterable[dict[str, Any]]:
    """Return how many running subscriptions of some plans end their term on the same day, at the same price.

    The market is that of the price by which a term was sold, or else that of the buyer's country.
    """
    later = SubscriptionTerm.objects.filter(subscription=OuterRef("subscription"), starts_on__gt=OuterRef("starts_on"))
    country = Organization.objects.filter(pk=OuterRef(OuterRef("subscription__buyer_id"))).values("country")
    of_buyer = MarketCountry.objects.filter(country__in=country).values("market")[:1]
    terms = SubscriptionTerm.objects.visible_to(actor).filter(
        ~Exists(later),
        subscription__plan__in=plans,
        subscription__is_renewed=True,
        subscription__state__in=RUNNING,
    )
    rows = terms.annotate(
        plan=F("subscription__plan"),
        market=Coalesce("price__market_id", Subquery(of_buyer), output_field=BigIntegerField()),
        term=F("subscription__term"),
        billing=F("subscription__billing"),
    ).values("plan", "market", "currency", "term", "billing", "ends_on", "amount")
    groups = rows.annotate(subscriptions=Count("pk"), licences=Sum("subscription__quantity")).order_by()
    return [dict(group) for group in groups]
