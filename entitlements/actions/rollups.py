"""What follows from the days of use: the months, and what lists say of a customer. SQL of the rules in
`entitlements.counting`, which tests hold it to.

All of it runs in the transaction that wrote the days, under one lock.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from entitlements.models import Sku
from entitlements.models.usage import WEEKS_SHOWN

ONE_AT_A_TIME = 4208  # advisory lock: a rollup is counted from days that stay as they are until it is written
PATIENCE = "60s"  # for that lock: another batch takes a second or two

CONCURRENT = Sku.LicenceModel.CONCURRENT.value
MONTH_COLUMNS = "purchased, assigned, newly_assigned, last_day, days, monthly_active, daily_active_peak"
EPOCH = "2000-01-01"  # days are counted from it where they stand in an array of numbers


# Of a month's numbers the last day's count: the greatest array is the one that begins with it.
def months_sql(days: str) -> str:
    """The months of `days`: rows of the table of days, each with its `month`. A whole month's days, or it is a part of
    a month that is counted."""
    return f"""
    SELECT c.customer_id, c.sku_id, c.month, last[2] AS purchased, last[3] AS assigned, last[4] AS newly_assigned,
           last_day, days,
           CASE s.licence_model WHEN '{CONCURRENT}' THEN (
               SELECT max(r.peak_concurrent) FROM entitlements_usageday r
               WHERE r.customer_id = c.customer_id AND r.sku_id = c.sku_id
                 AND r.day > c.last_day - 30 AND r.day <= c.last_day)
           ELSE last[5] END AS monthly_active,
           CASE s.licence_model WHEN '{CONCURRENT}' THEN peak_concurrent ELSE peak END AS daily_active_peak
    FROM (SELECT customer_id, sku_id, month, max(day) AS last_day, count(*) AS days,
                 max(ARRAY[day - '{EPOCH}', purchased, assigned, newly_assigned, least(monthly_users, monthly_devices)])
                     AS last,
                 max(least(daily_users, daily_devices)) AS peak, max(peak_concurrent) AS peak_concurrent
          FROM ({days}) d GROUP BY 1, 2, 3) c
    JOIN entitlements_sku s ON s.id = c.sku_id"""  # noqa: S608 - constants of this module


def days_of(keys: str) -> str:
    """The days of the months `keys` (customer_id, sku_id, month)."""
    return f"""
    SELECT d.*, k.month FROM ({keys}) k JOIN entitlements_usageday d ON d.customer_id = k.customer_id
        AND d.sku_id = k.sku_id AND d.day >= k.month AND d.day < k.month + interval '1 month'"""  # noqa: S608


# Months of which only new days came in are carried on without reading their other days: the usual feed, one day of
# everybody. A month with a corrected day is counted anew, and so is one of a concurrent licence with the one after it,
# whose thirty days may reach back into it.
_FRESH = f"""
    SELECT d.* FROM touched d JOIN entitlements_sku s ON s.id = d.sku_id
    WHERE s.licence_model <> '{CONCURRENT}' AND NOT EXISTS (
        SELECT FROM touched t WHERE NOT t.added
        AND (t.customer_id, t.sku_id, t.month) = (d.customer_id, d.sku_id, d.month))"""  # noqa: S608
_CARRY_ON = f"""
    INSERT INTO entitlements_usagemonth AS m (customer_id, sku_id, month, {MONTH_COLUMNS}) {months_sql(_FRESH)}
    ON CONFLICT (customer_id, sku_id, month) DO UPDATE SET
        days = m.days + excluded.days,
        daily_active_peak = greatest(m.daily_active_peak, excluded.daily_active_peak),
        (purchased, assigned, newly_assigned, last_day, monthly_active) = (
            SELECT (CASE WHEN excluded.last_day > m.last_day THEN excluded.purchased ELSE m.purchased END),
                   (CASE WHEN excluded.last_day > m.last_day THEN excluded.assigned ELSE m.assigned END),
                   (CASE WHEN excluded.last_day > m.last_day THEN excluded.newly_assigned ELSE m.newly_assigned END),
                   greatest(excluded.last_day, m.last_day),
                   (CASE WHEN excluded.last_day > m.last_day THEN excluded.monthly_active ELSE m.monthly_active END))"""
_OTHERS = f"""
    SELECT t.customer_id, t.sku_id, t.month FROM touched t JOIN entitlements_sku s ON s.id = t.sku_id
    GROUP BY 1, 2, 3, s.licence_model HAVING NOT bool_and(t.added) OR s.licence_model = '{CONCURRENT}'
    UNION
    SELECT t.customer_id, t.sku_id, (t.month + interval '1 month')::date FROM touched t
    JOIN entitlements_sku s ON s.id = t.sku_id WHERE s.licence_model = '{CONCURRENT}'"""  # noqa: S608


def write_months_sql(days: str) -> str:
    return f"""
    INSERT INTO entitlements_usagemonth AS m (customer_id, sku_id, month, {MONTH_COLUMNS}) {months_sql(days)}
    ON CONFLICT (customer_id, sku_id, month) DO UPDATE SET ({MONTH_COLUMNS}) = (
        excluded.purchased, excluded.assigned, excluded.newly_assigned, excluded.last_day, excluded.days,
        excluded.monthly_active, excluded.daily_active_peak)
    WHERE (m.purchased, m.assigned, m.newly_assigned, m.last_day, m.days, m.monthly_active, m.daily_active_peak)
        IS DISTINCT FROM (excluded.purchased, excluded.assigned, excluded.newly_assigned, excluded.last_day,
            excluded.days, excluded.monthly_active, excluded.daily_active_peak)"""


# Weeks end on the customer's latest reported day and have seven days; of each SKU the last report in a week counts.
# The pace is the slope of the straight line that fits the assigned totals of the last 13 weeks best (least squares).
CUSTOMERS = f"""
WITH months AS (
    SELECT customer_id, max(last_day) AS as_of, min(month) AS first_month
    FROM entitlements_usagemonth WHERE customer_id = ANY(%(customers)s) GROUP BY 1),
