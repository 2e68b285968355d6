"""The goals of usage: how fast days of use come in, and what a trend of thirteen months costs."""

import datetime as dt
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from entitlements.actions.figures import merge_portfolio_figure_changes
from entitlements.actions.usage import COLUMNS, ReportedUsageDay, create_usage_partitions, store_usage_days
from entitlements.actions.usage_check import rebuild_usage_totals
from entitlements.ingest.importing import ANOTHER_DAY, BATCH
from entitlements.models import CustomerUsage
from partnerportal.lib.actors import Actor
from partnerportal.lib.copy_rows import CopyTextStream
from partnerportal.lib.days import today
from tools.bench.report import GoalLine

SYSTEM = Actor.system("bench")
DAYS = 395  # of use for every customer
CHUNK = 2000  # customers in one statement
INGESTED = 2000  # customers whose days come in
ROUNDS = 3  # of which the median counts
MANY_SERVICES = 20  # each twentieth customer has days of five services, the others of one

_KEYS = f"""SELECT e.customer_id, s.id AS sku_id, e.quantity, e.assigned
    FROM (SELECT DISTINCT ON (customer_id) * FROM entitlements_entitlement WHERE kind = 'production'
          ORDER BY customer_id, id) e
    JOIN entitlements_sku s ON s.id = e.sku_id
        OR mod(e.customer_id, {MANY_SERVICES}) = 0 AND mod(s.id + e.sku_id, 3) = 0
    ORDER BY 1, 2"""  # noqa: S608
_NEW = f"""SELECT * FROM ({_KEYS}) k WHERE NOT EXISTS (
    SELECT FROM entitlements_customerusage u WHERE u.customer_id = k.customer_id) ORDER BY 1, 2"""  # noqa: S608
_GENERATE = f"""
    INSERT INTO entitlements_usageday ({COLUMNS})
    SELECT k.customer_id, k.sku_id, %(today)s::date - back, k.quantity, greatest(k.assigned - back / 8, 0), 0,
           k.assigned / 3 + back %% 5, k.assigned / 3, k.assigned / 2 + back %% 7, k.assigned / 2, k.assigned / 4
    FROM ({_NEW} OFFSET %(offset)s LIMIT %(limit)s) k, generate_series(1, {DAYS}) back"""  # noqa: S608
# Gives some customers an open anomaly; they are few enough for the locks of one statement.
_FALL = """
    UPDATE entitlements_customerusage SET unusual = '{falling}' WHERE customer_id IN (
        SELECT customer_id FROM entitlements_customerusage WHERE mod(customer_id, 40) = 0 ORDER BY 1 LIMIT 1000)"""

_MONTHS = """
    SELECT month, sum(purchased), sum(assigned), sum(newly_assigned), sum(monthly_active), max(daily_active_peak)
    FROM entitlements_usagemonth WHERE customer_id = ANY(%s) AND month >= %s GROUP BY 1 ORDER BY 1"""
_RAW = """
    WITH days AS (SELECT d.*, date_trunc('month', day)::date AS month,
                         row_number() OVER (PARTITION BY customer_id, sku_id, date_trunc('month', day)
                                            ORDER BY day DESC) AS back
                  FROM entitlements_usageday d WHERE customer_id = ANY(%s) AND day >= %s)
    SELECT month, sum(purchased) FILTER (WHERE back = 1), sum(assigned) FILTER (WHERE back = 1),
           sum(newly_assigned) FILTER (WHERE back = 1),
           sum(least(monthly_users, monthly_devices)) FILTER (WHERE back = 1), max(least(daily_users, daily_devices))
    FROM days GROUP BY 1 ORDER BY 1"""


