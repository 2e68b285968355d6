"""Whoever asks for much at once waits for it alone."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from django.conf import settings
from django.db import connection, transaction

from partnerportal.server.thread_pools import FairQueue
from tests.databases import count_waiting_for
from tests.faults.plant import Plant, until
from tests.server.sockets import connect, half_open, read_all, request

MANY = 80  # requests of one session
COOKIE = settings.SESSION_COOKIE_NAME


def asks(name: str, **headers: str) -> Any:
    return SimpleNamespace(name=name, addr=("192.0.2.1", 1), requests=[SimpleNamespace(headers=headers)])


def test_senders_take_turns_and_each_keeps_their_order() -> None:
    queue = FairQueue()
    cookie = {name: f"other=1; {COOKIE}={name}" for name in "ab"}
    for task in (
        asks("a1", COOKIE=cookie["a"]), asks("a2", COOKIE=cookie["a"]), asks("a3", COOKIE=cookie["a"]),
        asks("b1", COOKIE=cookie["b"]), asks("b2", COOKIE=cookie["b"]),
        asks("c1"), asks("d1", X_FORWARDED_FOR="198.51.100.1"), asks("c2", COOKIE="other=1"),
        SimpleNamespace(name="rehearsal"),
    ):  # fmt: skip
        queue.append(task)
    assert len(queue) == 9
    order = [queue.popleft().name for _ in range(len(queue))]
    assert order == ["a1", "b1", "c1", "d1", "rehearsal", "a2", "b2", "c2", "a3"]
    assert not queue and queue.lines == {}


def ports_of_clients(plant: Plant) -> set[int]:
    workers = psutil.Process(plant.processes["web"].pid).children()
    return {link.raddr.port for worker in workers for link in worker.net_connections() if link.raddr}


@pytest.mark.slow
def test_many_requests_of_one_session_keep_nobody_else_waiting(plant: Plant, django_db_blocker: Any) -> None:
    page, done = request("GET", "/", f"Cookie: {COOKIE}={'x' * 43}", "Connection: close"), deque[str]()

    def read(name: str, link: Any) -> None:
        assert read_all(link).startswith(b"HTTP/1.1 ")
        done.append(name)

    with django_db_blocker.unblock(), half_open(plant.port, MANY, b"") as links, ThreadPoolExecutor(MANY + 1) as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE django_session")
            for link in links:
                link.sendall(page)
            readings = [pool.submit(read, "one of many", link) for link in links]
            until(lambda: count_waiting_for("django_session", cursor) >= 2)  # both threads of one process, at least
            links.append(connect(plant.port))
            links[-1].sendall(page.replace(b"x" * 43, b"y" * 43))
            readings.append(pool.submit(read, "somebody else", links[-1]))
            port = links[-1].getsockname()[1]
            until(lambda: port in ports_of_clients(plant))  # of a process that has taken it in
        for reading in readings:
            reading.result(timeout=60)
    assert done.index("somebody else") < MANY / 2, done
