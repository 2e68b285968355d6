"""The goals of exports: rows through the portal's pipe into a file, against psql copying the same query to nowhere."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from unittest import mock

import psutil
from django.conf import settings
from django.db import connection, transaction

from connections.actors import build_actor_with_current_roles
from entitlements.models import UsageMonth
from exports import actions
from exports.catalogue import LISTS
from exports.models import Export
from partnerportal.lib import tenancy
from partnerportal.lib.exports import csv_copy
from tools.bench.data import World
from tools.bench.report import GoalLine

ROUNDS = 3  # of which the fastest counts
MONTHS = 13  # of use for every customer and SKU
MEGA = 1_000_000  # bytes in a megabyte


def lines(world: World) -> Iterator[GoalLine]:
    """Measure the goals of exports, and yield a line for each.

    The export has every month of every customer and SKU that the distributor sees: 40 rows a customer.
    """
    _months()
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(settings, "PRIVATE_ROOT", folder):
        whole, first, grown = zip(*(_export(world) for _round in range(ROUNDS)), strict=True)
        floor = min(_psql(world) for _round in range(ROUNDS))
    rows = Export.objects.latest("pk").rows
    assert rows, "The distributor sees no use: the data of the bench is not whole"
    Export.objects.all().delete()
    yield GoalLine(f"CSV export of {rows:,} rows against psql COPY of the same rows", min(whole) / floor, 1.3)
    yield GoalLine("the same: first byte", min(first) * 1000, 100, "ms")
    yield GoalLine("the same: memory growth", max(grown) / MEGA, 30, "MB")


def _months() -> None:
    """Write the months of use that are missing."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO entitlements_usagemonth (customer_id, sku_id, purchased, assigned, newly_assigned, month,
                   last_day, days, monthly_active, daily_active_peak)
               SELECT e.customer_id, e.sku_id, max(e.quantity), max(e.assigned), 0, m.month, m.month, 1, 9, 5
               FROM entitlements_entitlement e,
                   (SELECT (date_trunc('month', now()) - n * interval '1 month')::date AS month
                    FROM generate_series(0, %s) n) m
               GROUP BY 1, 2, m.month ON CONFLICT DO NOTHING""",
            [MONTHS - 1],
        )
        cursor.execute(f"VACUUM ANALYZE {UsageMonth._meta.db_table}")


def _export(world: World) -> tuple[float, float, int]:
    """Make an export. Return its seconds, the seconds to its first byte, and the bytes that the process grew by."""
    Export.objects.create(
        organization_id=world.distributor_id,
        person_id=world.distributor.pk,
        list="usage_history",
        query={},
        rows=UsageMonth.objects.count(),  # whoever asks for an export counts its rows; the distributor sees all
    )
    first: list[float] = []
    chunks = actions._chunks
    before = peak = _resident()

    def watched(reading: int) -> Iterator[bytes]:
        nonlocal peak
        for chunk in chunks(reading):
            if chunk and not first:
                first.append(time.perf_counter() - begin)
            peak = max(peak, _resident())
            yield chunk

    with mock.patch.object(actions, "_chunks", watched):
        begin = time.perf_counter()
        assert actions.make_next_queued_export()
        whole = time.perf_counter() - begin
    return whole, first[0], peak - before


def _resident() -> int:
    return int(psutil.Process().memory_info().rss)


def _psql(world: World) -> float:
    """Run the same statement in psql as the same tenant, into /dev/null. Return its seconds."""
    history = LISTS["usage_history"]
    actor = build_actor_with_current_roles(world.distributor.pk, world.distributor_id)
    assert actor
    with transaction.atomic():
        tenancy.enter_tenant(organization_id=world.distributor_id, person_id=world.distributor.pk)
        command = csv_copy.build_copy_statement(history.rows(actor, {}, None), history.columns)
    script = f"""BEGIN;
        SELECT set_config('role', 'portal_app', true), set_config('portal.org_id', '{world.distributor_id}', true),
               set_config('portal.person_id', '{world.distributor.pk}', true) \\g /dev/null
        {command};
        COMMIT;"""
    known = connection.settings_dict
    where = {"-h": known["HOST"], "-p": known["PORT"], "-U": known["USER"], "-d": known["NAME"]}
    arguments = [shutil.which("psql") or "psql", "-q", "-v", "ON_ERROR_STOP=1"]
    arguments += [part for flag, value in where.items() if value for part in (flag, str(value))]
    begin = time.perf_counter()
    subprocess.run(arguments, input=script.encode(), stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin
