"""The disk takes no more: whoever asked is told, nothing half-made is left, and it works again when there is room."""

import csv
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from entitlements.ingest import upload_files
from entitlements.models import IngestToken, IngestUpload
from exports import files
from exports.actions import make_next_queued_export
from exports.models import Export
from notifications.models import Event
from partnerportal.lib.private_files import list_private_files
from partnerportal.lib.tokens import digest_secret, generate_token
from tests.faults.disk import ROOM, no_room
from tests.faults.people import (
    SECONDS,
    AtWork,
    Probe,
    at_work,
    edits,
    nothing_lost_nothing_twice,
    settle,
    wait_until_back,
)
from tests.faults.plant import Plant, until
from tests.server.sockets import answer, request
from tests.world import World

pytestmark = [pytest.mark.slow]
MONTHS = 20_000


@pytest.fixture(autouse=True)
def _own_folder(own_database: dict[str, str], settings: Any, tmp_path: Path) -> None:
    settings.PRIVATE_ROOT = tmp_path


def send(secret: str) -> Any:
    body = json.dumps({"type": "usage", "key": "x" * 100}) + "\n"
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "one"}
    return Client(raise_request_exception=False).post(
        "/api/v1/ingest/usage/", body * (2 * ROOM // len(body)), content_type="application/x-ndjson", headers=headers
    )


def test_an_upload_is_refused_and_can_be_sent_again() -> None:
    secret = generate_token()
    IngestToken.objects.create(name="Full", digest=digest_secret(secret), prefix=secret[:8])
    with no_room(os.getpid()):
        refused = send(secret)
    assert (refused.status_code, refused["Retry-After"]) == (503, "60")
    assert [error["code"] for error in refused.json()["errors"]] == ["no_space"]
    assert list(list_private_files(upload_files.FOLDER)) == []
    assert not IngestUpload.objects.filter(idempotency_key="one").exists()
    assert send(secret).status_code == 202


def large_export() -> Export:
    """Of many months, one customer's."""
    world = World()
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO entitlements_usagemonth (customer_id, sku_id, purchased, assigned, newly_assigned, month,
                   last_day, days, monthly_active, daily_active_peak)
               SELECT %s, (SELECT max(id) FROM entitlements_sku), 9, 8, 1,
                      ('0100-01-01'::date + n * interval '1 month')::date, '2000-01-01', 1, 1, 1
               FROM generate_series(1, %s) n""",
            [world.customer.pk, MONTHS],
        )
    person = world.person("partner.admin")
    return Export.objects.create(organization=world.partner, person_id=person.pk, list="usage_history", rows=MONTHS)


def test_an_export_waits_for_room_and_is_made_whole() -> None:
    export = large_export()
    with no_room(os.getpid()):
        assert make_next_queued_export() is True
    export.refresh_from_db()
    assert (export.state, export.error, export.attempts) == ("queued", "failed", 1)
    assert list(list_private_files(files.FOLDER)) == []
    Export.objects.filter(pk=export.pk).update(leased_until=timezone.now())  # half a minute later
    assert make_next_queued_export() is True
    export.refresh_from_db()
    with files.open_export_for_reading(export) as file:
        text = file.read().decode("utf-8-sig")
    assert len(text) > ROOM
    assert (export.state, export.rows_written) == ("ready", len(list(csv.DictReader(io.StringIO(text, newline="")))))


def test_an_export_without_room_fails_after_three_times() -> None:
    export = large_export()
    with no_room(os.getpid()):
        for _attempt in range(3):
            Export.objects.filter(pk=export.pk).update(leased_until=timezone.now())
            assert make_next_queued_export() is True
    export.refresh_from_db()
    assert (export.state, export.attempts) == ("failed", 3)
    assert list(list_private_files(files.FOLDER)) == []
    assert make_next_queued_export() is False


@pytest.fixture
def plant(own_database: dict[str, str], tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(own_database | {"PRIVATE_ROOT": str(tmp_path)}, tmp_path)
    yield plant
    plant.stop()


def test_people_work_on_meanwhile(plant: Plant) -> None:
    """Both processes of the web and the worker are without room; what was refused or put off is done afterwards."""
    secret = generate_token()
    IngestToken.objects.create(name="Full", digest=digest_secret(secret), prefix=secret[:8])
    earlier = set(Event.objects.values_list("pk", flat=True))
    plant.start_worker("worker")
    plant.start_web()
    plant.wait_for_worker("worker")
    people = [AtWork(plant.port, "partner.admin", edits()), AtWork(plant.port, "partner2.admin", edits())]
    alive, ready = Probe(plant.port, "/healthz"), Probe(plant.port, "/readyz")
    with at_work(*people, alive, ready):
        with no_room(*plant.pids("web"), *plant.pids("worker")):
            began = monotonic()
            export = large_export()
            make_exports(plant, lambda: Export.objects.filter(pk=export.pk, state="queued", error="failed").exists())
            until(lambda: monotonic() - began > SECONDS)
            assert send_to(plant, secret) == (503, "no_space")
            wait_until_back(people, monotonic())
            assert list(list_private_files(upload_files.FOLDER)) == list(list_private_files(files.FOLDER)) == []
        assert send_to(plant, secret) == (202, "")
        Export.objects.filter(pk=export.pk).update(leased_until=timezone.now())  # half a minute later
        make_exports(plant, lambda: Export.objects.filter(pk=export.pk, state="ready").exists())
    settle(plant, earlier)
    nothing_lost_nothing_twice(plant, people, earlier)
    assert {status for person in people for _what, status, _seconds in person.answers} == {200, 302}
    assert set(alive.said) == set(ready.said) == {200}


def make_exports(plant: Plant, is_done: Callable[[], bool]) -> None:
    until(is_done, lambda: plant.beat.send_task("exports.tasks.make_exports", retry=False))


def send_to(plant: Plant, secret: str) -> tuple[int, str]:
    """Status, and the code of what is wrong."""
    body = b"{}\n" * ROOM
    headers = (f"Authorization: Bearer {secret}", "Idempotency-Key: two", f"Content-Length: {len(body)}")
    data = request("POST", "/api/v1/ingest/usage/", *headers, "Content-Type: application/x-ndjson", "Connection: close")
    status, _headers, said = answer(plant.port, data + body)
    return status, json.loads(said)["errors"][0]["code"] if status >= 400 else ""
