"""The price list of a partner's market: every price with the days for which it holds, and whether it can be sold."""

import datetime as dt

from django.db.models import F, OuterRef, Q, Subquery

from marketplace.models import Plan, Price
from marketplace.models.price import PriceQuerySet
from marketplace.queries.eligibility import (
    ProspectiveSale,
    SaleRule,
    make_failed_rules_expression,
    make_plan_conditions,
    make_stopped_term_condition,
)
from partnerportal.lib.actors import Actor

DAY = dt.timedelta(days=1)


def list_price_list(actor: Actor, sale: ProspectiveSale, *, changed_since: dt.datetime | None = None) -> PriceQuerySet:
    """Return the prices of live plans for the partner's market and currency, with `next_from` and `failed_rules`.

    `next_from` is the day from which another price takes over, or None. They are the prices that hold today (UTC) and
    those that begin later. With `changed_since` they are instead those that were added or withdrawn since then, or
    whose last day is another, with those that say that a plan is no longer offered (without an amount). All prices of a
    plan that was first published since then are among them: nobody could read them before.
    """
    prices = Price.objects.visible_to(actor).filter(
        market=sale.market_id, currency=sale.currency, plan__is_live=True, plan__offer__live_version__isnull=False
    )
    same = {name: OuterRef(name) for name in ("plan", "term", "billing")}
    later = prices.filter(**same, valid_from__gt=OuterRef("valid_from")).order_by("valid_from").values("valid_from")
    rows = prices.annotate(next_from=Subquery(later.filter(withdrawn_at=None)[:1]))
    if changed_since is None:
        rows = rows.filter(withdrawn_at=None, amount__isnull=False)
        rows = rows.filter(Q(next_from=None) | Q(next_from__gt=sale.day))
    else:
        was_there = Q(withdrawn_at=None) | Q(withdrawn_at__gte=changed_since)
        before = later.filter(was_there, created_at__lt=changed_since)
        rows = rows.annotate(next_before=Subquery(before[:1]))
        is_another = Q(next_from__lt=F("next_before")) | Q(next_from__gt=F("next_before"))
        is_another |= Q(next_from=None, next_before__isnull=False) | Q(next_from__isnull=False, next_before=None)
        is_new = Q(created_at__gte=changed_since) | Q(plan__published_at__gte=changed_since, withdrawn_at=None)
        rows = rows.filter(is_new | Q(withdrawn_at__gte=changed_since) | is_another)
    rows = rows.select_related("plan__offer__publisher", "market")
    plans = Plan.objects.visible_to(actor)
    failing = {
        rule: Q(plan__in=plans.filter(fails).values("pk")) for rule, fails in make_plan_conditions(actor, sale).items()
    }
    if SaleRule.TERMS_STOPPED in failing:  # of a price it is its own term that decides
        failing[SaleRule.TERMS_STOPPED] = Q(make_stopped_term_condition(actor, sale))
    return rows.annotate(failed_rules=make_failed_rules_expression(sale, failing))


def calculate_last_day(price: Price) -> dt.date | None:
    """Return the last day for which a price of the price list holds, or None while none follows."""
    follows: dt.date | None = price.next_from  # type: ignore[attr-defined]
    return follows - DAY if follows else None
