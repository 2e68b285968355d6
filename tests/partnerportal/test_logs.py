"""Log lines hold no secret of a URL, nobody forges one, and the checkpoints of events are read from them again."""

import json
import logging
import sys
from io import StringIO

import pytest
from django.urls import URLPattern, get_resolver

from notifications.actions.sealing import seal_next_events
from notifications.models import EventSeal
from notifications.tasks import write_event_checkpoint
from notifications.verification import parse_checkpoints
from partnerportal.celery import app
from partnerportal.lib import logs
from partnerportal.lib.secret_urls import SECRET_URL_PREFIXES, mask_secrets

TOKEN = "q7Zr" * 10 + "abc"
KEY = "1-cxyz12-0123456789abcdef0123456789abcdef"
SECRET_PATHS = [
    (f"/i/{TOKEN}/accept/", "/i/…/accept/"),
    ("/i/short", "/i/…"),
    (f"/calendar/{TOKEN}.ics", "/calendar/…"),
    (f"/sign-in/password/reset/key/{KEY}/", "/sign-in/password/reset/key/…/"),
    (f"?next=%2Fi%2F{TOKEN}%2Faccept%2F", "?next=%2Fi%2F…%2Faccept%2F"),
]
FORGED = '\r\n{"level": "ERROR"}\n192.0.2.9 GET /forged\x1b[31m\u2028'


def write(formatter: logging.Formatter, message: str, *values: object, **options: object) -> str:
    """What the handler writes of one record, with the end of its line."""
    output = StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(formatter)
    logger = logging.Logger("django.request")
    logger.addHandler(handler)
    logger.warning(message, *values, **options)
    return output.getvalue()


@pytest.fixture(params=[logs.JsonLineFormatter, logs.PlainLineFormatter])
def formatter(request: pytest.FixtureRequest) -> logging.Formatter:
    return request.param()


@pytest.mark.parametrize(("path", "shown"), SECRET_PATHS)
def test_a_secret_of_a_url_is_masked_wherever_it_stands(formatter, path, shown):
    try:
        raise ValueError(f"in an error: {path}")
    except ValueError:
        line = write(formatter, "Forbidden: %s", path, exc_info=True, extra={"fields": {"path": path}})
    text = " ".join(map(str, json.loads(line).values())) if line.startswith("{") else line
    assert text.count(shown) >= 2
    assert TOKEN not in line and KEY not in line and "short" not in line


def test_a_password_in_the_url_of_a_server_is_masked(formatter):
    line = write(formatter, "No answer from %s", "postgres://portal_web:Pa55word@db:5432/portal")
    assert "Pa55word" not in line and "@db:5432" in line


def test_nobody_forges_a_line(formatter):
    line = write(formatter, "Not Found: %s", f"/x{FORGED}", extra={"fields": {"path": f"/x{FORGED}"}})
    assert line.endswith("\n") and line[:-1].isprintable()


def test_a_traceback_looks_like_no_line_of_its_own():
    try:
        raise ValueError(f"bad{FORGED}")
    except ValueError:
        plain = write(logs.PlainLineFormatter(), "failed", exc_info=sys.exc_info())
        line = write(logs.JsonLineFormatter(), "failed", exc_info=sys.exc_info())
    assert all(part.startswith("    ") for part in plain.splitlines()[1:])
    assert "\x1b" not in plain and "Traceback" in plain
    assert line[:-1].isprintable() and "Traceback" in json.loads(line)["exc_info"]


def test_a_json_line_says_when_what_and_whose():
    with logs.bind_log_fields(request_id="abc", client="192.0.2.1"):
        logs.add_log_fields(person="p1")
        line = json.loads(
            write(logs.JsonLineFormatter(), "%s rows", 3, extra={"fields": {"status": 200}, "request": TOKEN})
        )
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "WARNING", "logger": "django.request", "message": "3 rows",
        "request_id": "abc", "client": "192.0.2.1", "person": "p1", "status": 200,
    }  # fmt: skip
    assert logs.get_log_fields() == {}


def test_fields_added_outside_a_block_are_kept_nowhere():
    logs.add_log_fields(person="p1")
    assert logs.get_log_fields() == {}


def test_every_url_with_a_secret_is_on_the_list():
    """A URL whose view is given a `token` or a `key` is one; see SecretURLMiddleware."""
    urls = list(secret_routes(get_resolver().url_patterns, "/"))
    assert len(urls) >= 3
    for url in urls:
        assert mask_secrets(url).count("…") == 1, url
    assert {begin for begin in SECRET_URL_PREFIXES for url in urls if url.startswith(begin)} == {*SECRET_URL_PREFIXES}


def secret_routes(patterns, before):
    for pattern in patterns:
        route = before + str(pattern.pattern).lstrip("^")
        if not isinstance(pattern, URLPattern):
            yield from secret_routes(pattern.url_patterns, route)
        elif any(name in route for name in (":token>", "<token>", ":key>", "<key>")):
            yield route.replace("<str:token>", TOKEN)


@pytest.mark.promise("G-12")
def test_a_checkpoint_of_the_events_stands_in_the_log_each_hour(world, formatter, caplog):
    """From where it leaves the house; `verify_events` reads the file."""
    while seal_next_events():
        pass
    with caplog.at_level(logging.INFO, logger="notifications"):
        write_event_checkpoint()
    last = EventSeal.objects.latest("position")
    [record] = [record for record in caplog.records if "checkpoint" in record.getMessage()]
    assert parse_checkpoints([formatter.format(record)]) == {last.position: bytes(last.digest).hex()}
    [planned] = [job for job in app.conf.beat_schedule.values() if job["task"] == write_event_checkpoint.name]
    assert len(planned["schedule"].hour) == 24 and len(planned["schedule"].minute) == 1
