"""Clients that begin a request and do not end it keep nobody waiting (finding 1 of November 2026)."""

import resource
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from partnerportal.server.connections import CONNECTIONS
from tests.faults.plant import Plant
from tests.server.conftest import Server
from tests.server.sockets import SECRET, connect, get, half_open, request, trickle

pytestmark = pytest.mark.slow
MANY = 32
PROMPT = 5  # seconds, half of the deadline: who waited for a slow client waited longer; it takes a hundredth of it
LENGTH = "Content-Length: 1000"
FORM = "Content-Type: application/x-www-form-urlencoded"
UNFINISHED = {
    "headers": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ",
    "nothing": b"",
    "form": request("POST", "/sign-in/login/", LENGTH, FORM, "Cookie: portal-csrf=" + "x" * 32, body=b"csrf"),
    "upload": request("POST", "/api/v1/ingest/usage/", LENGTH, f"Authorization: Bearer {SECRET}", body=b"{"),
    "chunks": request("POST", "/sign-in/login/", "Transfer-Encoding: chunked", body=b"5\r\nab"),
}


@pytest.mark.parametrize("kind", UNFINISHED)
def test_half_open_connections_hold_nobody_up(plant: Plant, kind: str) -> None:
    with half_open(plant.port, MANY, UNFINISHED[kind]):
        answers = [get(plant.port, path) for path in ("/healthz", "/sign-in/login/", "/readyz") for _ in range(4)]
    assert {status for status, _seconds in answers} == {200}
    assert max(seconds for _status, seconds in answers) < PROMPT, answers


def test_a_trickle_does_not_outlive_the_deadline(plant: Plant) -> None:
    port, started = plant.port, time.monotonic()
    with trickle(port, MANY, UNFINISHED["headers"]) as headers, trickle(port, MANY, UNFINISHED["form"]) as form:
        answers = [get(port, path) for path in ("/healthz", "/sign-in/login/") for _ in range(4)]
        while len(headers) + len(form) < 2 * MANY and time.monotonic() - started < 30:
            time.sleep(0.2)
        lasted = [*headers, *form]
    assert {status for status, _seconds in answers} == {200}
    assert max(seconds for _status, seconds in answers) < PROMPT, answers
    assert len(lasted) == 2 * MANY and min(lasted) > 8 and max(lasted) < 25, sorted(lasted)


def test_more_connections_than_a_process_takes_hold_nobody_up(serve: Callable[..., Server]) -> None:
    """Those that have waited longest without a whole request make room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * CONNECTIONS), hard))
    try:
        server = serve(WEB_CONCURRENCY="1")
        with half_open(server.port, CONNECTIONS + 50, UNFINISHED["headers"]):
            for _ in range(4):
                started = time.monotonic()
                assert server.get("/") and time.monotonic() - started < PROMPT
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_health_is_answered_while_every_thread_draws_a_slow_page(plant: Plant, django_db_blocker: Any) -> None:
    """Whoever restarts what is not healthy would otherwise restart what is only busy."""
    with django_db_blocker.unblock(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE django_session")
        page = request("GET", "/", "Cookie: portal-sid=" + "x" * 32)
        with half_open(plant.port, MANY, page) as links:
            while waiting_for_the_lock(cursor) < 4:  # two processes with two threads; the second may still be starting
                assert len(links) < 20 * MANY, waiting_for_the_lock(cursor)
                links.append(connect(plant.port))
                links[-1].sendall(page)
                time.sleep(0.05)
            answers = [get(plant.port, path) for path in ("/healthz", "/readyz") for _ in range(4)]
            assert waiting_for_the_lock(cursor), "the threads were free again before the end"
    assert {status for status, _seconds in answers} == {200}
    assert max(seconds for _status, seconds in answers) < PROMPT, answers


def waiting_for_the_lock(cursor: Any) -> int:
    cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'django_session'::regclass")
    return int(cursor.fetchone()[0])
