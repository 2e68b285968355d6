"""A worker dies in the middle of a large export: it is begun again, there is one file, and nobody is told a lie."""

import csv
import io
import time
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from exports.models import Export
from tests.faults.plant import Plant
from tests.world import World

pytestmark = [pytest.mark.slow]
MONTHS = 300_000


@pytest.fixture
def plant(own_database: Any, tmp_path: Any) -> Any:
    plant = Plant(own_database, tmp_path)
    plant.environment["PRIVATE_ROOT"] = str(tmp_path / "private")
    yield plant
    plant.stop()


@pytest.fixture
def export(own_database: Any) -> Export:
    """Of many months, one customer's: they stretch over thousands of years."""
    world = World()
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO entitlements_usagemonth (customer_id, sku_id, purchased, assigned, newly_assigned, month,
                   last_day, days, monthly_active, daily_active_peak)
               SELECT %s, s.id + n / 30000, 9, 8, 1, ('1000-01-01'::date + (n %% 30000) * interval '1 month')::date,
                      '2000-01-01', 1, 1, 1
               FROM generate_series(0, %s) n, (SELECT max(id) AS id FROM entitlements_sku) s""",
            [world.customer.pk, MONTHS - 1],
        )
        cursor.execute(
            """INSERT INTO entitlements_sku (id, code, service, name, kind, licence_model)
               SELECT s.id + n, 'F' || n, 'Service', 'Service', 'product', 'user_device'
               FROM generate_series(1, 10) n, (SELECT max(id) AS id FROM entitlements_sku) s"""
        )
    person = world.person("partner.admin")
    return Export.objects.create(organization=world.partner, person_id=person.pk, list="usage_history", rows=MONTHS)


def waited(answer: Any, seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := answer()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def test_a_killed_worker_leaves_one_whole_file(plant: Plant, export: Export, tmp_path: Any) -> None:
    folder = tmp_path / "private" / "exports"
    plant.start_worker("worker1")
    for attempt in (1, 2):
        plant.beat.send_task("exports.tasks.make_exports", retry=False)
        part = folder / f"{export.public_id}.{attempt}.part"
        waited(lambda part=part: part.exists() and part.stat().st_size > 100_000)
        plant.kill("worker1")
        export.refresh_from_db()
        assert (export.state, export.attempts) == ("running", attempt)
        assert export.rows_written < MONTHS and not (folder / f"{export.public_id}.{attempt}").exists()
        plant.start_worker("worker1")
        plant.beat.send_task("exports.tasks.make_exports", retry=False)
        plant.wait_for_task("worker1", "exports.tasks.make_exports")
        export.refresh_from_db()
        assert export.attempts == attempt  # nobody takes it while its lease runs
        Export.objects.filter(pk=export.pk).update(leased_until=timezone.now())  # a minute later
    plant.beat.send_task("exports.tasks.make_exports", retry=False)
    waited(lambda: Export.objects.filter(pk=export.pk, state="ready").exists())
    plant.beat.send_task("exports.tasks.delete_old_exports", retry=False)
    waited(lambda: [path.name for path in folder.iterdir()] == [f"{export.public_id}.3"])
    made = Export.objects.get(pk=export.pk)
    assert (made.attempts, made.rows_written >= MONTHS, made.size) == (
        3, True, (folder / f"{export.public_id}.3").stat().st_size,
    )  # fmt: skip
    text = (folder / f"{export.public_id}.3").read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == made.rows_written == made.rows
    assert len({(row["org_id"], row["sku"], row["month"]) for row in rows}) == len(rows)
