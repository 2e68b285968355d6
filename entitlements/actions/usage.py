"""Stores days of use, with statements over whole batches, and in the same transaction all that follows from them."""

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from django.db import connection, transaction

from entitlements.actions.rollups import lock_usage_tables, refresh_usage_totals_of_changed_days
from entitlements.facts import ReferencedCustomerAndSkuIds
from partnerportal.lib.actors import Actor
from partnerportal.lib.copy_rows import CopyTextStream
from partnerportal.lib.json_lines.facts import Answers, LineOutcome, ValidLine
from partnerportal.lib.policies import authorize_system

COLUMNS = (
    "customer_id, sku_id, day, purchased, assigned, newly_assigned, daily_users, daily_devices, monthly_users,"
    " monthly_devices, peak_concurrent, free_users"
)
_VALUES = COLUMNS.split(", ", 3)[3]


class ReportedUsageDay(NamedTuple):
    """One customer's use of one SKU on one day: the number of the line that reports it, and the columns of UsageDay."""

    line: int
    customer_id: int
    sku_id: int
    day: dt.date
    purchased: int
    assigned: int
    newly_assigned: int
    daily_users: int
    daily_devices: int
    monthly_users: int
    monthly_devices: int
    peak_concurrent: int
    free_users: int | None = None


_STAGE = f"""
    CREATE TEMPORARY TABLE staged (line bigint, customer_id bigint, sku_id bigint, day date,
        {", ".join(f"{name} integer" for name in _VALUES.split(", "))}) ON COMMIT DROP;
    CREATE TEMPORARY TABLE touched (customer_id bigint, sku_id bigint, day date, month date,
        {", ".join(f"{name} integer" for name in _VALUES.split(", "))}, added boolean) ON COMMIT DROP"""
_MONTHS = "SELECT usage_partition(month) FROM unnest(%s::date[]) month ORDER BY month"
_NEW, _OLD = (", ".join(f"{side}.{name}" for name in _VALUES.split(", ")) for side in ("excluded", "d"))
_UPSERT = f"""
    WITH written AS (
        INSERT INTO entitlements_usageday AS d ({COLUMNS})
        SELECT DISTINCT ON (customer_id, sku_id, day) {COLUMNS} FROM staged ORDER BY customer_id, sku_id, day, line DESC
        ON CONFLICT (customer_id, sku_id, day) DO UPDATE SET ({_VALUES}) = ({_NEW})
        WHERE ({_OLD}) IS DISTINCT FROM ({_NEW})
        RETURNING d.customer_id, d.sku_id, d.day, date_trunc('month', d.day)::date, {_OLD}, old.day IS NULL)
    INSERT INTO touched SELECT * FROM written"""  # noqa: S608 - constants of this module
_ANSWERS = """
    SELECT s.line, t.added FROM staged s JOIN touched t USING (customer_id, sku_id, day)"""


def create_usage_partitions(days: Iterable[dt.date]) -> None:
    """Create the missing partitions of UsageDay for the months of these days, in a transaction of its own.

    It is called before the batch, because a new partition is locked until the commit, and readers wait for it.
    """
    months = sorted({day.replace(day=1) for day in days})
    with transaction.atomic(), connection.cursor() as cursor:
        lock_usage_tables()  # this lock is first, as in the batch: in another order the two could wait for each other
        cursor.execute(_MONTHS, [months])


def store_usage_days(*, actor: Actor, usage_days: Iterable[ReportedUsageDay]) -> dict[int, LineOutcome]:
    """Store days of use, and return a dict from the line number to the outcome, without lines that changed nothing.

    Of two rows about the same day the one with the higher line number counts. The caller makes sure that customers and
    SKUs exist. Raises IntegrityError for a row with more newly assigned than assigned.
    """
    authorize_system(actor)
    usage_days = usage_days if isinstance(usage_days, list) else list(usage_days)
    if not usage_days:
        return {}
    create_usage_partitions({row.day for row in usage_days})
    with transaction.atomic(), connection.cursor() as cursor:
        lock_usage_tables()
        cursor.execute(
            "DROP TABLE IF EXISTS staged, touched"
        )  # an earlier batch of this transaction may have left them
        cursor.execute(_STAGE)
        cursor.copy_expert("COPY staged FROM STDIN", CopyTextStream(usage_days))
        cursor.execute("ANALYZE staged")
        cursor.execute(_UPSERT)
        refresh_usage_totals_of_changed_days(cursor)
        cursor.execute(_ANSWERS)
        return {line: LineOutcome.ADDED if added else LineOutcome.CHANGED for line, added in cursor.fetchall()}


def store_usage_lines(*, actor: Actor, lines: list[ValidLine]) -> Answers:
    """Store the days of use that lines of the vendor's feed report.

    Returns a dict from the line number to the outcome of the line, or to the problem of a line whose customer or SKU
    does not exist.
    """
    known = ReferencedCustomerAndSkuIds.read_for_lines(lines)
    answers: Answers = {}
    rows = []
    for fact in lines:
        if problem := known.find_problem(fact):
            answers[fact.line] = problem
        else:
            values = fact.values
            rows.append(
                ReportedUsageDay(
                    fact.line, known.customers[values["customer"]], known.skus[values["sku"]], values["day"],
                    values["purchased"], values["assigned"], values["newly_assigned"], values["daily_users"],
                    values["daily_devices"], values["monthly_users"], values["monthly_devices"],
                    values["peak_concurrent"], values["free_users"],
                )
            )  # fmt: skip
    answers |= dict.fromkeys((row.line for row in rows), LineOutcome.UNCHANGED)
    return answers | store_usage_days(actor=actor, usage_days=rows)
