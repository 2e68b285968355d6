"""The worker dies in mid-ingest and the web process in mid-upload: resumed or cleanly gone, and no half-day."""

import datetime as dt
import json
import os
import socket
import time
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.utils import timezone

from entitlements.actions.usage import store_usage_days
from entitlements.actions.usage_check import find_wrong_usage_totals
from entitlements.ingest.uploads import delete_old_uploads
from entitlements.models import IngestToken, IngestUpload, Sku, UsageDay
from partnerportal.lib.actors import Actor
from partnerportal.lib.tokens import digest_secret, generate_token
from tests.faults.plant import Plant
from tests.world import World

pytestmark = [pytest.mark.slow]
LINES = 60_000
WAIT_SECONDS = 120
SYSTEM = Actor.system("faults")


@pytest.fixture
def plant(own_database: dict[str, str], tmp_path: Path, settings: Any) -> Any:
    settings.PRIVATE_ROOT = tmp_path / "private"
    plant = Plant(own_database | {"PRIVATE_ROOT": str(settings.PRIVATE_ROOT)}, tmp_path)
    yield plant
    plant.stop()


@pytest.fixture
def secret(own_database: dict[str, str]) -> str:
    secret = generate_token()
    IngestToken.objects.create(name="Faults", digest=digest_secret(secret), prefix=secret[:8])
    store_usage_days(actor=SYSTEM, usage_days=[])
    return secret


def lines() -> bytes:
    """A year and a half of days for many SKUs of one customer: as many lines as the killing takes."""
    org_id, start = World().customer.org_id, timezone.now().date() - dt.timedelta(days=599)
    Sku.objects.bulk_create(Sku(code=f"F-{n}", service="S", name="N") for n in range(LINES // 600))
    rows = (
        {"type": "usage", "customer": org_id, "sku": f"F-{n}", "day": str(start + dt.timedelta(day)),
         "purchased": 20, "assigned": day % 20, "daily_users": 3, "daily_devices": 4}
        for day in range(600) for n in range(LINES // 600)
    )  # fmt: skip
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def headers(secret: str, key: str, length: int) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {secret}", "Idempotency-Key": key, "Content-Type": "application/x-ndjson",
        "Content-Length": str(length),
    }  # fmt: skip


def send(plant: Plant, secret: str, key: str, body: bytes) -> tuple[int, dict[str, Any]]:
    link = HTTPConnection("127.0.0.1", plant.port, timeout=60)
    try:
        link.request("POST", "/api/v1/ingest/usage/", body, headers(secret, key, len(body)))
        answer = link.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        link.close()


def upload(key: str) -> IngestUpload:
    return IngestUpload.objects.get(idempotency_key=key)


def until(what: Any, plant: Plant | None = None) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not what():
        assert time.monotonic() < deadline
        if plant:
            plant.beat.send_task("entitlements.tasks.ingest_uploads", retry=False)
        time.sleep(0.3)


def test_the_worker_is_killed_in_mid_ingest(plant: Plant, secret: str) -> None:
    body = lines()
    plant.start_web()
    plant.start_worker("worker1")
    assert send(plant, secret, "long", body)[0] == 202
    kills = 0
    for least in (5_000, 25_000):
        until(lambda least=least: upload("long").lines >= least or upload("long").state == "done", plant)
        if upload("long").state != "done":
            plant.kill("worker1")
            kills += 1
            before = upload("long").lines
            IngestUpload.objects.update(leased_until=timezone.now())  # two minutes later
            plant.start_worker("worker1")
            until(lambda before=before: upload("long").lines > before, plant)
    until(lambda: upload("long").state == "done", plant)
    row = upload("long")
    assert kills == 2, "the file was too short to be interrupted twice"
    assert (row.lines, row.problems, row.counts["error"]) == (LINES, [], 0)
    assert row.counts["added"] + row.counts["unchanged"] == LINES
    assert UsageDay.objects.filter(sku__code__startswith="F-").count() == LINES
    assert [line for line in find_wrong_usage_totals() if " F-" in line] == []
    assert list((plant.folder / "private" / "uploads").iterdir()) == []
    assert send(plant, secret, "long", body) == (202, send(plant, secret, "long", body)[1])


def test_the_web_process_is_killed_in_mid_upload(plant: Plant, secret: str) -> None:
    body = lines()
    plant.start_web()
    link = socket.create_connection(("127.0.0.1", plant.port), timeout=60)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers(secret, "cut", len(body)).items())
    link.sendall(f"POST /api/v1/ingest/usage/ HTTP/1.1\r\nHost: 127.0.0.1:{plant.port}\r\n{head}\r\n".encode())
    link.sendall(body[: len(body) // 2])
    until(lambda: half_sent(plant) >= len(body) // 2)
    plant.kill("web")
    link.close()
    until(lambda: not plant.web_listens())  # its children close the socket a moment later
    assert not IngestUpload.objects.filter(idempotency_key="cut").exists()
    assert [path for path in (plant.folder / "private").rglob("*") if path.is_file()] == [], "half a file stayed"
    plant.start_web()
    plant.start_worker("worker1")
    status, receipt = send(plant, secret, "cut", body)
    assert status == 202
    until(lambda: upload("cut").state == "done", plant)
    assert upload("cut").counts["added"] == LINES
    assert str(upload("cut").public_id) == receipt["id"]
    assert delete_old_uploads() == 0


def half_sent(plant: Plant) -> int:
    """How much the web process has of a body that is coming in. The file has no name, so nothing of it can stay."""
    children = psutil.Process(plant.processes["web"].pid).children()
    sizes = [0]
    for path in [path for child in children for path in Path(f"/proc/{child.pid}/fd").iterdir()]:
        with suppress(FileNotFoundError):  # it was closed meanwhile
            if "/private/incoming/" in os.readlink(path):
                sizes.append(path.stat().st_size)
    return max(sizes)


def test_a_body_without_a_length_and_one_that_ends_early(plant: Plant, secret: str) -> None:
    plant.start_web()
    link = HTTPConnection("127.0.0.1", plant.port, timeout=60)
    given = {name: value for name, value in headers(secret, "odd", 0).items() if name != "Content-Length"}
    link.request("POST", "/api/v1/ingest/usage/", iter([b"{}"]), given, encode_chunked=True)
    assert link.getresponse().status == 411
    link.close()
    raw = socket.create_connection(("127.0.0.1", plant.port), timeout=60)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers(secret, "odd", 1000).items())
    raw.sendall(f"POST /api/v1/ingest/usage/ HTTP/1.1\r\nHost: 127.0.0.1:{plant.port}\r\n{head}\r\n".encode() + b"{}\n")
    raw.shutdown(socket.SHUT_WR)
    answer = raw.recv(65536)
    raw.close()
    assert b"HTTP/1.1 5" not in answer
    assert not IngestUpload.objects.filter(idempotency_key="odd").exists(), "half of a file is not taken for the whole"
