"""Statements that write what lists say of a customer's use: the rules of `entitlements.counting` in SQL, held to it by
tests.

Weeks end on the customer's latest reported day and have seven days, so with each new day all of them end elsewhere.
What a week that ends on some day says, though, changes only with the days in it. So the sums of the week that ends on
each of the last 112 days are kept (`KEPT`), and a new day sums up only the week that ends on it.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from entitlements import counting
from entitlements.models import Sku
from entitlements.models.usage import ACTIVE_KEPT, ASSIGNED_KEPT, KEPT, SHARES_KEPT, WEEKS_SHOWN

CONCURRENT = Sku.LicenceModel.CONCURRENT.value
PACE_WEEKS = 13  # weeks through whose assigned totals the straight line is fitted whose slope is the pace
CHUNK = 2000  # customers in one statement

# Two selections of the customers to count. `as_of` is the latest day, `since` the first day that is counted anew; the
# arrays are what is kept of the days before it.
_ANEW = f"""
    SELECT m.customer_id, m.as_of, m.as_of - (SELECT min(d.day) FROM entitlements_usageday d
               WHERE d.customer_id = m.customer_id AND d.day >= m.first_month AND d.day < m.first_month + 31
                 AND d.sku_id IN (SELECT o.sku_id FROM entitlements_usagemonth o
                                  WHERE o.customer_id = m.customer_id AND o.month = m.first_month)) AS history_days,
           m.as_of - {SHARES_KEPT - 1} AS since,
           '{{}}'::smallint[] AS shares, '{{}}'::bigint[] AS assigned_totals, '{{}}'::bigint[] AS active_totals
    FROM (SELECT customer_id, max(last_day) AS as_of, min(month) AS first_month
          FROM entitlements_usagemonth WHERE customer_id = ANY(%(customers)s) GROUP BY 1) m"""  # noqa: S608
_CARRIED_ON = f"""
    SELECT u.customer_id, n.as_of, n.as_of - n.first AS history_days,
           greatest(n.since, n.as_of - {SHARES_KEPT - 1}) AS since,
           {", ".join(f"u.{name}[:n.since - u.as_of + {days - 1}]" for name, days in KEPT.items())}
    FROM entitlements_customerusage u
    JOIN (SELECT customer_id, min(day) AS first, max(day) AS last FROM touched GROUP BY 1) t USING (customer_id),
         LATERAL (SELECT greatest(t.last, u.as_of) AS as_of, least(t.first, u.as_of + 1) AS since,
                         least(t.first, u.as_of - u.history_days) AS first) n
    WHERE u.customer_id = ANY(%(customers)s)"""  # noqa: S608


def _each_week(name: str, weeks: int) -> str:
    """Return SQL for an array of those days of one of KEPT on which a week ends, the latest last."""
    last = KEPT[name]
    return f"ARRAY[{', '.join(f'{name}[{last - 7 * back}]' for back in range(weeks - 1, -1, -1))}]"


# Of each SKU the last report of the seven days counts: a report lasts until the next one, or for seven days. The days
# and customers are named twice, because the planner would otherwise read everybody's.
_TOTALS = f"""
reports AS (
    SELECT l.customer_id, l.as_of, d.sku_id, d.purchased, d.assigned,
           least(d.monthly_users, d.monthly_devices) AS active, d.free_users, greatest(d.day, l.since) AS first,
           least(d.day + 6, l.as_of, lead(d.day) OVER (PARTITION BY d.customer_id, d.sku_id ORDER BY d.day) - 1) AS last
    FROM latest l JOIN entitlements_usageday d ON d.customer_id = l.customer_id
        AND d.day > l.since - 7 AND d.day <= l.as_of
        AND d.customer_id = ANY(%(customers)s) AND d.day > %(since)s::date - 7 AND d.day <= %(until)s),