latest AS MATERIALIZED (
    SELECT m.*, m.as_of - (SELECT min(d.day) FROM entitlements_usageday d
        WHERE d.customer_id = m.customer_id AND d.day >= m.first_month AND d.day < m.first_month + 31
          AND d.sku_id IN (SELECT o.sku_id FROM entitlements_usagemonth o
                           WHERE o.customer_id = m.customer_id AND o.month = m.first_month)) AS history_days
    FROM months m),
weekly AS (
    SELECT l.customer_id, l.as_of, d.sku_id, (l.as_of - d.day) / 7 AS week,
           max(ARRAY[d.day - '{EPOCH}', d.purchased, d.assigned, least(d.monthly_users, d.monthly_devices)]) AS last
    FROM latest l JOIN entitlements_usageday d ON d.customer_id = l.customer_id
        AND d.day > l.as_of - {7 * WEEKS_SHOWN} AND d.day <= l.as_of
        AND d.customer_id = ANY(%(customers)s) AND d.day > %(since)s AND d.day <= %(until)s  -- else all are read
    GROUP BY 1, 2, 3, 4),
totals AS (
    SELECT customer_id, week, sum(last[2]) AS purchased, sum(last[3]) AS assigned, sum(
           CASE s.licence_model WHEN '{CONCURRENT}' THEN (
               SELECT max(r.peak_concurrent) FROM entitlements_usageday r
               WHERE r.customer_id = w.customer_id AND r.sku_id = w.sku_id
                 AND r.day <= w.as_of - 7 * week AND r.day > w.as_of - 7 * week - 30)
           ELSE last[4] END) AS active
    FROM weekly w JOIN entitlements_sku s ON s.id = w.sku_id GROUP BY 1, 2),
counted AS (
    SELECT l.customer_id, l.as_of, l.history_days,
           max(t.purchased) FILTER (WHERE week = 0) AS purchased, max(t.assigned) FILTER (WHERE week = 0) AS assigned,
           max(t.active) FILTER (WHERE week = 0) AS monthly_active,
           max(t.assigned) FILTER (WHERE week = 4) AS assigned_before,
           max(t.active) FILTER (WHERE week = 4) AS active_before,
           regr_slope(t.assigned, -7 * week) FILTER (WHERE week < 13) AS per_day,
           array_agg(CASE WHEN t.purchased IS NULL THEN -1 WHEN t.purchased = 0 THEN (t.assigned > 0)::int * 999
                     ELSE least(round(100.0 * t.assigned / t.purchased), 999) END::smallint ORDER BY week DESC) AS weeks
    FROM latest l CROSS JOIN generate_series(0, {WEEKS_SHOWN - 1}) week
    LEFT JOIN totals t USING (customer_id, week) GROUP BY 1, 2, 3)
