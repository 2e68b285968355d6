"""Errors reach a tracker where one is set, and no secret goes with them."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import brotli
import pytest
from django.conf import settings

from partnerportal.error_tracker import remove_secrets_from_event
from tests.threads import PATIENCE, join_all

pytestmark = pytest.mark.slow  # each starts a process

SECRETS = (
    "TokenOfALink123",
    "QuerySecret",
    "BodySecret",
    "CookieSecret",
    "HeaderSecret",
    "LocalSecret",
    "RefererSecret",
)
FAIL = """
import django; django.setup()
import sentry_sdk
from django.core.wsgi import get_wsgi_application
from django.test import RequestFactory
from entitlements.actions import figures
from entitlements.tasks import merge_portfolio_figure_changes
from partnerportal import middleware

def fail(*args, **options):
    variable = "Local" + "Secret"
    raise ValueError("no such link: /i/TokenOfALink123/accept/")

middleware.tenancy.enter_tenant = figures.merge_portfolio_figure_changes = fail
asked = RequestFactory(headers={
    "referer": "http://localhost/?RefererSecret", "authorization": "Bearer HeaderSecret", "host": "localhost",
    "cookie": "portal-sid=CookieSecret"})
environ = asked.post("/i/TokenOfALink123/accept/?next=QuerySecret", {"password": "BodySecret"}).environ
answered = lambda status, headers: print(status[:3], dict(headers)["X-Request-ID"])
application = get_wsgi_application()
list(application(environ | {"HTTP_HOST": "evil.example"}, lambda *_answer: None))
list(application(environ, answered))
print(merge_portfolio_figure_changes.apply().id)
sentry_sdk.flush()
"""


UNPACK = {"gzip": gzip.decompress, "br": brotli.decompress, None: bytes}


class Tracker(BaseHTTPRequestHandler):
    """Keeps what is sent to it, as text."""

    envelopes: list[str]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.envelopes.append(UNPACK[self.headers["Content-Encoding"]](body).decode())
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture
def tracker() -> Iterator[tuple[str, list[str]]]:
    handler = type("Handler", (Tracker,), {"envelopes": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://key@127.0.0.1:{server.server_address[1]}/1", handler.envelopes
    server.shutdown()
    join_all([thread])
    server.server_close()


def run(code: str, **variables: str) -> subprocess.CompletedProcess:
    names = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", "PORTAL_PROCESS": "job", "LOG_FORMAT": "json"}
    environment = os.environ | names | variables
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, check=False, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )


def test_an_error_is_reported_without_any_secret(own_database, tracker):
    dsn, envelopes = tracker
    done = run(FAIL, SENTRY_DSN=dsn, **own_database)
    assert done.returncode == 0, done.stderr
    status, request_id, task_id = done.stdout.split()
    assert status == "500"
    told = "\n".join(envelopes)
    assert "evil.example" in done.stderr and "evil.example" not in told, "what strangers send amiss is no error of ours"
    assert [secret for secret in SECRETS if secret in told] == []
    events = [json.loads(line) for line in told.splitlines() if '"exception"' in line]
    of_request = next(event for event in events if event["tags"].get("request_id") == request_id)
    assert of_request["request"] == {"method": "POST", "url": "http://localhost/i/…/accept/"}
    assert of_request["exception"]["values"][-1]["value"] == "no such link: /i/…/accept/"
    assert any(event["tags"].get("task_id") == task_id for event in events)


def test_nothing_else_that_a_library_puts_into_a_report_is_told():
    """What that is depends on its version, and on who reports."""
    request = {name: f"Secret of {name}" for name in ("query_string", "headers", "cookies", "data", "env")}
    event = {
        "request": request | {"method": "POST", "url": "http://x/i/Secret1/accept/?next=Secret2#Secret3"},
        "extra": {"sys.argv": ["Secret4"]},
        "breadcrumbs": {"values": ["Secret5"]},
        "user": {"ip_address": "Secret6"},
        "tags": {"link": "Secret7"},
        "exception": {"values": [{"value": "no such link: /i/Secret8/"}]},
    }
    told = remove_secrets_from_event(event, None)
    assert "Secret" not in json.dumps(told)
    assert told["request"] == {"method": "POST", "url": "http://x/i/…/accept/"}


def test_without_the_setting_nothing_is_loaded_and_nobody_told():
    done = run("import sys, django; django.setup(); print('sentry_sdk' in sys.modules)")
    assert done.stdout == "False\n", done.stderr