lasting AS (SELECT *, generate_series(as_of - last, as_of - first) AS back FROM reports),
totals AS (
    SELECT customer_id, back, sum(purchased) AS purchased, sum(assigned) AS assigned,
           sum(greatest(assigned - purchased, 0)) AS overage, sum(free_users) AS free_users, sum(
           CASE s.licence_model WHEN '{CONCURRENT}' THEN (
               SELECT max(r.peak_concurrent) FROM entitlements_usageday r
               WHERE r.customer_id = t.customer_id AND r.sku_id = t.sku_id
                 AND r.day > t.as_of - back - {counting.ACTIVE_DAYS} AND r.day <= t.as_of - back
                 AND r.day > %(since)s::date - {counting.ACTIVE_DAYS} AND r.day <= %(until)s)
           ELSE active END) AS active
    FROM lasting t JOIN entitlements_sku s ON s.id = t.sku_id GROUP BY 1, 2)"""  # noqa: S608 - constants

# The days that were counted anew are appended to those that are kept, and of all of them the last so many are kept.
_KEPT = f"""
added AS (
    SELECT customer_id, max(t.purchased) FILTER (WHERE back = 0) AS purchased,
           max(t.overage) FILTER (WHERE back = 0) AS overage,
           max(t.free_users) FILTER (WHERE back = 0) AS free_users,
           array_agg(CASE WHEN t.purchased IS NULL THEN -1 WHEN t.purchased = 0 THEN (t.assigned > 0)::int * 999
                     ELSE least(round(100.0 * t.assigned / t.purchased), 999) END::smallint
                     ORDER BY back DESC) AS shares,
           array_agg(coalesce(t.assigned, -1)::bigint ORDER BY back DESC) AS assigned_totals,
           array_agg(coalesce(t.active, -1)::bigint ORDER BY back DESC) AS active_totals
    FROM (SELECT customer_id, generate_series(0, as_of - since) AS back FROM latest) l
    LEFT JOIN totals t USING (customer_id, back) GROUP BY 1),
whole AS MATERIALIZED (
    SELECT customer_id, l.as_of, l.history_days, a.purchased, a.overage, a.free_users,
           {", ".join(f"l.{name} || a.{name} AS {name}" for name in KEPT)}
    FROM latest l JOIN added a USING (customer_id)),
kept AS MATERIALIZED (
    SELECT customer_id, as_of, history_days, purchased, overage, free_users,
           {", ".join(f"{name}[cardinality({name}) - {days - 1}:] AS {name}" for name, days in KEPT.items())}
    FROM whole)"""  # noqa: S608

_SAID = f"""
SELECT customer_id, as_of, purchased, assigned, overage, active_totals[{ACTIVE_KEPT}] AS monthly_active,
       free_users, nullif(assigned_totals[{ASSIGNED_KEPT - 28}], -1) AS assigned_before,
       nullif(active_totals[{ACTIVE_KEPT - 28}], -1) AS active_before,
       CASE WHEN history_days < {counting.PACE_MIN_DAYS} OR purchased <= 0 THEN NULL
            WHEN assigned >= purchased THEN as_of
            ELSE (SELECT as_of + ceil(days)::int
                  FROM (SELECT regr_slope(assigned, 7 * week) AS per_day
                        FROM (SELECT generate_series(1, {PACE_WEEKS}) AS week,
                                     unnest({_each_week("assigned_totals", PACE_WEEKS)}) AS assigned) w
                        WHERE assigned >= 0) pace,
                       LATERAL (SELECT round(((purchased - k.assigned) / nullif(per_day, 0))::numeric, 6) AS days) ahead
                  WHERE per_day > 0 AND days <= {counting.HORIZON_DAYS}) END AS full_on,
       history_days, {_each_week("shares", WEEKS_SHOWN)} AS weeks, {", ".join(KEPT)}
