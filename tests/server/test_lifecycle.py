"""Processes start, are renewed and leave without a request lost."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest
from django.test import Client

from tests.server.conftest import Server, facts
from tests.server.sockets import PATIENCE, SECRET, answer, connect, get, parse, read_all, receive, request
from tests.threads import join_all

pytestmark = pytest.mark.slow
BEARER = f"Authorization: Bearer {SECRET}"
UPLOAD = request("POST", "/api/v1/ingest/usage/", BEARER, "Content-Length: 4", body=b"ab")


class Caller(threading.Thread):
    """Asks again and again, on a connection that it keeps as long as it may; remembers who answered and how soon."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.link = HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.over = threading.Event()
        self.answers: list[tuple[str, float]] = []
        self.start()

    def run(self) -> None:
        while not self.over.wait(0.05):
            started = time.monotonic()
            try:
                self.link.request("GET", "/")
                who = facts(self.link.getresponse().read())["pid"]
            except Exception as error:
                who = repr(error)
                self.link.close()
            self.answers.append((who, time.monotonic() - started))
        self.link.close()

    def stop(self) -> list[tuple[str, float]]:
        self.over.set()
        join_all([self])
        return self.answers


@pytest.mark.promise("O-15")
def test_each_thread_has_drawn_a_page_before_it_is_asked_for_one(serve: Callable[..., Server]) -> None:
    server = serve(WEB_THREADS="3", WEB_CONCURRENCY="1")
    assert server.get("/")["drawn"] == "3"


def test_a_first_page_that_fails_keeps_no_process_from_its_start(serve: Callable[..., Server]) -> None:
    server = serve("--timeout", "300", FIRST_PAGE_FAILS="1")  # as long as it would be waited for
    assert "RuntimeError: a first page" in server.log.read_text()


@pytest.mark.promise("O-15")
def test_a_reload_goes_on_answering_until_the_new_processes_are_ready(serve: Callable[..., Server]) -> None:
    server = serve(IMPORT_SECONDS="10")
    before = {str(pid) for pid in server.workers()}
    caller = Caller(server)
    server.process.send_signal(signal.SIGHUP)
    server.until(lambda: len(server.workers()) == 2 and not before & {str(pid) for pid in server.workers()})
    answers = caller.stop()
    assert {who for who, _seconds in answers} <= before | {str(pid) for pid in server.workers()}
    assert len({who for who, _seconds in answers} - before) > 0, "no new process answered"
    assert max(seconds for _who, seconds in answers) < 9, "somebody waited for the start, which takes ten seconds"


def test_a_leaving_process_finishes_what_it_has_in_hand(serve: Callable[..., Server]) -> None:
    server = serve(WEB_CONCURRENCY="1")
    with connect(server.port) as busy, connect(server.port) as upload, connect(server.port) as idle:
        idle.sendall(request("GET", "/"))
        assert receive(idle)[0] == 200
        busy.sendall(request("GET", "/wait/2/"))
        upload.sendall(UPLOAD)
        time.sleep(0.5)
        server.process.terminate()
        server.until(lambda: refuses(server.port))
        idle.sendall(request("GET", "/"))
        upload.sendall(b"cd")
        for link in (busy, upload, idle):
            status, headers, body = parse(read_all(link))
            assert (status, headers["connection"]) == (200, "close"), body
    assert server.process.wait(20) == 0


def test_a_server_that_leaves_says_so_before_it_refuses(serve: Callable[..., Server]) -> None:
    """A proxy that looks each two seconds has time to see it; whoever comes meanwhile is answered."""
    server = serve()
    said = {get(server.port, "/readyz")[0]}
    server.process.terminate()
    told = time.monotonic()
    with suppress(ConnectionError):
        while time.monotonic() - told < PATIENCE:
            said.add(get(server.port, "/readyz")[0])
            server.get("/")
    assert said == {200, 503} and 3 < time.monotonic() - told < PATIENCE
    assert server.process.wait(20) == 0


def test_who_is_told_of_a_leave_is_not_ready(client: Client) -> None:
    answer = client.get("/readyz", **{"portal.leaves": True})  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()) == (503, {"process": "leaving"})