SELECT customer_id, as_of, purchased, assigned, monthly_active, assigned_before, active_before,
       CASE WHEN history_days < 28 OR purchased <= 0 THEN NULL WHEN assigned >= purchased THEN as_of
            WHEN per_day > 0 AND (purchased - assigned) / per_day <= 730
            THEN as_of + ceil((purchased - assigned) / per_day)::int END AS full_on,
       history_days, weeks
FROM counted"""  # noqa: S608
CUSTOMER_COLUMNS = """customer_id, as_of, purchased, assigned, monthly_active, assigned_before, active_before, full_on,
    history_days, weeks"""
_TOLD = CUSTOMER_COLUMNS.replace("\n    ", " ").split(", ")
_OLD, _NEW = (", ".join(f"{side}.{name}" for name in _TOLD) for side in ("u", "excluded"))
_WRITE_CUSTOMERS = f"""
    INSERT INTO entitlements_customerusage AS u ({CUSTOMER_COLUMNS}, is_falling, updated_at)
    SELECT {CUSTOMER_COLUMNS}, false, now() FROM ({CUSTOMERS}) c ORDER BY customer_id
    ON CONFLICT (customer_id) DO UPDATE SET ({CUSTOMER_COLUMNS}, updated_at) = ({_NEW}, excluded.updated_at)"""  # noqa: S608
_WHERE_DIFFERENT = f" WHERE ({_OLD}) IS DISTINCT FROM ({_NEW})"
_SPAN = f"""SELECT min(last_day) - {7 * WEEKS_SHOWN}, max(last_day) FROM (
    SELECT max(last_day) AS last_day FROM entitlements_usagemonth
    WHERE customer_id = ANY(%(customers)s) GROUP BY customer_id) l"""  # noqa: S608
_ALL_OF_SKUS = "SELECT customer_id, sku_id, month FROM entitlements_usagemonth WHERE sku_id = ANY(%s)"
CHUNK = 2000  # customers in one statement


def take_turns() -> None:
    """Whoever writes days or what follows from them does so alone, until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])


def refresh_touched(cursor: Any) -> None:
    """Months and customers of the temporary table `touched` (customer, SKU, day, month, its numbers, added?)."""
    cursor.execute(_CARRY_ON)
    cursor.execute(write_months_sql(days_of(_OTHERS)))
    cursor.execute("SELECT DISTINCT customer_id FROM touched ORDER BY 1")
    refresh_customers([row[0] for row in cursor.fetchall()])


def recount_skus(skus: Sequence[int]) -> None:
    """Everything of these SKUs, because their licences are counted in another way now."""
    take_turns()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE recounted ON COMMIT DROP AS " + _ALL_OF_SKUS, [list(skus)])
        cursor.execute(write_months_sql(days_of("SELECT * FROM recounted")))
        cursor.execute("SELECT DISTINCT customer_id FROM recounted ORDER BY 1")
        customers = [row[0] for row in cursor.fetchall()]
        cursor.execute("DROP TABLE recounted")
    refresh_customers(customers)


def refresh_customers(customers: Sequence[int], *, where_different: bool = False) -> int:
    """What lists say of these customers, from their months and the days of their last sixteen weeks. How many rows were
    written: all, for news came in, or only those that say something else."""
    written = 0
    statement = _WRITE_CUSTOMERS + (_WHERE_DIFFERENT if where_different else "")
    with connection.cursor() as cursor:
        for start in range(0, len(customers), CHUNK):
            chunk = list(customers[start : start + CHUNK])
            cursor.execute(statement, {"customers": chunk, **span(cursor, chunk)})
            written += cursor.rowcount
    return written


def span(cursor: Any, customers: Sequence[int]) -> dict[str, Any]:
    """The days between which the weeks of all of them lie: the planner leaves the other partitions out."""
    cursor.execute(_SPAN, {"customers": list(customers)})
    since, until = cursor.fetchone()
    return {"since": since, "until": until}
