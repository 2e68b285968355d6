"""Days of use: thirteen months of them for every customer, how fast they come in, and what a trend costs."""

import datetime as dt
import random
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection, transaction

from entitlements.actions import UsageRow, rebuild_usage, store_usage
from entitlements.actions.usage import COLUMNS, make_room
from entitlements.models import CustomerUsage
from partnerportal.lib.actors import Actor
from partnerportal.lib.copying import CopyRows
from partnerportal.lib.days import today
from tools.bench import measure
from tools.bench.__main__ import Line

SYSTEM = Actor.system("bench")
DAYS = 395
CHUNK = 2000  # customers in a statement
ROWS = 200_000  # of the measured ingest, at most
ROUNDS = 3

_KEYS = """SELECT DISTINCT ON (customer_id) customer_id, sku_id, quantity, assigned FROM entitlements_entitlement
    WHERE kind = 'production' ORDER BY customer_id, id"""
_GENERATE = f"""
    INSERT INTO entitlements_usageday ({COLUMNS})
    SELECT k.customer_id, k.sku_id, %(today)s::date - back, k.quantity, greatest(k.assigned - back / 8, 0), 0,
           k.assigned / 3 + back %% 5, k.assigned / 3, k.assigned / 2 + back %% 7, k.assigned / 2, k.assigned / 4
    FROM ({_KEYS} OFFSET %(offset)s LIMIT %(limit)s) k, generate_series(1, {DAYS}) back"""  # noqa: S608

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
    """Thirteen months for every customer, unless an earlier run has left them."""
    if CustomerUsage.objects.exists():
        return
    make_room([today() - dt.timedelta(days=back) for back in range(DAYS + 60)])
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({_KEYS}) k")  # noqa: S608
        total = cursor.fetchone()[0]
        for offset in range(0, total, CHUNK):
            cursor.execute(_GENERATE, {"today": today(), "offset": offset, "limit": CHUNK})
        cursor.execute("ANALYZE entitlements_usageday")
    rebuild_usage(actor=SYSTEM)


def lines(rounds: int) -> Iterator[Line]:
    load()
    yield from _trend(rounds)
    yield from _ingest()


def _trend(rounds: int) -> Iterator[Line]:
    customers = list(CustomerUsage.objects.order_by("pk").values_list("pk", flat=True)[:5000])
    first = (today().replace(day=1) - dt.timedelta(days=366)).replace(day=1)
    chosen = random.Random(1)

    def ask(sql: str, size: int) -> Callable[[], None]:
        def work() -> None:
            with connection.cursor() as cursor:
                cursor.execute(sql, [chosen.sample(customers, size), first])
                cursor.fetchall()

        return work

    for size, of in ((1, "one customer"), (100, "a hundred customers together")):
        months, raw = measure.wall([ask(_MONTHS, size), ask(_RAW, size)], rounds)
        ratio = statistics.median(months) / statistics.median(raw)
        yield Line(f"13-month trend of {of}: from the monthly rollup vs raw days", ratio, 0.2)


def _ingest() -> Iterator[Line]:
    """New days for many customers, their months and summaries with them; and the same rows by COPY alone."""
    with connection.cursor() as cursor:
        cursor.execute(_KEYS)
        keys = cursor.fetchall()
    each = max(min(ROWS // len(keys), 30), 1)
    rows = [
        UsageRow(line, customer, sku, today() - dt.timedelta(days=DAYS + 1 + line % each), q, a, 0, 3, 4, 5, 6, 2)
        for line, (customer, sku, q, a) in enumerate(key for key in keys for _ in range(each))
    ]  # fmt: skip
    raw = statistics.median(_seconds(lambda: _copy(rows)) for _ in range(ROUNDS))
    stored = statistics.median(_seconds(lambda: store_usage(actor=SYSTEM, rows=rows)) for _ in range(ROUNDS))
    yield Line(f"usage ingest of {len(rows):,} days, rollups included, vs raw COPY", stored / raw, 10)


def _copy(rows: list[UsageRow]) -> None:
    names: Any = ", ".join(f"{name} bigint" for name in UsageRow._fields if name != "day")
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE UNLOGGED TABLE bench_raw ({names}, day date)")
        cursor.copy_expert(f"COPY bench_raw ({', '.join(UsageRow._fields)}) FROM STDIN", CopyRows(rows))


def _seconds(work: Callable[[], object]) -> float:
    """In a transaction that is undone, so that each round finds the same."""
    with transaction.atomic():
        begin = time.perf_counter()
        work()
        taken = time.perf_counter() - begin
        transaction.set_rollback(True)
    return taken
