"""What holds for every endpoint: who is let in, what is refused, and in which shape."""

import json
import re
from importlib import import_module

import pytest
from rest_framework import serializers

from accounts.models import Person
from partnerportal.lib.api_input import StrictSerializer
from tests.api.schema_values import ACTORS, find
from tests.house.ours import OURS

pytestmark = pytest.mark.slow  # each endpoint is asked in every way

READS = [
    "organizations/",
    "customers/",
    "customers/{customer}/",
    "customers/{customer}/entitlements/",
    "customers/{customer}/orders/",
    "renewals/",
    "connections/",
    "connections/{connection}/",
    "invitation-link/",
    "notices/",
    "notices/{notice}/",
    "catalogue/",
    "catalogue/{offer}/",
    "catalogue/price-list/",
    "offers/{offer}/versions/",
    "offers/{offer_selected}/audience/partners/",
]
WRITTEN = ["offers/", "offers/{offer}/prices/", "requests/", "exports/", "imports/"]  # where a POST creates something
LISTS = [
    *("customers/", "customers/{customer}/entitlements/", "customers/{customer}/orders/", "renewals/"),
    *("connections/", "notices/", "catalogue/", "catalogue/price-list/", "offers/{offer_selected}/audience/partners/"),
    *WRITTEN,
]
ACTIONS = [
    "organizations/{organization}/act-for/",
    "connections/accept/",
    "connections/{connection}/end/",
    "notices/{notice}/read/",
    "notices/{notice}/dismiss/",
    "notices/{notice}/restore/",
    "notices/read-all/",
    "offers/{offer}/publish/",
    "offers/{offer}/audience/sync/",
    "offers/{offer}/stops/{stop}/lift/",
    "requests/{request}/withdraw/",
    "imports/{import}/cancel/",
]


@pytest.fixture
def url(real):
    """Fills in ids that the caller of a path may see."""
    ids = {name.removesuffix("_id"): value for name, value in real.items()}
    return lambda path: "/api/v1/" + path.format_map(ids)


def caller(path):
    return find(ACTORS, f"GET /api/v1/{path}")


def codes(response):
    return [(error["code"], error["attr"]) for error in response.json()["errors"]]


@pytest.mark.parametrize("path", READS + WRITTEN)
def test_reading(api, url, path):
    response = api(caller(path)).get(url(path))
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("path", READS + WRITTEN)
def test_an_anonymous_reader_is_asked_to_sign_in(api, url, path):
    response = api("anonymous").get(url(path))
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Session"
    assert codes(response) == [("not_authenticated", None)]


@pytest.mark.parametrize("path", ACTIONS)
def test_actions_need_a_person_and_a_token(api, url, path):
    assert api("anonymous").post(url(path), {}).status_code == 401
    response = api(caller(path), csrf=True).post(url(path), {})
    assert (response.status_code, codes(response)) == (403, [("csrf_failed", None)])


def test_an_action_with_its_token_is_done(api, url):
    client = api("partner.admin", csrf=True)
    client.cookies["portal-csrf"] = token = "a" * 32
    assert client.post(url("notices/read-all/"), {}, headers={"X-CSRFToken": token}).status_code == 204


@pytest.mark.parametrize("path", ACTIONS)
def test_unknown_fields_are_refused(api, url, path):
    """Mass assignment: a field that is not offered is an error, not something passed over."""
    response = api(caller(path)).post(url(path), {"organization_id": 1, "state": "ended"})
    assert response.status_code == 400
    assert {("unknown_field", "organization_id"), ("unknown_field", "state")} <= set(codes(response))


@pytest.mark.parametrize("path", READS + WRITTEN + ACTIONS)
def test_unknown_parameters_are_refused(api, url, path):
    client = api(caller(path))
    response = (client.post if path in ACTIONS else client.get)(url(path) + "?viewer=1")
    assert (response.status_code, codes(response)) == (400, [("unknown_parameter", "viewer")])


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options", "trace"])
def test_reads_allow_no_other_method(api, url, path, method):
    response = getattr(api(caller(path)), method)(url(path))
    assert (response.status_code, codes(response)) == (405, [("method_not_allowed", None)])


