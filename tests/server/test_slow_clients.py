"""Clients that begin a request and do not end it keep nobody waiting (finding 1 of November 2026)."""

import resource
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.db import connection, transaction

from partnerportal.server.connections import CONNECTIONS
from tests.databases import count_waiting_for
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


@pytest.mark.promise("S-1")
@pytest.mark.parametrize("kind", UNFINISHED)
def test_half_open_connections_hold_nobody_up(plant: Plant, kind: str) -> None:
    with half_open(plant.port, MANY, UNFINISHED[kind]):
        answers = [get(plant.port, path) for path in ("/healthz", "/sign-in/login/", "/readyz") for _ in range(4)]
    assert {status for status, _seconds in answers} == {200}
    assert max(seconds for _status, seconds in answers) < PROMPT, answers


@pytest.mark.promise("S-1")
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
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))  # what a process may be given; the server takes more
        server = serve(WEB_CONCURRENCY="1", REQUEST_SECONDS="120")  # until then none of them ends by itself
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * CONNECTIONS), hard))
        with half_open(server.port, CONNECTIONS + 50, UNFINISHED["headers"]) as links:
            assert server.get("/"), "within PATIENCE, which is half of that"
            closed = [number for number, link in enumerate(links) if is_closed(link)]
        assert closed == list(range(51))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def is_closed(link: socket.socket) -> bool:
    link.setblocking(False)
    with suppress(BlockingIOError):
        return link.recv(1) == b""
    return False


@pytest.mark.parametrize(("busy", "other"), [("/", "/api/v1/ingest/"), ("/api/v1/ingest/", "/")])
def test_pages_and_uploads_have_threads_of_their_own(serve: Callable[..., Server], busy: str, other: str) -> None:
    server = serve(WEB_CONCURRENCY="1")
    wait = request("GET", f"{busy}wait/{2 * PROMPT}/", f"Authorization: Bearer {SECRET}")
    with half_open(server.port, 4, wait):
        time.sleep(1)  # until the threads have them; earlier nothing is shown, and nothing fails
        started = time.monotonic()
        assert server.get(other)
        assert time.monotonic() - started < PROMPT


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="asks the kernel which files are open")
def test_a_large_body_lies_on_the_disk_until_it_is_whole(serve: Callable[..., Server]) -> None:
    """In memory, a few senders would end the process; and `/tmp` is memory in a container."""
    size = 64 * 1024**2
    server = serve(WEB_CONCURRENCY="1")
    (worker,) = server.workers()
    before = psutil.Process(worker).memory_info().rss
    head = request("POST", "/api/v1/ingest/usage/", f"Authorization: Bearer {SECRET}", f"Content-Length: {size}")
    with half_open(server.port, 1, head) as (link,):
        link.sendall(bytes(size - 1))
        server.until(lambda: written_below(server.private, worker) >= size - 1024**2)
        assert psutil.Process(worker).memory_info().rss - before < size / 4


def written_below(folder: Path, pid: int) -> int:
    """The bytes of all files that the process has open there; they have no names."""
    found = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found += link.stat().st_size if str(link.readlink()).startswith(str(folder)) else 0
    return found


def test_health_is_answered_while_every_thread_draws_a_slow_page(plant: Plant, django_db_blocker: Any) -> None:
    """Whoever restarts what is not healthy would otherwise restart what is only busy."""
    with django_db_blocker.unblock(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE django_session")
        page = request("GET", "/", "Cookie: portal-sid=" + "x" * 32)
        with half_open(plant.port, MANY, page) as links:
            # Two processes with two threads; the second process may still be starting.
            while count_waiting_for("django_session", cursor) < 4:
                assert len(links) < 20 * MANY, count_waiting_for("django_session", cursor)
                links.append(connect(plant.port))
                links[-1].sendall(page)
                time.sleep(0.05)
            answers = [get(plant.port, path) for path in ("/healthz", "/readyz") for _ in range(4)]
            assert count_waiting_for("django_session", cursor), "the threads were free again before the end"
    assert {status for status, _seconds in answers} == {200}
    assert max(seconds for _status, seconds in answers) < PROMPT, answers
