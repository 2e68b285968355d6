"""The proxy as it is shipped: nobody waits for slow clients, nothing secret is written down, headers are its own."""

import http.client
import json
import ssl
import time
from contextlib import suppress

import pytest

from tests.operations.conftest import Site, half_open
from tests.server.sockets import PATIENCE, answer, parse, read_all, request
from tests.server.test_slow_clients import FORM, PROMPT, UNFINISHED

TOKEN = "SecretToken123" * 4


@pytest.mark.parametrize("kind", UNFINISHED)
def test_half_open_connections_hold_nobody_up(site: Site, kind: str) -> None:
    with half_open(site, kind):
        for path in ("/healthz", "/sign-in/login/"):
            for _ in range(4):
                started = time.monotonic()
                assert site.ask("GET", path)[0] == 200
                assert time.monotonic() - started < PROMPT


def test_a_trickle_of_headers_is_cut(site: Site) -> None:
    with site.connect() as link:
        link.sendall(UNFINISHED["headers"])
        link.settimeout(0.5)
        started, is_open = time.monotonic(), True
        while is_open and time.monotonic() - started < PATIENCE:
            with suppress(TimeoutError):
                try:
                    link.sendall(b"a")
                    is_open = bool(link.recv(65536))
                except (ConnectionError, ssl.SSLError):
                    is_open = False
        assert 8 < time.monotonic() - started < 30


SLOW_BODIES = {
    "a form": ("POST", "/sign-in/login/", (FORM,), 408),
    "a page": ("GET", "/sign-in/login/", (), 408),
    "a stranger's upload": ("POST", "/api/v1/ingest/usage/", (f"Authorization: Bearer {'x' * 43}",), 401),
}


@pytest.mark.parametrize("kind", SLOW_BODIES)
def test_a_body_that_does_not_come_is_answered_and_cut(site: Site, kind: str) -> None:
    """Within the ten seconds of the web process, and not after the eleven minutes that an upload may take."""
    method, path, headers, status = SLOW_BODIES[kind]
    with site.connect() as link:
        head = request(method, path, *headers, "Content-Length: 1000", body=b"a")
        link.sendall(head.replace(b"localhost", f"localhost:{site.port}".encode()))
        said = parse(read_all(link))
    assert said[0] == status and said[1]["connection"] == "close"


def test_another_host_is_refused(site: Site) -> None:
    """Also in plain HTTP, where it was redirected to wherever it named."""
    asked = request("GET", "/sign-in/login/", "Connection: close")
    for host in (b"evil.example", b"", f"127.0.0.1:{site.port}".encode()):
        with site.connect() as link:
            link.sendall(asked.replace(b"localhost", host))
            assert parse(read_all(link))[0] in (400, 421)
        assert answer(site.plain_port, asked.replace(b"localhost", host))[0] in (400, 421)


def test_the_client_cannot_invent_what_the_proxy_says(site: Site) -> None:
    invented = {"X_Forwarded_For": "203.0.113.9", "X_Forwarded_Proto": "http", "X_Forwarded_Host": "evil.example"}
    status, headers, _body = site.ask(
        "GET", "/sign-in/login/?invented=1", X_Request_ID="invented-by-client", **invented
    )
    assert status == 200 and "invented" not in headers["x-request-id"]
    logs = "".join((site.folder / f"web{number}.log").read_text() for number in (0, 1))
    lines = [json.loads(line) for line in logs.splitlines() if headers["x-request-id"] in line]
    assert [line["client"] for line in lines] == ["127.0.0.1"]
    assert "203.0.113.9" not in logs


def test_no_answer_names_a_program(site: Site) -> None:
    for path in ("/healthz", "/sign-in/login/", "/nothing/", "/metrics", "/api/v1/notices/"):
        status, headers, _body = site.ask("GET", path)
        assert status in (200, 401, 404) and not {"server", "via"} & set(headers)
    assert site.ask("GET", "/metrics")[0] == 404


def test_plain_http_is_sent_to_https(site: Site) -> None:
    link = http.client.HTTPConnection("localhost", site.plain_port, timeout=60)
    link.request("GET", f"/i/{TOKEN}/")
    answer = link.getresponse()
    assert (answer.status, answer.headers["Location"]) == (308, f"{site.origin}/i/{TOKEN}/")
    link.close()


@pytest.mark.promise("O-6")
def test_too_much_is_refused_and_an_upload_passes(site: Site) -> None:
    with site.connect() as link:
        head = request("POST", "/api/v1/notices/", "Content-Length: 999999999", body=bytes(65536))
        link.sendall(head.replace(b"localhost", f"localhost:{site.port}".encode()))
        assert b" 413 " in link.recv(65536)
    body = bytes(5_000_000)
    status, _headers, _body = site.ask("POST", "/api/v1/ingest/usage/", body, Authorization=f"Bearer {'x' * 43}")
    assert status == 401, "it went all the way"


def test_the_log_holds_no_secret(site: Site) -> None:
    paths = [f"/i/{TOKEN}/?x=query", f"/calendar/{TOKEN}.ics", f"/sign-in/password/reset/key/1-{TOKEN}/"]
    for path in paths:
        site.ask("GET", path, Referer=f"{site.origin}/i/{TOKEN}/", Cookie=f"x={TOKEN}")
    site.until(lambda: len([entry for entry in site.access_log() if "…" in entry["request"]["uri"]]) >= 3)
    uris = {entry["request"]["uri"] for entry in site.access_log()}
    assert {"/i/…/…", "/calendar/…", "/sign-in/password/reset/key/…/"} <= uris
    log = (site.folder / "proxy.log").read_text()
    assert "Secret" not in log and "query" not in log
