"""The count of what all customers of a viewer used together, month by month: each night, and when others share."""

from typing import Any

from django.db import connection, transaction

from entitlements.queries.usage import MONTH_LASTS, PORTFOLIO_RANGE, list_usage_trend_months
from partnerportal.lib.days import today
from partnerportal.lib.scopes import Scope

# Viewers with customers that share their usage, whose months are void, missing, or count another number of customers;
# and those that have months and no such customer any more.
_SHARING = """
    SELECT viewer_id, sum(amount) AS sharing FROM entitlements_portfoliofigure
    WHERE facet = 'total' AND value = 'share_usage' GROUP BY 1 HAVING sum(amount) > 0"""
_DUE = f"""
    SELECT viewer_id FROM ({_SHARING}) f FULL JOIN (
        SELECT viewer_id, max(sharing) AS counted, bool_or(month IS NULL) AS is_void
        FROM entitlements_portfoliomonth GROUP BY 1) m USING (viewer_id)
    WHERE is_void OR sharing IS DISTINCT FROM counted ORDER BY 1"""  # noqa: S608 - constants of this module
_ALL = f"SELECT viewer_id FROM ({_SHARING}) f UNION SELECT viewer_id FROM entitlements_portfoliomonth ORDER BY 1"  # noqa: S608

# What is void is deleted before it is counted: who stops to share after that leaves a row that stays.
_CLEAR = "DELETE FROM entitlements_portfoliomonth WHERE viewer_id = %(viewer)s"
# In the last month a SKU that has not reported yet counts as in the month before, so that its first days show no dip.
_COUNT = f"""
    WITH customers AS MATERIALIZED (
        SELECT customer_id FROM entitlements_customerlisting
        WHERE viewer_id = %(viewer)s AND scopes & {Scope.USAGE:d} > 0),
    used AS (
        SELECT customer_id, month, purchased, assigned, newly_assigned, monthly_active
        FROM entitlements_usagemonth JOIN customers USING (customer_id)
        WHERE month BETWEEN %(first)s AND %(last)s
        UNION ALL
        SELECT customer_id, %(last)s, purchased, assigned, 0, monthly_active
        FROM entitlements_usagemonth m JOIN customers USING (customer_id)
        WHERE month = (%(last)s - interval '1 month')::date AND last_day > %(today)s - {MONTH_LASTS.days}
          AND NOT EXISTS (SELECT FROM entitlements_usagemonth n WHERE n.month = %(last)s
                          AND (n.customer_id, n.sku_id) = (m.customer_id, m.sku_id)))
    INSERT INTO entitlements_portfoliomonth
        (viewer_id, month, sharing, customers, purchased, assigned, newly_assigned, monthly_active)
    SELECT %(viewer)s, each.month, (SELECT count(*) FROM customers), count(DISTINCT customer_id),
           coalesce(sum(purchased), 0), coalesce(sum(assigned), 0), coalesce(sum(newly_assigned), 0),
           coalesce(sum(monthly_active), 0)
    FROM unnest(%(months)s) AS each(month) LEFT JOIN used USING (month)
    WHERE EXISTS (SELECT FROM customers) GROUP BY each.month
    ON CONFLICT (viewer_id, month) DO UPDATE SET sharing = excluded.sharing, customers = excluded.customers,
        purchased = excluded.purchased, assigned = excluded.assigned, newly_assigned = excluded.newly_assigned,
        monthly_active = excluded.monthly_active"""  # noqa: S608 - constants of this module


def count_due_portfolio_months() -> int:
    """Count the months of viewers of whose customers others share their usage than were counted; return how many."""
    return _count_months(_DUE)


def count_all_portfolio_months() -> int:
    """Count the months of every viewer with customers that share their usage, and return how many viewers there are."""
    return _count_months(_ALL)


def _count_months(viewers_sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(viewers_sql)
        viewers = [row[0] for row in cursor.fetchall()]
    for viewer in viewers:
        _count_months_of_viewer(viewer)
    return len(viewers)


@transaction.atomic
def _count_months_of_viewer(viewer_id: int) -> None:
    months = list_usage_trend_months(today(), PORTFOLIO_RANGE)
    values: dict[str, Any] = {
        "viewer": viewer_id,
        "months": months,
        "first": months[0],
        "last": months[-1],
        "today": today(),
    }
    with connection.cursor() as cursor:
        for statement in (_CLEAR, _COUNT):
            cursor.execute(statement, values)
