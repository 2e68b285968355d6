"""The schema against the API: whatever a caller who reads the schema may send is answered as the schema says."""

import base64
import json
import re
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import werkzeug.test
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from partnerportal.lib.requests import Utf8Request
from tests import conftest
from tests.api.schema_values import ACTORS, FIELD_CODES, HEADERS, OTHER_VALUES, QUERIES, find, make_bodies
from tests.counts import count

PATH = Path(__file__).resolve().parents[2] / "docs/openapi.yaml"
SCHEMA = schemathesis.openapi.from_path(PATH)
OPERATIONS = {result.ok().label: result.ok() for result in SCHEMA.get_all_operations()}
INGEST = "/api/v1/ingest/"  # by a token, without a session
TOKEN = "a" * 32
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=1),
    max_leaves=3,
)
# A cursor is any text to the schema: by chance alone none would ever be JSON.
CURSORS = st.tuples(
    st.none() | JSON_VALUES, st.just([1, 1, False]) | st.lists(JSON_VALUES, min_size=3, max_size=3)
).map(lambda parts: base64.urlsafe_b64encode(json.dumps([parts[0], *parts[1]]).encode()).decode().rstrip("="))
load_all_checks()
CONFORMANCE = [
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    )
]


@schemathesis.serializer("application/x-ndjson")
def as_it_is(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


@pytest.fixture
def cookies(api):
    """Those of a caller who may do it, with a CSRF token."""

    def make(label):
        cookies = {name: morsel.value for name, morsel in api(find(ACTORS, label)).cookies.items()}
        return cookies | {"portal-csrf": TOKEN}

    return make


@pytest.fixture
def sign_in(cookies, token):
    """Return a function that gives the headers and cookies of a caller who may do it."""

    def make(label):
        plain = {"Accept-Encoding": "identity"}  # this transport unpacks nothing
        if INGEST in label:
            return plain | {"Authorization": f"Bearer {token.secret}"}, {}
        return plain | {"X-CSRFToken": TOKEN}, cookies(label)

    return make


@pytest.fixture
def application():
    """The portal inside the test's transaction, which outlives each request: keep the connection, leave the tenant."""
    handler = get_wsgi_application()
    handler.request_class = Utf8Request

    def call(environ: Any, start_response: Any) -> Any:
        before = conftest._current()
        try:
            with closing(handler(environ, start_response)) as response:
                return [b"".join(response)]
        finally:
            conftest._enter(before)

    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield call
    for signal in signals:
        signal.connect(close_old_connections)


def make_possible(label, case, real, data):
    """Put real values into an invented call, but where `data` draws that it keeps what was invented."""
    possible = make_call(label, real)
    case.path_parameters = possible["path_parameters"]
    if data.draw(st.booleans()):
        case.query = possible["query"]
    if data.draw(st.booleans()):
        case.headers = possible["headers"]
    if isinstance(case.body, dict):
        body = possible.get("body", {})
        invented = data.draw(st.sets(st.sampled_from(sorted(body)))) if body else set()
        case.body |= {name: value for name, value in body.items() if name not in invented}


def make_call(label, real):
    """Return the arguments of a call that succeeds. An If-Match of "*" stands for any version."""
    operation = OPERATIONS[label]
    real = real | {name: real[other] for name, other in find(OTHER_VALUES, label, {}).items()}
    call = {
        "path_parameters": {parameter.name: real[parameter.name] for parameter in operation.path_parameters},
        "query": {name: real[value] for name, value in find(QUERIES, label, {}).items()},
        "headers": {name: value for name, value in HEADERS.items() if name in operation.headers},
    }
    if operation.body:
        call |= {"body": find(make_bodies(real), label, {}), "media_type": operation.body[0].media_type}
    return call


def read_codes(response):
    return {error["code"] for error in response.json()["errors"]}


def declared_codes(operation, status):
    text = operation.definition.raw["responses"][str(status)]["description"]
    return set(re.findall(r"`(\w+)`", text.partition("Codes: ")[2])) | (FIELD_CODES if status == 400 else set())


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_operation_keeps_its_word(application, sign_in, real, label):
    """None of its invented calls answers 5xx, and each has the status, shape and codes declared."""
    operation, (headers, sent) = OPERATIONS[label], sign_in(label)

    @settings(max_examples=count(100), database=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def call(data):
        modes = [GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
        case = data.draw(operation.as_strategy(generation_mode=data.draw(st.sampled_from(modes))))
        if data.draw(st.integers(0, 3)):
            make_possible(label, case, real, data)
            if "cursor" in operation.query and data.draw(st.booleans()):
                case.query = {"cursor": data.draw(CURSORS)}
        response = case.call(app=application, headers=headers, cookies=sent)
        case.validate_response(response, checks=CONFORMANCE)
        if response.status_code >= 400:
            assert read_codes(response) <= declared_codes(operation, response.status_code)

    with suppress(FlakyStrategyDefinition):  # the generator draws otherwise when asked again: no word on the API
        call()


@pytest.mark.slow
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_operation_can_succeed(application, sign_in, real, label):
    """Without this one, the invented calls could all be refused for want of a value, and would show nothing."""
    headers, sent = sign_in(label)
    case = OPERATIONS[label].Case(**make_call(label, real))
    response = case.call(app=application, headers=headers, cookies=sent)
    assert response.status_code < 300, response.text
    case.validate_response(response, checks=CONFORMANCE)


BROKEN: Any = {  # what is sent, and the answer
    "not JSON": ({"data": b"{"}, 400, "parse_error"),
    "an unknown field": ({"data": b'{"nobody": 1}'}, 400, "unknown_field"),
    "too large": ({"data": b'"' + b"a" * 5_000_000 + b'"'}, 413, "too_large"),
    "another type": ({"data": b"a=1", "content_type": "text/plain"}, 415, "unsupported_media_type"),
    "another site": ({"data": {}, "headers": {"X-CSRFToken": ""}}, 403, "csrf_failed"),
}
EDITS = [
    (label, fault)
    for label, operation in OPERATIONS.items()
    for fault in BROKEN
    if not label.startswith("GET ") and INGEST not in label
    if fault == "another site" or any(body.media_type == "application/json" for body in operation.body)
]


@pytest.mark.parametrize("label, fault", EDITS)
def test_every_edit_declares_how_it_refuses_a_broken_request(application, sign_in, real, label, fault):
    """Invented calls meet these by luck alone."""
    operation, (headers, sent) = OPERATIONS[label], sign_in(label)
    (broken, status, code), call = BROKEN[fault], make_call(label, real)
    client = werkzeug.test.Client(application)
    for name, value in sent.items():
        client.set_cookie(name, value)
    response = client.open(
        operation.path.format(**call["path_parameters"]),
        method=operation.method,
        **{"content_type": operation.body[0].media_type if operation.body else "application/json"}
        | broken
        | {"headers": call["headers"] | headers | broken.get("headers", {})},
    )
    assert response.status_code == status
    assert {error["code"] for error in response.json["errors"]} == {code} <= declared_codes(operation, status)


@pytest.mark.parametrize("charset", ["hex", "base64", "rot13", "utf-7", "nonsense"])
def test_a_claimed_charset_breaks_nothing(application, cookies, charset):
    client = werkzeug.test.Client(application)
    for name, value in cookies("GET").items():
        client.set_cookie(name, value)
    response = client.get("/api/v1/customers/?q=%41", content_type=f"text/plain; charset={charset}")
    assert response.status_code == 200


def test_the_committed_schema_is_the_apis_own(tmp_path):
    call_command("spectacular", file=str(tmp_path / "schema.yaml"), validate=True, fail_on_warn=True)
    assert (tmp_path / "schema.yaml").read_text() == PATH.read_text()


def test_the_schema_is_served_to_those_who_are_signed_in(api):
    assert api("anonymous").get("/api/schema/").status_code == 401
    response = api("partner.reader").get("/api/schema/")
    assert response.status_code == 200
    assert b"/api/v1/customers/" in response.content


def test_the_reference_has_no_inline_code(web):
    page = web("partner.reader").get("/api/docs/")
    assert page.status_code == 200
    assert b"<style" not in page.content and b"style=" not in page.content
    assert b"<script>" not in page.content
    script = web("partner.reader").get("/api/docs/?script=")
    assert script["Content-Type"].startswith("application/javascript")
    assert web("anonymous").get("/api/docs/").status_code == 302