def load() -> None:
    """Write thirteen months of use for every customer that has none."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({_NEW}) k")  # noqa: S608
        total = cursor.fetchone()[0]
    if not total:
        return
    create_usage_partitions([today() - dt.timedelta(days=back) for back in range(-31, DAYS + 1)])
    with connection.cursor() as cursor:
        for offset in range(0, total, CHUNK):
            cursor.execute(_GENERATE, {"today": today(), "offset": offset, "limit": CHUNK})
        cursor.execute("VACUUM ANALYZE entitlements_usageday")
    rebuild_usage_totals(actor=SYSTEM)
    with connection.cursor() as cursor:
        cursor.execute(_FALL)
        cursor.execute("VACUUM ANALYZE entitlements_usagemonth, entitlements_customerusage")
        cursor.execute("VACUUM ANALYZE entitlements_customerlisting")
    merge_portfolio_figure_changes()


def lines(rounds: int) -> Iterator[GoalLine]:
    """Measure the goals of usage, and yield a line for each."""
    yield from _trend(rounds)
    yield from _ingest()


def _trend(rounds: int) -> Iterator[GoalLine]:
    """Yield what the trend of all of a customer's services costs, read from the months against from the days.

    Only the server's own time counts, because the way there and back would be most of it.
    """
    turn = CustomerUsage.objects.order_by("pk").annotate(turn=F("pk") % MANY_SERVICES).values_list("pk", flat=True)
    single, several = (list(rows[:5000]) for rows in (turn.exclude(turn=0), turn.filter(turn=0)))
    first = (today().replace(day=1) - dt.timedelta(days=366)).replace(day=1)
    randomly = random.Random(1)
    cases = (
        (single, 1, "one customer with one service"),
        (several, 1, "one customer with five services"),
        (single, 100, "a hundred customers together"),
    )
    for known, size, of in cases:
        samples = [randomly.sample(known, size) for _ in range(rounds)]
        months, raw = zip(
            *((_in_server(_MONTHS, who, first), _in_server(_RAW, who, first)) for who in samples), strict=True
        )
        ratio = statistics.median(months) / statistics.median(raw)
        yield GoalLine(f"13-month trend of {of}, SQL: from the months against the days", ratio, 0.2)


def _in_server(sql: str, *values: Any) -> float:
    """Return the milliseconds for which the server plans and runs the statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, BUFFERS OFF, FORMAT JSON) {sql}", values)
        plan = cursor.fetchone()[0][0]
    return float(plan["Planning Time"] + plan["Execution Time"])


def _ingest() -> Iterator[GoalLine]:
    """Yield what days of use cost that come in by the batches of a feed, against the same rows by COPY alone.

    Their cost includes the months, summaries and lists that follow from them. A month of days is what a late or
    corrected file brings. One day of everybody is what comes every night: there each line has a customer of its own,
    whose sixteen weeks are summed up anew.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT ON (customer_id) * FROM ({_KEYS}) k ORDER BY 1 LIMIT {INGESTED}")  # noqa: S608
        keys = cursor.fetchall()
    for days, of in ((30, "a month of days"), (1, "one day")):
        rows = [
            ReportedUsageDay(n * days + at, customer, sku, today() + dt.timedelta(days=at), q, a, 0, 3, 4, 5, 6, 2)
            for n, (customer, sku, q, a) in enumerate(keys) for at in range(days)
        ]  # fmt: skip
        size = int(BATCH / (1 + ANOTHER_DAY * (days - 1))) * days
        raw = statistics.median(_seconds(_copy, [rows]) for _ in range(ROUNDS))
        batches = [rows[start : start + size] for start in range(0, len(rows), size)]
        stored = statistics.median(_seconds(_store, batches) for _ in range(ROUNDS))
        goal = f"ingest of {of} of {len(keys):,} customers, with all that follows, against raw COPY"
        yield GoalLine(goal, stored / raw, 10)


def _store(rows: Sequence[ReportedUsageDay]) -> None:
    store_usage_days(actor=SYSTEM, usage_days=rows)


def _copy(rows: Sequence[ReportedUsageDay]) -> None:
    names: Any = ", ".join(f"{name} bigint" for name in ReportedUsageDay._fields if name != "day")
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE UNLOGGED TABLE bench_raw ({names}, day date)")
        cursor.copy_expert(f"COPY bench_raw ({', '.join(ReportedUsageDay._fields)}) FROM STDIN", CopyTextStream(rows))


def _seconds(
    work: Callable[[Sequence[ReportedUsageDay]], None], batches: Sequence[Sequence[ReportedUsageDay]]
) -> float:
    """Return the seconds of the work on all batches. Its transaction is undone, so that each round finds the same."""
    with transaction.atomic():
        begin = time.perf_counter()
        for batch in batches:
            work(batch)
        taken = time.perf_counter() - begin
        transaction.set_rollback(True)
    return taken
