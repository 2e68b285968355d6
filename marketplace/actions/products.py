"""The count of publishers' products: sums over their customers by month and country, none over fewer than five.

What a publisher owns itself is not counted: whoever knows one of five sums knows the sum of the other four.
"""

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from entitlements.models import CustomerUsage, SkuPublisher, get_first_day_of_month
from marketplace.models import Offer, Product, ProductFigure
from marketplace.queries.products import list_months
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.policies import authorize_system
from partnerportal.lib.small_sums import CountedSum, join_small_sums

NIGHTLY = 2  # the present month, and the one before, of which the feed may still bring the last days
CURRENT = dt.timedelta(days=7)  # without a report for so long a customer's use counts as over
BATCH = 2000  # rows that are inserted in one statement

# The use of the present month begins with that of the month before, for customers whose first report of the month is
# still to come: otherwise all products would shrink on its first days.
_USE = """
    SELECT DISTINCT ON (u.customer_id, p.id) p.id AS product_id, u.customer_id, u.purchased, u.monthly_active
    FROM product p JOIN entitlements_usagemonth u ON u.sku_id = p.sku_id
    WHERE u.customer_id <> p.publisher_id
      AND (u.month = %(month)s OR u.month = %(before)s AND u.last_day > %(current)s)
    ORDER BY u.customer_id, p.id, u.month DESC"""
# An end that was announced counts in its month also once the entitlement was renewed, and so has a later one.
_OF_SKUS = f"""
    WITH product AS (SELECT * FROM marketplace_product WHERE id = ANY(%(products)s) AND sku_id IS NOT NULL),
    usage AS ({_USE}),
    owned AS (SELECT p.id AS product_id, e.* FROM product p JOIN entitlements_entitlement e ON e.sku_id = p.sku_id
              WHERE e.customer_id <> p.publisher_id)
    SELECT product_id, 'seats' AS measure, customer_id, sum(purchased) AS amount FROM usage GROUP BY 1, 3
    UNION ALL
    SELECT product_id, 'active_users', customer_id, sum(monthly_active) FROM usage GROUP BY 1, 3
    UNION ALL
    SELECT product_id, 'trials', customer_id, count(*) FROM owned
    WHERE kind = 'trial' AND state IN ('active', 'expired') AND starts_on < %(after)s
      AND (ends_on IS NULL OR ends_on >= %(month)s) GROUP BY 1, 3
    UNION ALL
    SELECT product_id, 'renewals', customer_id, count(*) FROM owned o
    WHERE kind = 'production' AND (
        state IN ('active', 'expired') AND ends_on >= %(month)s AND ends_on < %(after)s
        OR EXISTS (SELECT FROM entitlements_renewalalert a
                   WHERE a.entitlement_id = o.id AND a.ends_on >= %(month)s AND a.ends_on < %(after)s))
    GROUP BY 1, 3"""  # noqa: S608 - constants of this module
_OF_OFFERS = """
    WITH sold AS (SELECT p.id AS product_id, s.* FROM marketplace_product p
                  JOIN marketplace_subscription s ON s.offer_id = p.offer_id
                  WHERE p.id = ANY(%(products)s) AND s.customer_id <> p.publisher_id)
    SELECT product_id, 'seats' AS measure, customer_id, sum(quantity) AS amount FROM sold
    WHERE activated_at < %(end)s AND (ended_at IS NULL OR ended_at >= %(end)s) GROUP BY 1, 3
    UNION ALL
    SELECT product_id, 'renewals', customer_id, count(*) FROM sold s
    JOIN marketplace_subscriptionterm t ON t.subscription_id = s.id
    WHERE t.ends_on >= %(month)s AND t.ends_on < %(after)s
      AND (s.ended_at IS NULL OR (s.ended_at AT TIME ZONE 'UTC')::date >= t.ends_on) GROUP BY 1, 3"""
