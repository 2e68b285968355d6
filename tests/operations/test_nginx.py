"""The page's example for nginx, as it is written there, with two web processes behind it. Left out without an nginx."""

import json
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.plant import free_port
from tests.operations.conftest import Site, half_open, running
from tests.operations.test_proxy import TOKEN
from tests.server.sockets import SECRET, answer, parse, read_all, request
from tests.server.test_slow_clients import UNFINISHED
from tests.tools.test_proxy_config import NGINX

WHOLE = """daemon off;
pid {folder}/pid;
error_log {folder}/start.log;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{example}
}}
"""


class NginxSite(Site):
    def start_proxy(self) -> None:
        self.plain_port = free_port()
        made = {"-keyout": self.folder / "portal.key", "-out": self.folder / "portal.crt"}
        subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
        paths = [str(word) for pair in made.items() for word in pair]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject, *paths],
            check=True, capture_output=True,
        )  # fmt: skip
        places = {
            "/etc/ssl": str(self.folder),
            "/var/log/nginx": str(self.folder),
            "listen 443": f"listen 127.0.0.1:{self.port}",
            "listen 80": f"listen 127.0.0.1:{self.plain_port}",
            "https://portal.example.com": self.origin,
            "portal.example.com": "localhost",
            "127.0.0.1:8001": f"127.0.0.1:{self.webs[0]}",
            "127.0.0.1:8002": f"127.0.0.1:{self.webs[1]}",
        }
        example = re.sub("|".join(map(re.escape, places)), lambda found: places[found[0]], NGINX)
        whole = self.folder / "nginx.conf"
        whole.write_text(WHOLE.format(folder=self.folder, example=example))
        with (self.folder / "nginx.log").open("wb") as log:
            self.proxy = subprocess.Popen(
                ["nginx", "-c", whole], stdout=log, stderr=log, start_new_session=True, cwd=self.folder
            )
        self.until(self.answers)

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.folder / "portal.crt")


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Site]:
    if shutil.which("nginx") is None:
        pytest.skip("LEFT OUT: there is no nginx on this machine.")
    folder: Path = tmp_path_factory.mktemp("nginx")
    for place in (folder, *folder.parents[:2]):
        place.chmod(0o755)  # its workers are another user
    with django_db_blocker.unblock(), running(NginxSite, folder) as site:
        yield site


def test_a_page_comes_with_its_headers_and_no_version(site: Site) -> None:
    status, headers, body = site.ask("GET", "/sign-in/login/")
    assert status == 200 and b"</html>" in body
    assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert "default-src 'none'" in headers["content-security-policy"] and headers["permissions-policy"]
    assert headers["server"] == "nginx"
    assert site.ask("GET", "/metrics")[0] == 403


@pytest.mark.promise("O-6")
def test_a_large_upload_passes_and_a_large_form_does_not(site: Site) -> None:
    body = json.dumps({"type": "usage", "note": "x" * 20_000_000}).encode()
    named = {"Idempotency_Key": "large", "Content_Type": "application/x-ndjson"}
    assert site.ask("POST", "/api/v1/ingest/usage/", body, Authorization=f"Bearer {SECRET}", **named)[0] == 202
    assert site.ask("POST", "/api/v1/ingest/usage/", body, Authorization=f"Bearer {'x' * 43}")[0] == 401
    assert site.ask("POST", "/sign-in/login/", bytes(4_000_000))[0] == 413


@pytest.mark.parametrize("kind", UNFINISHED)
def test_half_open_connections_hold_nobody_up(site: Site, kind: str) -> None:
    with half_open(site, kind):
        for path in ("/healthz", "/sign-in/login/"):
            for _ in range(4):
                assert site.ask("GET", path)[0] == 200


def test_the_client_cannot_invent_what_the_proxy_says(site: Site) -> None:
    invented = {"X_Forwarded_For": "203.0.113.9", "X_Forwarded_Proto": "http", "X_Request_ID": "invented-by-client"}
    status, headers, _body = site.ask("GET", "/sign-in/login/", **invented)
    assert status == 200 and "invented" not in headers["x-request-id"]
    logs = "".join((site.folder / f"web{number}.log").read_text() for number in (0, 1))
    lines = [json.loads(line) for line in logs.splitlines() if headers["x-request-id"] in line]
    assert [line["client"] for line in lines] == ["127.0.0.1"] and "203.0.113.9" not in logs


def test_another_host_is_refused_and_plain_http_is_sent_to_https(site: Site) -> None:
    asked = request("GET", "/sign-in/login/", "Connection: close")
    with site.connect() as link:
        link.sendall(asked.replace(b"localhost", b"evil.example"))
        assert parse(read_all(link))[0] == 421
    assert answer(site.plain_port, asked.replace(b"localhost", b"evil.example"))[0] == 421
    status, headers, _body = answer(site.plain_port, asked)
    assert (status, headers["location"]) == (301, f"{site.origin}/sign-in/login/")


def test_the_log_holds_no_secret(site: Site) -> None:
    for path in (
        f"/i/{TOKEN}/?x=query",
        f"/calendar/{TOKEN}.ics",
        f"/sign-in/password/reset/key/1-{TOKEN}/",
        "/?query",
    ):
        site.ask("GET", path, Referer=f"{site.origin}/i/{TOKEN}/", Cookie=f"x={TOKEN}")
    shown = {"/i/…", "/calendar/…", "/sign-in/password/reset/key/…", "/"}
    site.until(lambda: shown <= set((site.folder / "portal.log").read_text().split()))
    text = "".join((site.folder / name).read_text() for name in ("portal.log", "portal.error.log", "start.log"))
    assert "Secret" not in text and "query" not in text


def test_one_web_process_may_leave(site: Site) -> None:
    site.stop_web(0)
    try:
        assert [site.ask("GET", "/sign-in/login/")[0] for _ in range(20)] == [200] * 20
    finally:
        site.start_web(0)
