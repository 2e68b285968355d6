"""Uploads: what is refused at once, what a worker makes of the rest, and what is left behind."""

import datetime as dt
import gzip
import io
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from entitlements.ingest import importing, uploads
from entitlements.ingest.uploads import delete_old_uploads, ingest_next_upload
from entitlements.models import IngestUpload, LicenseAssignment, UsageDay
from tests.conftest import JsonClient
from tests.world import World

State = IngestUpload.State
Send = Callable[..., Any]


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.PRIVATE_ROOT = tmp_path
    folder = tmp_path / "uploads"
    folder.mkdir()
    return folder


@pytest.fixture
def secret(db: None) -> str:
    out = io.StringIO()
    call_command("create_ingest_token", "Licence server", stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


@pytest.fixture
def send(world: World, secret: str) -> Send:
    def post(body: bytes, *, kind: str = "usage", key: str = "k1", token: str = secret, **headers: str) -> Any:
        given = {"Idempotency-Key": key, "Authorization": f"Bearer {token}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return JsonClient().generic(
            "POST", f"/api/v1/ingest/{kind}/", body, content_type="application/x-ndjson", headers=given
        )

    return post


def status(response: Any, secret: str) -> dict[str, Any]:
    answer = JsonClient().get(response["Location"], headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 200
    return dict(answer.json())


def day(world: World, back: int = 50, **changes: Any) -> dict[str, Any]:
    return {
        "type": "usage", "customer": world.customer.org_id, "sku": UsageDay.objects.earliest("day").sku.code,
        "day": str(timezone.now().date() - dt.timedelta(back)), "purchased": 10, "assigned": 9,
    } | changes  # fmt: skip


def body(*rows: dict[str, Any]) -> bytes:
    return "\n".join(map(json.dumps, rows)).encode()


def code(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["errors"][0]["code"]


def test_from_the_request_to_the_days(send: Send, secret: str, world: World, folder: Path) -> None:
    before = UsageDay.objects.count()
    rows = [day(world, 50), day(world, 51), day(world, 52, assigned=-1), day(world, 53, customer="99999999")]
    response = send(gzip.compress(body(*rows)), Content_Encoding="gzip")
    assert response.status_code == 202
    assert (response.json()["kind"], response.json()["status_url"]) == ("usage", response["Location"])
    assert status(response, secret)["state"] == "received"
    assert [path.name for path in folder.iterdir()] == [response.json()["id"]]
    assert ingest_next_upload() is True
    told = status(response, secret)
    assert (told["state"], told["lines"], told["read"]) == ("done", 4, told["size"])
    assert told["counts"] == {"added": 2, "changed": 0, "unchanged": 0, "error": 2}
    assert [(p["line"], p["code"], p["field"]) for p in told["problems"]] == [
        (3, "min_value", "assigned"), (4, "unknown_customer", "customer"),
    ]  # fmt: skip
    assert UsageDay.objects.count() == before + 2
    assert list(folder.iterdir()) == []
    assert ingest_next_upload() is False


def test_the_same_again_is_answered_the_same_and_done_once(send: Send, secret: str, world: World, folder: Path) -> None:
    first = send(body(day(world)))
    again = send(body(day(world)))
    assert (again.status_code, again.json()) == (202, first.json())
    assert len(list(folder.iterdir())) == 1
    ingest_next_upload()
    assert send(body(day(world))).json() == first.json()
    assert ingest_next_upload() is False
    assert code(send(body(day(world, 51)))) == (422, "key_reused")
    assert code(send(body(day(world)), kind="entitlements")) == (422, "key_reused")
    assert list(folder.iterdir()) == []
    other = io.StringIO()
    call_command("create_ingest_token", "Another", stdout=other, stderr=io.StringIO())
    assert send(body(day(world)), token=other.getvalue().strip()).json()["id"] != first.json()["id"]


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        ({"key": ""}, (400, "key_required")),
        ({"key": "k" * 121}, (400, "key_required")),
        ({"key": "a b"}, (400, "key_required")),
        ({"kind": "orders"}, (404, "not_found")),
        ({"Content_Encoding": "br"}, (415, "unsupported_media_type")),
        ({"Content_Encoding": "gzip"}, (400, "not_gzip")),
    ],
)
def test_what_is_refused_at_once(
    send: Send, world: World, folder: Path, options: dict[str, str], answer: tuple[int, str]
) -> None:
    assert code(send(body(day(world)), **options)) == answer
    assert list(folder.iterdir()) == []


def test_nothing_and_too_much(send: Send, world: World, folder: Path, settings: Any) -> None:
    assert code(send(b"")) == (411, "length_required"), "the test client sends no length of nothing"
    settings.INGEST_BYTES = 10
    assert code(send(body(day(world)))) == (413, "too_large")
    assert list(folder.iterdir()) == []


def test_another_content_type_is_refused(secret: str, world: World) -> None:
    response = JsonClient().post(
        "/api/v1/ingest/usage/", {}, headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": "a"}
    )
    assert code(response) == (415, "unsupported_media_type")


def test_too_many_that_wait(send: Send, world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(uploads, "WAITING", 1)
    assert send(body(day(world))).status_code == 202
    assert code(send(body(day(world, 51)), key="k2")) == (429, "too_many_uploads")


def test_a_kind_takes_its_own_lines(send: Send, secret: str, world: World) -> None:
    sku = {"type": "sku", "code": "NEW-SKU", "service": "S", "name": "N"}
    response = send(body(sku, day(world)), kind="entitlements")
    ingest_next_upload()
    told = status(response, secret)
    assert told["counts"]["added"] == 1
    assert [(p["line"], p["code"]) for p in told["problems"]] == [(2, "unknown_type")]


def holder(world: World, key: str = "LA-1", **changes: Any) -> dict[str, Any]:
    return {
        "type": "assignment", "external_id": key, "customer": world.customer.org_id,
        "sku": UsageDay.objects.earliest("day").sku.code, "holder_kind": "user", "holder": "jane@customer.example",
        "assigned_at": "2026-01-05T10:00:00Z",
    } | changes  # fmt: skip


def test_who_holds_a_licence(send: Send, secret: str, world: World) -> None:
    rows = [
        holder(world),
        holder(
            world, "LA-2", holder_kind="device", holder="till\\3\t".strip(), last_used_at="2026-02-01T00:00:00+09:00"
        ),
        holder(world, "LA-3", assigned_at="2999-01-01T00:00:00Z"),
        holder(world, "LA-4", released_at="2026-01-01T00:00:00Z"),
        holder(world, "LA-5", holder_kind="robot"),
        holder(world, "LA-6", holder="a\tb"),
    ]
    send(body(*rows), kind="assignments")
    ingest_next_upload()
    told = status(send(body(*rows), kind="assignments"), secret)
    assert [(p["line"], p["code"], p["field"]) for p in told["problems"]] == [
        (3, "in_the_future", "assigned_at"), (4, "end_before_start", "released_at"),
        (5, "invalid_choice", "holder_kind"), (6, "control_characters", "holder"),
    ]  # fmt: skip
    first, second = LicenseAssignment.objects.filter(external_id__startswith="LA-").order_by("external_id")
    assert (first.holder, second.holder) == ("jane@customer.example", "till\\3")
    assert second.last_used_at == dt.datetime(2026, 1, 31, 15, tzinfo=dt.UTC)
    asked = first.assigned_at + dt.timedelta(days=20)
    LicenseAssignment.objects.filter(pk=first.pk).update(release_asked_at=asked)
    again = [holder(world, released_at="2026-01-26T00:00:00Z"), holder(world, "LA-2", customer=world.customer2.org_id)]
    response = send(body(*again), kind="assignments", key="k2")
    ingest_next_upload()
    told = status(response, secret)
    assert told["counts"] == {"added": 0, "changed": 1, "unchanged": 0, "error": 1}
    assert told["problems"][0]["code"] == "other_customer"
    first.refresh_from_db()
    assert (first.released_at is not None, first.release_asked_at) == (True, asked)
    send(body(holder(world, assigned_at="2026-03-01T00:00:00Z")), kind="assignments", key="k3")
    ingest_next_upload()
    first.refresh_from_db()
    assert (first.released_at, first.release_asked_at) == (None, None)


def test_uploads_of_a_kind_come_in_one_after_another(send: Send, world: World) -> None:
    """A correction must not be overtaken by what it corrects: nobody takes it while somebody is at the first."""
    send(body(day(world, assigned=1)), key="first")
    send(body(day(world, assigned=2)), key="second")
    first = IngestUpload.objects.get(idempotency_key="first")
    first.state, first.leased_until = State.RUNNING, timezone.now() + dt.timedelta(minutes=1)
    first.save()
    assert ingest_next_upload() is False
    IngestUpload.objects.filter(pk=first.pk).update(leased_until=timezone.now() - dt.timedelta(seconds=1))
    assert ingest_next_upload() and ingest_next_upload()
    assert UsageDay.objects.get(day=day(world)["day"], customer=world.customer).assigned == 2


def test_a_worker_that_died_is_followed_after_its_last_batch(
    send: Send, secret: str, world: World, monkeypatch: Any
) -> None:

    monkeypatch.setattr(importing, "BATCH", 5)
    monkeypatch.setattr(importing, "ANOTHER_DAY", 1)
    rows = [day(world, 50 + n) for n in range(20)]
    rows[7]["assigned"] = -1
    response = send(body(*rows))
    real, batches = IngestUpload.report_progress, []

    def dies_after_two(row: IngestUpload, **changes: Any) -> None:
        real(row, **changes)
        batches.append(changes["lines"])
        if len(batches) == 2:
            raise OperationalError("the machine is off")

    monkeypatch.setattr(IngestUpload, "report_progress", dies_after_two)
    assert ingest_next_upload() is True
    told = status(response, secret)
    assert (told["state"], told["lines"]) == ("running", 10)
    assert ingest_next_upload() is False, "its lease has not run out"
    IngestUpload.objects.update(leased_until=timezone.now() - dt.timedelta(seconds=1))
    assert ingest_next_upload() is True
    told = status(response, secret)
    assert batches == [5, 10, 15, 20]
    assert (told["state"], told["counts"]) == ("done", {"added": 19, "changed": 0, "unchanged": 0, "error": 1})
    assert [p["line"] for p in told["problems"]] == [8]


def test_what_kills_every_worker_is_given_up(send: Send, secret: str, world: World, folder: Path) -> None:
    response = send(body(day(world)))
    past = timezone.now() - dt.timedelta(seconds=1)
    IngestUpload.objects.filter(idempotency_key="k1").update(state=State.RUNNING, attempts=5, leased_until=past)
    assert ingest_next_upload() is False
    told = status(response, secret)
    assert (told["state"], told["error"]) == ("failed", "interrupted")
    assert delete_old_uploads() == 1
    assert list(folder.iterdir()) == []


def test_the_sweep_takes_what_nobody_claims(send: Send, world: World, folder: Path) -> None:
    kept = send(body(day(world))).json()["id"]
    fresh, old = folder / "00000000-0000-4000-8000-000000000001.part", folder / "00000000-0000-4000-8000-000000000002"
    foreign = folder / "README"
    for path in (fresh, old, foreign):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - 90_000, time.time() - 90_000))
    assert delete_old_uploads() == 1
    assert {path.name for path in folder.iterdir()} == {kept, fresh.name, foreign.name}


def test_a_file_that_is_gone_is_a_clear_failure(send: Send, secret: str, world: World, folder: Path) -> None:
    response = send(body(day(world)))
    for path in folder.iterdir():
        path.unlink()
    ingest_next_upload()
    assert (status(response, secret)["state"], status(response, secret)["error"]) == ("failed", "file_lost")


def test_progress_of_a_long_file_is_told(world: World, tmp_path: Path, monkeypatch: Any) -> None:
    from entitlements.management.commands import ingest

    monkeypatch.setattr(importing, "BATCH", 2)
    monkeypatch.setattr(importing, "ANOTHER_DAY", 1)
    monkeypatch.setattr(ingest, "SECONDS", 0)
    file, err = tmp_path / "days.gz", io.StringIO()
    file.write_bytes(gzip.compress(body(*(day(world, 50 + n) for n in range(5)))))
    call_command("ingest", str(file), stdout=io.StringIO(), stderr=err)
    assert "  2 lines, 100 %\n  4 lines, 100 %\n  5 lines, 100 %" in err.getvalue()
    file.write_bytes(gzip.compress(body(day(world)))[:-9])
    with pytest.raises(CommandError, match="gzip_damaged"):
        call_command("ingest", str(file), stdout=io.StringIO(), stderr=err)
