"""One token, many requests at once: each is answered, however long the others' bodies take."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from entitlements.ingest import upload_files
from entitlements.models import IngestToken, IngestUpload
from partnerportal.lib.tokens import NOTED_EVERY, digest_secret, generate_token
from tests.threads import PATIENCE, join_all

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]
AT_ONCE = 8


@pytest.fixture
def secret(own_database: dict[str, str], settings: Any, tmp_path: Path) -> str:
    settings.PRIVATE_ROOT = tmp_path
    secret = generate_token()
    IngestToken.objects.create(name="Races", digest=digest_secret(secret), prefix=secret[:8])
    return secret


@pytest.fixture
def run(own_database: dict[str, str]) -> Iterator[Callable[..., list[Any]]]:
    """Requests in threads of their own; each closes its connection."""
    pool = ThreadPoolExecutor(AT_ONCE)

    def do(action: Callable[..., Any], argument: Any) -> Any:
        try:
            return action(argument)
        finally:
            connection.close()

    yield lambda action, arguments: list(pool.map(do, [action] * len(arguments), arguments, timeout=PATIENCE))
    pool.shutdown()


def headers(secret: str, key: str = "") -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}", "Idempotency-Key": key}


def send(secret: str, key: str) -> Any:
    client, body = Client(raise_request_exception=False), json.dumps({"type": "usage", "key": key})
    return client.post("/api/v1/ingest/usage/", body, content_type="application/x-ndjson", headers=headers(secret, key))


def ask(secret: str, path: str) -> Any:
    return Client(raise_request_exception=False).get(path, headers=headers(secret))


@pytest.mark.promise("S-4")
def test_eight_bodies_arrive_at_once_and_each_sender_asks_meanwhile(
    secret: str, run: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bodies end when all of them have begun, and when each sender has asked how far its first upload is."""
    first = send(secret, "first")["Location"]
    IngestToken.objects.update(last_used_at=None)
    all_are_sending, asked, answers = threading.Barrier(AT_ONCE), threading.Barrier(AT_ONCE), []
    save = upload_files.save_upload_file

    def slow(*given: Any, **options: Any) -> Any:
        all_are_sending.wait(60)
        answers.append(ask(secret, first).status_code)
        asked.wait(60)
        return save(*given, **options)

    monkeypatch.setattr(upload_files, "save_upload_file", slow)
    responses = run(lambda number: send(secret, f"key-{number}"), range(AT_ONCE))
    assert [response.status_code for response in responses] == [202] * AT_ONCE
    assert answers == [200] * AT_ONCE
    assert IngestUpload.objects.filter(token__digest=digest_secret(secret)).count() == AT_ONCE + 1
    assert IngestToken.objects.get(digest=digest_secret(secret)).last_used_at is not None


def test_no_transaction_is_open_while_a_body_is_stored(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    open_then: list[bool] = []
    save = upload_files.save_upload_file
    monkeypatch.setattr(
        upload_files,
        "save_upload_file",
        lambda *given, **options: (open_then.append(connection.in_atomic_block), save(*given, **options))[1],
    )
    assert send(secret, "one").status_code == 202
    assert open_then == [False]


def test_whoever_holds_the_row_delays_nobody(secret: str, run: Callable[..., list[Any]]) -> None:
    """Somebody renames the token, or another request just writes when it was used."""
    first = send(secret, "first")["Location"]
    IngestToken.objects.update(last_used_at=None)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN; SELECT FROM entitlements_ingesttoken FOR UPDATE")
            held.set()
            assert done.wait(60)
            cursor.execute("ROLLBACK")
        connection.close()

    holder = threading.Thread(target=hold, daemon=True)
    holder.start()
    assert held.wait(60)
    try:
        assert run(lambda path: ask(secret, path).status_code, [first] * AT_ONCE) == [200] * AT_ONCE
    finally:
        done.set()
        join_all([holder])


def test_the_last_use_is_written_every_five_minutes(secret: str) -> None:
    path = send(secret, "first")["Location"]
    token = IngestToken.objects.get(digest=digest_secret(secret))
    assert token.last_used_at is not None
    ask(secret, path)
    assert IngestToken.objects.get(pk=token.pk).last_used_at == token.last_used_at
    IngestToken.objects.update(last_used_at=token.last_used_at - NOTED_EVERY)
    ask(secret, path)
    assert IngestToken.objects.get(pk=token.pk).last_used_at > timezone.now() - NOTED_EVERY
