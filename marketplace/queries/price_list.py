"""The price list of a partner's market: every price with the days for which it holds, and whether it can be sold."""

import datetime as dt

from django.db.models import OuterRef, Q, Subquery

from marketplace.models import Plan, Price
from marketplace.models.price import PriceQuerySet
from marketplace.queries.eligibility import ProspectiveSale, make_failed_rules_expression, make_plan_conditions
from partnerportal.lib.actors import Actor

DAY = dt.timedelta(days=1)


def list_price_list(actor: Actor, sale: ProspectiveSale, *, changed_since: dt.datetime | None = None) -> PriceQuerySet:
    """Return the prices of live plans for the partner's market and currency, with `next_from` and `failed_rules`.

    `next_from` is the day from which another price takes over, or None. They are the prices that hold today (UTC) and
    those that begin later. With `changed_since` they are instead those that were added, withdrawn or limited by a later
    one since then, with those that say that a plan is no longer offered (without an amount).
    """
    prices = Price.objects.visible_to(actor).filter(
        market=sale.market_id, currency=sale.currency, plan__is_live=True, plan__offer__live_version__isnull=False
    )
    later = prices.filter(
        plan=OuterRef("plan"),
        term=OuterRef("term"),
        billing=OuterRef("billing"),
        valid_from__gt=OuterRef("valid_from"),
        withdrawn_at=None,
    ).order_by("valid_from")
    rows = prices.annotate(next_from=Subquery(later.values("valid_from")[:1]))
    if changed_since is None:
        rows = rows.filter(withdrawn_at=None, amount__isnull=False)
        rows = rows.filter(Q(next_from=None) | Q(next_from__gt=sale.day))
    else:
        was_limited = later.filter(Q(created_at__gte=changed_since))
        rows = rows.annotate(limited_at=Subquery(was_limited.values("created_at")[:1]))
        rows = rows.filter(
            Q(created_at__gte=changed_since) | Q(withdrawn_at__gte=changed_since) | Q(limited_at__isnull=False)
        )
    rows = rows.select_related("plan__offer__publisher", "market")
    plans = Plan.objects.visible_to(actor)
    failing = {
        rule: Q(plan__in=plans.filter(fails).values("pk")) for rule, fails in make_plan_conditions(actor, sale).items()
    }
    return rows.annotate(failed_rules=make_failed_rules_expression(sale, failing))


def calculate_last_day(price: Price) -> dt.date | None:
    """Return the last day for which a price of the price list holds, or None while none follows."""
    follows: dt.date | None = price.next_from  # type: ignore[attr-defined]
    return follows - DAY if follows else None
