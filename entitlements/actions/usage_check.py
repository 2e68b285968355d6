"""Checks and rebuilds what follows from the days of use: the months, and what lists say of customers."""

from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction

from entitlements.actions.rollups import (
    MONTH_COLUMNS,
    build_select_usage_months_sql,
    build_update_usage_months_sql,
    lock_usage_tables,
)
from entitlements.actions.totals import CUSTOMERS, TOLD, read_usage_date_range, refresh_customer_usage
from partnerportal.lib.actors import Actor
from partnerportal.lib.policies import authorize_system

CHUNK = 1000  # customers in one transaction, so that an ingest can go on in between

_CUSTOMERS = """
    SELECT customer_id FROM entitlements_usageday UNION SELECT customer_id FROM entitlements_usagemonth
    UNION SELECT customer_id FROM entitlements_customerusage ORDER BY 1"""
_DAYS = """SELECT d.*, date_trunc('month', day::timestamp)::date AS month FROM entitlements_usageday d
    WHERE customer_id = ANY(%(customers)s)"""
_MONTHS = MONTH_COLUMNS.split(", ")
_MONTHS_DIFFER = f"""
    SELECT customer_id, sku_id, month, e.last_day IS NULL AS unfounded
    FROM ({build_select_usage_months_sql(_DAYS)}) e
    FULL JOIN (SELECT * FROM entitlements_usagemonth WHERE customer_id = ANY(%(customers)s)) m
        USING (customer_id, sku_id, month)
    WHERE ({", ".join(f"e.{name}" for name in _MONTHS)}) IS DISTINCT FROM ({", ".join(f"m.{name}" for name in _MONTHS)})
    ORDER BY 1, 2, 3"""  # noqa: S608 - constants of these modules
_EXPECTED, _KEPT = (", ".join(f"{side}.{name}" for name in TOLD[1:]) for side in "eu")
_CUSTOMERS_DIFFER = f"""
    SELECT customer_id, e.as_of IS NULL AS unfounded FROM ({CUSTOMERS}) e
    FULL JOIN (SELECT * FROM entitlements_customerusage WHERE customer_id = ANY(%(customers)s)) u USING (customer_id)
    WHERE ({_EXPECTED}) IS DISTINCT FROM ({_KEPT})
    ORDER BY 1"""  # noqa: S608
_REMOVE_MONTHS = """
    DELETE FROM entitlements_usagemonth m WHERE customer_id = ANY(%(customers)s) AND (
        SELECT true FROM entitlements_usageday d WHERE d.customer_id = m.customer_id AND d.sku_id = m.sku_id
        AND d.day >= m.month AND d.day < m.month + interval '1 month' LIMIT 1) IS NULL"""  # NOT EXISTS read every day
_REMOVE_CUSTOMERS = """
    DELETE FROM entitlements_customerusage u WHERE customer_id = ANY(%(customers)s)
    AND NOT EXISTS (SELECT FROM entitlements_usagemonth m WHERE m.customer_id = u.customer_id)"""
_NAMES = """SELECT t.key, o.org_id || coalesce(' ' || s.code, '') || coalesce(to_char(t.month, ' YYYY-MM'), '')
    FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::date[]) AS t(key, customer_id, sku_id, month)
    JOIN accounts_organization o ON o.id = t.customer_id LEFT JOIN entitlements_sku s ON s.id = t.sku_id ORDER BY 1"""


def find_wrong_usage_totals() -> list[str]:
    """Compare the stored totals of usage with the days of usage, and return a line of text for each wrong row.

    It compares UsageMonth rows with UsageDay rows, and CustomerUsage rows with UsageMonth rows. The list is empty
    unless something went wrong.
    """
    wrong: list[tuple[Any, ...]] = []
    for customers in _chunks():
        wrong += _wrong_months(customers)
        wrong += [(customer, None, None, unfounded) for customer, unfounded in _wrong_customers(customers)]
    return _describe(wrong)


def rebuild_usage_totals(*, actor: Actor) -> int:
    """Recompute the rows of UsageMonth and CustomerUsage that disagree with the days of use, and return how many.

    Each CHUNK of customers is a transaction.
    """
    authorize_system(actor)
    return sum(_rebuild(customers) for customers in _chunks())


@transaction.atomic
def _rebuild(customers: list[int]) -> int:
    lock_usage_tables()
    wrong = 0
    with connection.cursor() as cursor:
        for statement in (_REMOVE_MONTHS, build_update_usage_months_sql(_DAYS), _REMOVE_CUSTOMERS):
            cursor.execute(statement, {"customers": customers})
            wrong += cursor.rowcount
    return wrong + refresh_customer_usage(customers, only_where_different=True)


def _chunks() -> Iterator[list[int]]:
    """Yield the primary keys of the customers who have days, months or totals of use, CHUNK at a time."""
    with connection.cursor() as cursor:
        cursor.execute(_CUSTOMERS)
        customers = [row[0] for row in cursor.fetchall()]
    for start in range(0, len(customers), CHUNK):
        yield customers[start : start + CHUNK]


def _wrong_months(customers: list[int]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS_DIFFER, {"customers": customers})
        return list(cursor.fetchall())


def _wrong_customers(customers: list[int]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_CUSTOMERS_DIFFER, {"customers": customers, **read_usage_date_range(cursor, customers)})
        return list(cursor.fetchall())


def _describe(wrong: list[tuple[Any, ...]]) -> list[str]:
    with connection.cursor() as cursor:
        columns: list[list[Any]] = [[row[n] for row in wrong] for n in range(3)]
        cursor.execute(_NAMES, [list(range(len(wrong))), *columns])
        says = ("differs", "has no days")
        return [f"{name}: {says[bool(wrong[key][3])]}" for key, name in cursor.fetchall()]