@pytest.mark.parametrize("path", ACTIONS)
@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_actions_allow_no_other_method(api, url, path, method):
    assert getattr(api(caller(path)), method)(url(path)).status_code == 405


def test_only_json_is_served_and_understood(api, url):
    client = api("partner.admin")
    assert client.get(url("customers/"), headers={"Accept": "text/html"}).status_code == 406
    form = client.post(url("connections/accept/"), "a=b", content_type="application/x-www-form-urlencoded")
    assert (form.status_code, codes(form)) == (415, [("unsupported_media_type", None)])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "parse_error"),
        (b'{"a": NaN}', 400, "parse_error"),
        (b"\xff\xfe", 400, "parse_error"),
        (b"[" * 50_000, 400, "parse_error"),
        (b"[]", 400, "invalid"),
        (b'"text"', 400, "invalid"),
        (b'{"invitation_link": "' + b"a" * 70_000 + b'"}', 413, "too_large"),
        (b'{"invitation_link": "\\u0000"}', 400, "null_characters_not_allowed"),
        (b'{"invitation_link": "\\ud800"}', 400, "surrogate_characters_not_allowed"),
        (b'{"invitation_link": null}', 400, "null"),
        (b'{"invitation_link": {}}', 400, "invalid"),
        (b"{}", 400, "required"),
        (b"", 400, "required"),
    ],
)
def test_bad_bodies(api, url, body, status, code):
    response = api("customer.admin").post(url("connections/accept/"), body, content_type="application/json")
    assert response.status_code == status
    assert codes(response)[0][0] == code


@pytest.mark.parametrize("depth", [21, 500, 900])
@pytest.mark.parametrize(("opened", "closed"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_a_body_may_be_nested_twenty_times(api, url, depth, opened, closed):
    def ask(times):
        body = opened * times + b"1" + closed * times
        return api("customer.admin").post(url("connections/accept/"), body, content_type="application/json")

    assert (ask(depth).status_code, codes(ask(depth))) == (400, [("parse_error", None)])
    assert codes(ask(20)) != codes(ask(depth)), "twenty are read, and refused by what they say"


@pytest.mark.parametrize("depth", [10, 500, 900])
def test_a_nested_sku_is_the_senders_fault(api, url, depth):
    body = b'{"sku": ' + b"[" * depth + b"]" * depth + b"}"
    response = api("customer.admin").post(url("trials/"), body, content_type="application/json")
    assert response.status_code == 400
    assert codes(response) == ([("invalid", "sku")] if depth < 20 else [("parse_error", None)])


@pytest.mark.parametrize("sku", [["X"], {}, {"in": ["X"]}, [], 1, 1.5, True, "\0", "\ud800"])
def test_a_sku_is_a_text(api, url, sku):
    response = api("customer.admin").post(url("trials/"), json.dumps({"sku": sku}), content_type="application/json")
    assert (response.status_code, codes(response)) == (400, [("invalid", "sku")])


@pytest.mark.parametrize("charset", ["hex", "nonsense", "utf-7"])
def test_the_charset_is_not_the_senders_to_choose(api, url, charset):
    kind = f"application/json; charset={charset}"
    assert api("partner.admin").post(url("notices/read-all/"), b"{}", content_type=kind).status_code == 204


@pytest.mark.parametrize("limit", ["0", "201", "-1", "ten", "1.5", "", "٣", "9" * 400])
def test_a_limit_is_a_number_up_to_200(api, url, limit):
    response = api("partner.admin").get(url("customers/"), {"limit": limit})
    assert (response.status_code, codes(response)) == (400, [("invalid_limit", "limit")])


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "WyJhXHUwMDAwIiwxLDEsZmFsc2Vd", "WyJhXHVkODAwIiwxLDEsZmFsc2Vd"])
def test_a_cursor_comes_from_a_page(api, url, cursor):
    response = api("partner.admin").get(url("customers/"), {"cursor": cursor})
    assert (response.status_code, codes(response)) == (400, [("invalid_cursor", "cursor")])