FROM (SELECT *, assigned_totals[{ASSIGNED_KEPT}] AS assigned FROM kept) k"""  # noqa: S608


def _counted(customers: str) -> str:
    latest = f"latest (customer_id, as_of, history_days, since, {', '.join(KEPT)}) AS MATERIALIZED ({customers})"
    return f"WITH {latest}, {_TOTALS}, {_KEPT} {_SAID}"


TOLD = ("customer_id", "as_of", "purchased", "assigned", "overage", "monthly_active", "free_users",
        "assigned_before", "active_before", "full_on", "history_days", "weeks", *KEPT)  # fmt: skip
CUSTOMERS = _counted(_ANEW)
_COLUMNS, _OLD, _NEW = (", ".join(f"{side}{name}" for name in TOLD) for side in ("", "u.", "excluded."))


_WRITE_ANEW = f"""
    INSERT INTO entitlements_customerusage AS u ({_COLUMNS}, unusual, updated_at)
    SELECT {_COLUMNS}, '{{}}', now() FROM ({CUSTOMERS}) c ORDER BY customer_id
    ON CONFLICT (customer_id) DO UPDATE SET ({_COLUMNS}, updated_at) = ({_NEW}, excluded.updated_at)"""  # noqa: S608
_WRITE_CARRIED_ON = f"""
    UPDATE entitlements_customerusage u SET {", ".join(f"{name} = c.{name}" for name in TOLD[1:])}, updated_at = now()
    FROM ({_counted(_CARRIED_ON)}) c WHERE u.customer_id = c.customer_id"""  # noqa: S608
_WHERE_DIFFERENT = f" WHERE ({_OLD}) IS DISTINCT FROM ({_NEW})"
_SPAN = f"""SELECT min(last_day) - {SHARES_KEPT - 1}, max(last_day) FROM (
    SELECT max(last_day) AS last_day FROM entitlements_usagemonth
    WHERE customer_id = ANY(%(customers)s) GROUP BY customer_id) l"""  # noqa: S608
# The customers that were touched, whether days of theirs are kept, and the span of days that is then counted of them.
# Customers without kept days are counted anew.
_TOUCHED = f"""
    SELECT customer_id, coalesce(cardinality(u.shares) = {SHARES_KEPT}, false),
           greatest(least(t.first, u.as_of + 1), u.as_of - {SHARES_KEPT - 1}), greatest(t.last, u.as_of)
    FROM (SELECT customer_id, min(day) AS first, max(day) AS last FROM touched GROUP BY 1) t
    LEFT JOIN entitlements_customerusage u USING (customer_id) ORDER BY 1"""  # noqa: S608


def refresh_usage_of_changed_customers(cursor: Any) -> None:
    """Recompute the CustomerUsage row of every customer in the temporary table `touched` (customer, SKU, day, …).

    A row that has weeks gets only the new ones; every other row is computed from all its months and days.
    """
    cursor.execute(_TOUCHED)
    touched = cursor.fetchall()
    known = [row for row in touched if row[1]]
    for start in range(0, len(known), CHUNK):
        customers, _is_known, since, until = zip(*known[start : start + CHUNK], strict=True)
        chunk = {"customers": list(customers), "since": min(since), "until": max(until)}
        cursor.execute(_WRITE_CARRIED_ON, chunk)
    refresh_customer_usage([row[0] for row in touched if not row[1]])


def refresh_customer_usage(customer_ids: Sequence[int], *, only_where_different: bool = False) -> int:
    """Recompute the CustomerUsage rows of these customers, given by primary key, and return how many rows were written.

    They are computed from the customers' UsageMonth rows and the UsageDay rows of the last sixteen weeks. With
    `only_where_different` only rows whose values change are written.
    """
    written = 0
    statement = _WRITE_ANEW + (_WHERE_DIFFERENT if only_where_different else "")
    with connection.cursor() as cursor:
        for start in range(0, len(customer_ids), CHUNK):
            chunk = list(customer_ids[start : start + CHUNK])
            cursor.execute(statement, {"customers": chunk, **read_usage_date_range(cursor, chunk)})
            written += cursor.rowcount
    return written


def read_usage_date_range(cursor: Any, customer_ids: Sequence[int]) -> dict[str, Any]:
    """Return the first and the last day of the sixteen weeks of usage that are stored for these customers.

    The result is a dict of SQL parameters, `since` and `until`, with which PostgreSQL reads no partitions of other
    days. `customer_ids` are primary keys.
    """
    cursor.execute(_SPAN, {"customers": list(customer_ids)})
    since, until = cursor.fetchone()
    return {"since": since, "until": until}
