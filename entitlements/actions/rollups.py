"""Statements that write what follows from the days of use: the months, and what lists say of a customer.

They are the rules of `entitlements.counting` in SQL, which tests hold them to. They run in the transaction that wrote
the days, under one lock.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from entitlements import counting
from entitlements.actions.totals import CONCURRENT, refresh_customer_usage, refresh_usage_of_changed_customers
from partnerportal.lib.locks import AdvisoryLock, acquire_lock

PATIENCE = "60s"  # how long the lock on use is waited for; another batch holds it for a second or two

MONTH_COLUMNS = "purchased, assigned, newly_assigned, last_day, days, monthly_active, daily_active_peak"
EPOCH = "2000-01-01"  # days are counted from it where they stand in an array of numbers


def _months_sql(days: str, monthly_active: str, daily_active_peak: str) -> str:
    # Of a month's numbers those of the last day count. The greatest array holds them, because each begins with its day.
    return f"""
    SELECT c.customer_id, c.sku_id, c.month, last[2] AS purchased, last[3] AS assigned, last[4] AS newly_assigned,
           last_day, days, {monthly_active} AS monthly_active, {daily_active_peak} AS daily_active_peak
    FROM (SELECT customer_id, sku_id, month, max(day) AS last_day, count(*) AS days,
                 max(ARRAY[day - '{EPOCH}', purchased, assigned, newly_assigned, least(monthly_users, monthly_devices)])
                     AS last,
                 max(least(daily_users, daily_devices)) AS peak, max(peak_concurrent) AS peak_concurrent
          FROM ({days}) d GROUP BY 1, 2, 3) c
    JOIN entitlements_sku s ON s.id = c.sku_id"""  # noqa: S608 - constants of this module


def build_select_usage_days_sql(months_sql: str) -> str:
    """Return a SELECT of all UsageDay rows of some months, each with its `month`.

    `months_sql` is a SELECT of the months, with the columns customer_id, sku_id and month.
    """
    return f"""
    SELECT d.*, k.month FROM ({months_sql}) k JOIN entitlements_usageday d ON d.customer_id = k.customer_id
        AND d.sku_id = k.sku_id AND d.day >= k.month AND d.day < k.month + interval '1 month'"""  # noqa: S608


def build_select_usage_months_sql(days_sql: str) -> str:
    """Return a SELECT that adds up days of use to one row for each customer, SKU and month.

    `days_sql` is a SELECT of UsageDay rows, each with its `month`. It must have all days of each month that it names.
    """
    peak = f"""(SELECT max(r.peak_concurrent) FROM entitlements_usageday r
               WHERE r.customer_id = c.customer_id AND r.sku_id = c.sku_id
                 AND r.day > c.last_day - {counting.ACTIVE_DAYS} AND r.day <= c.last_day)"""  # noqa: S608 - constants
    of_model = f"CASE s.licence_model WHEN '{CONCURRENT}' THEN"
    return _months_sql(days_sql, f"{of_model} {peak} ELSE last[5] END", f"{of_model} peak_concurrent ELSE peak END")


# A month to which only new days were added is carried on without reading its other days. That is the usual feed: one
# day of everybody. A month with a corrected day is counted anew, and so is a month of a concurrent licence, together
# with the month after it, whose thirty days may reach back into it.
_FRESH = f"""
    SELECT d.* FROM touched d JOIN entitlements_sku s ON s.id = d.sku_id
    WHERE s.licence_model <> '{CONCURRENT}' AND NOT EXISTS (
        SELECT FROM touched t WHERE NOT t.added
        AND (t.customer_id, t.sku_id, t.month) = (d.customer_id, d.sku_id, d.month))"""  # noqa: S608
_OF_LAST_DAY = ("purchased", "assigned", "newly_assigned", "monthly_active")
_CARRY_ON = f"""
    INSERT INTO entitlements_usagemonth AS m (customer_id, sku_id, month, {MONTH_COLUMNS}) {
    _months_sql(_FRESH, "last[5]", "peak")
}
    ON CONFLICT (customer_id, sku_id, month) DO UPDATE SET
        days = m.days + excluded.days, last_day = greatest(excluded.last_day, m.last_day),
        daily_active_peak = greatest(m.daily_active_peak, excluded.daily_active_peak),
        {
    ", ".join(
        f"{name} = CASE WHEN excluded.last_day > m.last_day THEN excluded.{name} ELSE m.{name} END"
        for name in _OF_LAST_DAY
    )
}"""
_OTHERS = f"""
    SELECT t.customer_id, t.sku_id, t.month FROM touched t JOIN entitlements_sku s ON s.id = t.sku_id
    GROUP BY 1, 2, 3, s.licence_model HAVING NOT bool_and(t.added) OR s.licence_model = '{CONCURRENT}'
    UNION
    SELECT t.customer_id, t.sku_id, (t.month + interval '1 month')::date FROM touched t
    JOIN entitlements_sku s ON s.id = t.sku_id WHERE s.licence_model = '{CONCURRENT}'"""  # noqa: S608


def build_update_usage_months_sql(days_sql: str) -> str:
    """Return a statement that computes UsageMonth rows from days of use, and writes the rows that have changed.

    `days_sql` is a SELECT of UsageDay rows, as `build_select_usage_months_sql` takes it.
    """
    return f"""
    INSERT INTO entitlements_usagemonth AS m (customer_id, sku_id, month, {MONTH_COLUMNS})
    {build_select_usage_months_sql(days_sql)}
    ON CONFLICT (customer_id, sku_id, month) DO UPDATE SET ({MONTH_COLUMNS}) = (
        excluded.purchased, excluded.assigned, excluded.newly_assigned, excluded.last_day, excluded.days,
        excluded.monthly_active, excluded.daily_active_peak)
    WHERE (m.purchased, m.assigned, m.newly_assigned, m.last_day, m.days, m.monthly_active, m.daily_active_peak)
        IS DISTINCT FROM (excluded.purchased, excluded.assigned, excluded.newly_assigned, excluded.last_day,
            excluded.days, excluded.monthly_active, excluded.daily_active_peak)"""


_ALL_OF_SKUS = "SELECT customer_id, sku_id, month FROM entitlements_usagemonth WHERE sku_id = ANY(%s)"


def lock_usage_tables() -> None:
    """Lock the usage tables against other writers until the transaction ends.

    It waits at most PATIENCE for present writers. Raises OperationalError after that.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
    acquire_lock(AdvisoryLock.USAGE)


def refresh_usage_totals_of_changed_days(cursor: Any) -> None:
    """Recompute the UsageMonth and CustomerUsage rows to which the days in the temporary table `touched` belong.

    Its columns are customer, SKU, day, month, the day's numbers, and whether the day was added or corrected.
    """
    cursor.execute(_CARRY_ON)
    cursor.execute(build_update_usage_months_sql(build_select_usage_days_sql(_OTHERS)))
    refresh_usage_of_changed_customers(cursor)


def recompute_usage_totals_of_skus(sku_ids: Sequence[int]) -> None:
    """Recompute all UsageMonth rows of some SKUs, given by primary key, and the CustomerUsage rows of their customers.

    This is for SKUs whose licence model has changed, so that their use is counted in another way.
    """
    lock_usage_tables()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE recounted ON COMMIT DROP AS " + _ALL_OF_SKUS, [list(sku_ids)])
        cursor.execute(build_update_usage_months_sql(build_select_usage_days_sql("SELECT * FROM recounted")))
        cursor.execute("SELECT DISTINCT customer_id FROM recounted ORDER BY 1")
        customers = [row[0] for row in cursor.fetchall()]
        cursor.execute("DROP TABLE recounted")
    refresh_customer_usage(customers)