_BY_COUNTRY = """
    SELECT c.product_id, c.measure, o.country, sum(c.amount)::bigint, count(*) FROM ({of_customers}) c
    JOIN accounts_organization o ON o.id = c.customer_id WHERE c.amount > 0 GROUP BY 1, 2, 3"""


def count_products(*, actor: Actor, months: int = NIGHTLY) -> int:
    """Count the products of all publishers in the last `months` months (UTC), and return how many sums are shown.

    Of a product that was never counted all MONTHS months are. Each month is a transaction of its own and replaces what
    was counted of it before, so that after an interruption the next count goes on.
    """
    authorize_system(actor)
    _store_products()
    products = dict(Product.objects.values_list("pk", "counted_at"))
    new = [key for key, counted_at in products.items() if counted_at is None]
    reported = CustomerUsage.objects.aggregate(day=Max("as_of"))["day"]
    shown = sum(
        _count_month(month, products if age < months else new) for age, month in enumerate(list_months(today()))
    )
    Product.objects.filter(pk__in=products).update(counted_at=timezone.now(), reported_on=reported)
    return shown


@transaction.atomic
def _store_products() -> None:
    """Store a product for each SKU that has a publisher, and for each published offer, as they are called now."""
    acquire_lock(AdvisoryLock.PRODUCT_FIGURES)
    skus = SkuPublisher.objects.select_related("sku").select_for_update(of=("self",), no_key=True)
    of_skus = [Product.of_sku(row.sku, row.publisher_id) for row in skus]
    of_offers = [Product.of_offer(offer) for offer in Offer.objects.published()]
    for rows, key in ((of_skus, "sku"), (of_offers, "offer")):
        Product.objects.bulk_create(
            rows,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=[key],
            update_fields=["code", "name", "names", "name_folded"],
        )


@transaction.atomic
def _count_month(month: dt.date, products: Collection[int]) -> int:
    """Count a month of products, given by primary key, and return how many sums are shown.

    A product is locked before it is counted: one that goes to another publisher meanwhile is gone, or waits.
    """
    if not products:
        return 0
    acquire_lock(AdvisoryLock.PRODUCT_FIGURES)
    locked = Product.objects.filter(pk__in=products).order_by("pk").select_for_update(no_key=True)
    publishers = dict(locked.values_list("pk", "publisher_id"))
    figures = [
        ProductFigure(
            product_id=product,
            publisher_id=publishers[product],
            month=month,
            measure=measure,
            country=country,
            amount=one.amount,
        )
        for product, measure, country, one in _list_shown_sums(month, list(publishers))
    ]
    ProductFigure.objects.filter(product__in=list(publishers), month=month).delete()
    ProductFigure.objects.bulk_create(figures, batch_size=BATCH)
    return len(figures)


def _list_shown_sums(month: dt.date, products: list[int]) -> Iterable[tuple[int, str, str, CountedSum]]:
    """Yield product, measure, country and sum of what is shown of a month."""
    sums: dict[tuple[int, str], dict[str, CountedSum]] = {}
    values = _make_values(month, products)
    with connection.cursor() as cursor:
        for of_customers in (_OF_SKUS, _OF_OFFERS):
            cursor.execute(_BY_COUNTRY.format(of_customers=of_customers), values)
            for product, measure, country, amount, customers in cursor.fetchall():
                sums.setdefault((product, measure), {})[country] = CountedSum(amount, customers)
    for (product, measure), by_country in sorted(sums.items()):
        for country, one in sorted(join_small_sums(by_country).items()):
            yield product, measure, country, one


def _make_values(month: dt.date, products: list[int]) -> dict[str, Any]:
    """Return the values of the statements: the month, its neighbours, and what in the present one counts as current."""
    after = get_first_day_of_month(month + dt.timedelta(days=31))
    is_present = month <= today() < after
    return {
        "products": products,
        "month": month,
        "before": get_first_day_of_month(month - dt.timedelta(days=1)),
        "after": after,
        "end": dt.datetime.combine(after, dt.time(), dt.UTC),
        "current": today() - CURRENT if is_present else dt.date.max,
    }