def test_a_reload_is_no_leave(serve: Callable[..., Server]) -> None:
    server = serve()
    before, said = server.workers(), set()
    server.process.send_signal(signal.SIGHUP)
    server.until(lambda: said.add(get(server.port, "/readyz")[0]) or not before & server.workers())
    assert said == {200}


def refuses(port: int) -> bool:
    try:
        connect(port).close()
    except ConnectionError:  # refused, or reset in the moment of closing
        return True
    return False


def test_an_unused_connection_does_not_keep_a_process_from_leaving(serve: Callable[..., Server]) -> None:
    server = serve(WEB_CONCURRENCY="1")
    with connect(server.port) as used, connect(server.port) as bare:
        used.sendall(request("GET", "/"))
        assert receive(used)[0] == 200
        server.process.terminate()
        assert server.process.wait(15) == 0, "the parent's limit is twenty seconds"
        assert read_all(used) == read_all(bare) == b""


@pytest.mark.promise("S-15")
def test_renewal_cuts_nobody_off(serve: Callable[..., Server]) -> None:
    """A kept connection is told that it ends by the last answer on it."""
    server = serve("--max-requests", "20", "--max-requests-jitter", "0")
    callers = [Caller(server) for _ in range(3)]
    server.until(lambda: len({who for caller in callers for who, _seconds in caller.answers}) > 4)
    answers = [found for caller in callers for found in caller.stop()]
    assert all(who.isdigit() for who, _seconds in answers), answers


def test_renewal_waits_for_an_upload(serve: Callable[..., Server]) -> None:
    server = serve("--max-requests", "5", "--max-requests-jitter", "0", WEB_CONCURRENCY="1")
    (worker,) = server.workers()
    with connect(server.port) as upload:
        upload.sendall(UPLOAD)
        for _ in range(10):
            assert server.get("/")["pid"] == str(worker)
        upload.sendall(b"cd")
        known = facts(receive(upload)[2])
        assert (known["pid"], known["size"]) == (str(worker), "4")
    server.until(lambda: server.workers() and worker not in server.workers())


def test_a_process_whose_loop_hangs_is_replaced(serve: Callable[..., Server]) -> None:
    server = serve("--timeout", "2", WEB_CONCURRENCY="1")
    (worker,) = server.workers()
    server.get("/wait/4/")  # a thread that is slow is no loop that hangs
    assert server.workers() == {worker}
    os.kill(worker, signal.SIGSTOP)
    server.until(lambda: server.workers() and worker not in server.workers() and server.answers())
    assert not psutil.pid_exists(worker)


def test_processes_end_with_their_parent(serve: Callable[..., Server]) -> None:
    server = serve()
    workers = server.workers()
    server.process.kill()
    server.process.wait(60)
    server.until(lambda: not any(psutil.pid_exists(pid) for pid in workers))


def test_an_error_of_the_application_is_answered(serve: Callable[..., Server]) -> None:
    server = serve()
    status, headers, body = answer(server.port, request("GET", "/boom/"))
    assert (status, headers["content-type"]) == (500, "text/plain; charset=utf-8") and b"boom" not in body


def test_forwarded_headers_are_left_to_the_application(serve: Callable[..., Server]) -> None:
    server = serve()
    given = ("X-Forwarded-For: 203.0.113.9, 192.0.2.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example")
    given += ("Forwarded: for=203.0.113.9", "X_Forwarded_For: 198.51.100.7")
    known = facts(answer(server.port, request("GET", "/", *given, "Connection: close"))[2])
    assert known["HTTP_X_FORWARDED_FOR"] == "203.0.113.9, 192.0.2.1" and known["HTTP_X_FORWARDED_PROTO"] == "https"
    assert known["HTTP_X_FORWARDED_HOST"] == "evil.example" and known["HTTP_FORWARDED"] == "for=203.0.113.9"
    assert (known["REMOTE_ADDR"], known["wsgi.url_scheme"], known["HTTP_HOST"]) == ("127.0.0.1", "http", "localhost")


def test_a_socket_file_serves_too(serve: Callable[..., Server], tmp_path: Path) -> None:
    path = tmp_path / "web.sock"
    serve("--bind", f"unix:{path}")
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(60)
        link.connect(str(path))
        link.sendall(request("GET", "/", "Connection: close"))
        assert facts(parse(read_all(link))[2])["HTTP_HOST"] == "localhost"
