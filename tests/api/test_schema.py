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
from tests.api.schema_values import ACTORS, FIELD_CODES, IN_BODIES, OTHER_VALUES, QUERIES, find, make_bodies
from tests.counts import count

PATH = Path(__file__).resolve().parents[2] / "docs/openapi.yaml"
SCHEMA = schemathesis.openapi.from_path(PATH)
OPERATIONS = {result.ok().label: result.ok() for result in SCHEMA.get_all_operations()}
INGEST = "/api/v1/ingest/"  # by a token, without a session
TOKEN = "a" * 32
ROUNDS = 20  # what is invented once in a while asks nothing that can succeed
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


def make_possible(label, case, real, data=None):
    """Put real values into a call; `data` draws which invented ones it keeps, without it none."""
    real = real | {name: real[other] for name, other in find(OTHER_VALUES, label, {}).items()}
    case.path_parameters = {name: real[name] for name in case.path_parameters or {}}
    if data is None or data.draw(st.booleans()):
        case.query = {name: real[value] for name, value in find(QUERIES, label, {}).items()}
    if not isinstance(case.body, dict):
        return
    possible = find(make_bodies(real), label, {}) or {name: real[name] for name in IN_BODIES & case.body.keys()}
    invented = data.draw(st.sets(st.sampled_from(sorted(possible)))) if data and possible else set()
    case.body |= {name: value for name, value in possible.items() if name not in invented}


def read_codes(response):
    return {error["code"] for error in response.json()["errors"]}


def declared_codes(operation, status):
    text = operation.definition.raw["responses"][str(status)]["description"]
    return set(re.findall(r"`(\w+)`", text.partition("Codes: ")[2])) | (FIELD_CODES if status == 400 else set())


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_operation_keeps_its_word(application, cookies, real, token, label):
    """At least one invented call succeeds, none answers 5xx, and each has the status, shape and codes declared."""
    operation, sent, headers = OPERATIONS[label], cookies(label), {"X-CSRFToken": TOKEN}
    if INGEST in label:
        sent, headers = {}, {"Authorization": f"Bearer {token.secret}"}
    statuses = set()

    @settings(max_examples=count(100), database=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def call(data):
        modes = [GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
        mode = GenerationMode.POSITIVE if is_sure else data.draw(st.sampled_from(modes))
        case = data.draw(operation.as_strategy(generation_mode=mode))
        if is_sure or data.draw(st.integers(0, 3)):
            make_possible(label, case, real, None if is_sure else data)
            if is_sure or data.draw(st.booleans()):
                # An invented If-Match names no version that there is, and "*" stands for any.
                case.headers = {"If-Match": "*"} if "If-Match" in operation.headers else {}
            if not is_sure and "cursor" in operation.query and data.draw(st.booleans()):
                case.query = {"cursor": data.draw(CURSORS)}
        response = case.call(app=application, headers=headers, cookies=sent)
        statuses.add(response.status_code)
        case.validate_response(response, checks=CONFORMANCE)
        if response.status_code >= 400:
            assert read_codes(response) <= declared_codes(operation, response.status_code)

    for turn in range(ROUNDS):
        is_sure = turn >= ROUNDS // 2  # by then it has been shown that nonsense is refused
        with suppress(FlakyStrategyDefinition):  # the generator draws otherwise when asked again: no word on the API
            call()
        assert max(statuses, default=0) < 500
        if min(statuses, default=999) < 300:
            return
    pytest.fail(f"of {ROUNDS} rounds of invented calls none succeeded: {statuses}")


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
