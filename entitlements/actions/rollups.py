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
_DAILY = (
    f"CASE s.licence_model WHEN '{CONCURRENT}' THEN d.peak_concurrent ELSE least(d.daily_users, d.daily_devices) END"
)


def months_sql(keys: str) -> str:
    """The months of `keys` (customer_id, sku_id, month), each counted from its days; of those without days, nothing."""
    return f"""
    SELECT DISTINCT ON (k.customer_id, k.sku_id, k.month)
           k.customer_id, k.sku_id, k.month, d.purchased, d.assigned, d.newly_assigned, d.day AS last_day,
           count(*) OVER whole AS days,
           CASE s.licence_model WHEN '{CONCURRENT}' THEN (
               SELECT max(r.peak_concurrent) FROM entitlements_usageday r
               WHERE r.customer_id = k.customer_id AND r.sku_id = k.sku_id AND r.day > d.day - 30 AND r.day <= d.day)
           ELSE least(d.monthly_users, d.monthly_devices) END AS monthly_active,
           max({_DAILY}) OVER whole AS daily_active_peak
    FROM ({keys}) k
    JOIN entitlements_sku s ON s.id = k.sku_id
    JOIN entitlements_usageday d ON d.customer_id = k.customer_id AND d.sku_id = k.sku_id
         AND d.day >= k.month AND d.day < k.month + interval '1 month'
    WINDOW whole AS (PARTITION BY k.customer_id, k.sku_id, k.month)
    ORDER BY k.customer_id, k.sku_id, k.month, d.day DESC"""  # noqa: S608 - constants of this module


# Months of which only new days came in are carried on without reading their other days: the usual feed, one day of
# everybody. A month with a corrected day is counted anew, and so is one of a concurrent licence with the one after it,
# whose thirty days may reach back into it.
_FRESH = f"""
    SELECT DISTINCT ON (d.customer_id, d.sku_id, d.month)
           d.customer_id, d.sku_id, d.month, d.purchased, d.assigned, d.newly_assigned, d.day,
           count(*) OVER whole, least(d.monthly_users, d.monthly_devices), max({_DAILY}) OVER whole
    FROM touched d JOIN entitlements_sku s ON s.id = d.sku_id
    WHERE s.licence_model <> '{CONCURRENT}' AND NOT EXISTS (
        SELECT FROM touched t WHERE NOT t.added
        AND (t.customer_id, t.sku_id, t.month) = (d.customer_id, d.sku_id, d.month))
    WINDOW whole AS (PARTITION BY d.customer_id, d.sku_id, d.month)
    ORDER BY d.customer_id, d.sku_id, d.month, d.day DESC"""  # noqa: S608
_CARRY_ON = f"""
    INSERT INTO entitlements_usagemonth AS m (customer_id, sku_id, month, {MONTH_COLUMNS}) {_FRESH}
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


def write_months_sql(keys: str) -> str:
    return f"""
    INSERT INTO entitlements_usagemonth AS m (customer_id, sku_id, month, {MONTH_COLUMNS})
    SELECT * FROM ({months_sql(keys)}) counted
    ON CONFLICT (customer_id, sku_id, month) DO UPDATE SET ({MONTH_COLUMNS}) = (
        excluded.purchased, excluded.assigned, excluded.newly_assigned, excluded.last_day, excluded.days,
        excluded.monthly_active, excluded.daily_active_peak)
    WHERE (m.purchased, m.assigned, m.newly_assigned, m.last_day, m.days, m.monthly_active, m.daily_active_peak)
        IS DISTINCT FROM (excluded.purchased, excluded.assigned, excluded.newly_assigned, excluded.last_day,
            excluded.days, excluded.monthly_active, excluded.daily_active_peak)"""  # noqa: S608


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
reported AS MATERIALIZED (
    SELECT l.customer_id, d.sku_id, s.licence_model, l.as_of - d.day AS age, d.purchased, d.assigned,
           least(d.monthly_users, d.monthly_devices) AS unique_active, d.peak_concurrent
    FROM latest l JOIN entitlements_usageday d ON d.customer_id = l.customer_id
        AND d.day > l.as_of - {7 * WEEKS_SHOWN} AND d.day <= l.as_of
        AND d.day > %(since)s AND d.day <= %(until)s
    JOIN entitlements_sku s ON s.id = d.sku_id),
weekly AS (
    SELECT DISTINCT ON (customer_id, sku_id, age / 7) customer_id, age / 7 AS week, purchased, assigned,
           CASE licence_model WHEN '{CONCURRENT}' THEN (
               SELECT max(r.peak_concurrent) FROM entitlements_usageday r
               WHERE r.customer_id = w.customer_id AND r.sku_id = w.sku_id
                 AND r.day <= l.as_of - 7 * (age / 7) AND r.day > l.as_of - 7 * (age / 7) - 30)
           ELSE unique_active END AS active
    FROM reported w JOIN latest l USING (customer_id)
    ORDER BY customer_id, sku_id, age / 7, age),
totals AS (
    SELECT customer_id, week, sum(purchased) AS purchased, sum(assigned) AS assigned, sum(active) AS active
    FROM weekly GROUP BY 1, 2),
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
_WRITE_CUSTOMERS = f"""
    INSERT INTO entitlements_customerusage AS u ({CUSTOMER_COLUMNS}, is_falling, updated_at)
    SELECT {CUSTOMER_COLUMNS}, false, now() FROM ({CUSTOMERS}) c ORDER BY customer_id
    ON CONFLICT (customer_id) DO UPDATE SET
        ({CUSTOMER_COLUMNS}, updated_at) = (
        {", ".join(f"excluded.{name.strip()}" for name in CUSTOMER_COLUMNS.split(","))}, excluded.updated_at)"""  # noqa: S608
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
    cursor.execute(write_months_sql(_OTHERS))
    cursor.execute("SELECT DISTINCT customer_id FROM touched ORDER BY 1")
    refresh_customers([row[0] for row in cursor.fetchall()])


def recount_skus(skus: Sequence[int]) -> None:
    """Everything of these SKUs, because their licences are counted in another way now."""
    take_turns()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE recounted ON COMMIT DROP AS " + _ALL_OF_SKUS, [list(skus)])
        cursor.execute(write_months_sql("SELECT * FROM recounted"))
        cursor.execute("SELECT DISTINCT customer_id FROM recounted ORDER BY 1")
        customers = [row[0] for row in cursor.fetchall()]
        cursor.execute("DROP TABLE recounted")
    refresh_customers(customers)


def refresh_customers(customers: Sequence[int]) -> None:
    """What lists say of these customers, from their months and the days of their last sixteen weeks."""
    with connection.cursor() as cursor:
        for start in range(0, len(customers), CHUNK):
            chunk = list(customers[start : start + CHUNK])
            cursor.execute(_WRITE_CUSTOMERS, {"customers": chunk, **span(cursor, chunk)})


def span(cursor: Any, customers: Sequence[int]) -> dict[str, Any]:
    """The days between which the weeks of all of them lie: the planner leaves the other partitions out."""
    cursor.execute(_SPAN, {"customers": list(customers)})
    since, until = cursor.fetchone()
    return {"since": since, "until": until}