@pytest.mark.parametrize("path", LISTS)
def test_collections_page_to_the_end_and_back(api, url, path):
    client = api(caller(path))
    whole = client.get(url(path)).json()
    assert set(whole) == {"totalCount", "items", "links"}
    assert whole["totalCount"] == len(whole["items"]) > 0
    seen, link = [], url(path) + "?limit=1"
    while link:
        page = client.get(link).json()
        assert page["totalCount"] == whole["totalCount"]
        seen, last, link = seen + page["items"], page, page["links"]["next"]
    assert seen == whole["items"]
    back = last
    for item in reversed(seen[:-1]):
        back = client.get(back["links"]["previous"]).json()
        assert back["items"] == [item]
    assert back["links"]["previous"] is None


@pytest.mark.parametrize("path", ["nothing/", "customers", "customers/1/", "notices/../../../etc/"])
def test_unknown_addresses_answer_in_the_same_shape(api, path):
    response = api("partner.admin").get(f"/api/v1/{path}")
    assert (response.status_code, codes(response)) == (404, [("not_found", None)])


@pytest.mark.promise("G-18")
def test_messages_are_in_the_readers_language(api, url, world):
    client = api("partner.admin")
    english = client.get(url("customers/"), {"country": "XX"}).json()["errors"][0]
    person = world.person("partner.admin")
    person.language = "fr"
    person.save()
    french = client.get(url("customers/"), {"country": "XX"}).json()["errors"][0]
    assert english["code"] == french["code"] == "invalid_choice"
    assert english["detail"] != french["detail"]


def test_nobody_without_an_organisation(api, url):
    client = api("nobody")
    assert client.get(url("organizations/")).json()["totalCount"] == 0
    for path in READS[1:] + WRITTEN:
        response = client.get(url(path))
        assert (response.status_code, codes(response)) == (403, [("no_organization", None)])


def test_primary_keys_and_persons_never_leave(api, url):
    for path in READS + WRITTEN:
        text = json.dumps(api(caller(path)).get(url(path)).json())
        assert "person" not in text
        assert "_pk" not in text


def test_moments_are_in_utc_whatever_the_persons_time_zone(api, url):
    """A program reads the same from whoever's session it uses."""
    Person.objects.update(time_zone="Asia/Tokyo")
    found = set()
    for path in READS + WRITTEN:
        text = json.dumps(api(caller(path)).get(url(path)).json())
        found |= {moment[-1] for moment in re.findall(r'"\d{4}-\d\d-\d\dT\d\d:[^"]+', text)}
    assert found == {"Z"}


def serializers_of_ours():
    """Every serializer class of the portal's own apps."""
    import_module("partnerportal.api_urls")
    waiting, found = [serializers.Serializer], set()
    while waiting:
        waiting += (children := waiting.pop().__subclasses__())
        found.update(child for child in children if child.__module__.partition(".")[0] in OURS)
    return found


def test_no_serializer_writes_moments_in_a_persons_time_zone():
    plain = {
        (serializer.__name__, name)
        for serializer in serializers_of_ours()
        if not issubclass(serializer, StrictSerializer)
        for name, field in serializer().fields.items()
        if type(field) is serializers.DateTimeField and not hasattr(field, "timezone")
    }
    assert plain == set()


def test_too_many_parameters_are_the_callers_fault(api):
    response = api("partner.admin").get("/api/v1/customers/?" + "a&" * 1100)
    assert (response.status_code, codes(response)) == (400, [("parse_error", None)])


@pytest.mark.parametrize("path", ["nothing/", "notices/a%0Ab/dismiss/", "%0A", "notices/%C2%85/", "customers"])
def test_what_no_route_matches_is_answered_as_the_api_answers(api, path):
    for response in (api("partner.admin").get(f"/api/v1/{path}"), api("partner.admin").post(f"/api/v1/{path}")):
        assert response.status_code == 404
        assert response["Content-Type"] == "application/json"
        assert codes(response) == [("not_found", None)]
