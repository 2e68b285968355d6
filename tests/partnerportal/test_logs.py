"""Logs hold no secret of an address, and nobody forges a line of them."""

import datetime as dt
import logging
import runpy
from types import SimpleNamespace

import pytest
from django.conf import settings
from gunicorn.config import Config

from partnerportal.logs import LineFormatter

TOKEN = "q7Zr" * 10 + "abc"
KEY = "1-cxyz12-0123456789abcdef0123456789abcdef"


def access_line(path: str) -> str:
    """What the web server's logger, as configured, writes of a request for that path."""
    ours = runpy.run_path(str(settings.BASE_DIR / "gunicorn.conf.py"))
    request, response = SimpleNamespace(headers=[]), SimpleNamespace(status="200 OK", headers=[], sent=0)
    environ = {
        "PATH_INFO": path,
        "REMOTE_ADDR": "192.0.2.1",
        "REQUEST_METHOD": "GET",
        "RAW_URI": path,
        "SERVER_PROTOCOL": "HTTP/1.1",
    }
    atoms = ours["logger_class"](Config()).atoms(response, request, environ, dt.timedelta(0))
    return ours["access_log_format"] % {**dict.fromkeys("hmUsBM", ""), **atoms}


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (f"/i/{TOKEN}/accept/", "/i/…/accept/"),
        (f"/calendar/{TOKEN}.ics", "/calendar/…"),
        (f"/sign-in/password/reset/key/{KEY}/", "/sign-in/password/reset/key/…/"),
        ("/x\r\n192.0.2.9 GET /forged\x1b[31m", r"/x\r\n192.0.2.9 GET /forged\x1b[31m"),
    ],
)
def test_the_access_log(path: str, shown: str) -> None:
    line = access_line(path)
    assert shown in line and line.isprintable()
    assert TOKEN not in line and KEY not in line


@pytest.mark.parametrize("path", [f"/i/{TOKEN}/", f"/calendar/{TOKEN}.ics", f"/sign-in/password/reset/key/{KEY}/"])
def test_the_application_log(path: str) -> None:
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, "Forbidden: %s", (path,), None)
    line = LineFormatter().format(record)
    assert "…" in line and TOKEN not in line and KEY not in line
