"""One line for each request, whatever becomes of it, with who asked, and nothing that must not be read."""

from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings

from entitlements.models import IngestToken
from notifications.models import Event
from partnerportal.access_log import AccessLogMiddleware
from tests.accounts.test_sign_in import sign_in
from tests.conftest import JsonClient, PageClient
from tests.partnerportal.test_database_away import nothing_listens
from tests.partnerportal.test_logs import KEY, TOKEN


def access(lines):
    return [line for line in lines() if line["logger"] == "portal.access"]


@pytest.mark.promise("O-13")
def test_a_page_says_who_asked_and_what_it_cost(web, world, lines):
    response = web("partner.admin").get("/customers/?q=Secret", headers={"referer": "http://x/Secret"})
    [line] = access(lines)
    person, organization = world.person("partner.admin"), world.organization_of("partner.admin")
    assert (line["person"], line["organization"]) == (str(person.public_id), str(organization.public_id))
    assert (line["method"], line["path"], line["status"]) == ("GET", "/customers/", 200)
    assert line["bytes"] == len(response.content) and line["client"] == "127.0.0.1"
    assert 0 < line["queries"] < 40 and line["milliseconds"] >= 0
    assert line["request_id"] == response["X-Request-ID"]
    assert "Secret" not in str(lines())


def test_a_stranger_is_nobody(web, lines):
    web("anonymous").get("/")
    [line] = access(lines)
    assert line["status"] == 302 and not {"person", "organization"} & line.keys()


@pytest.mark.promise("O-3")
@pytest.mark.parametrize("path", [f"/i/{TOKEN}/", f"/calendar/{TOKEN}.ics", f"/sign-in/password/reset/key/{KEY}/"])
def test_no_line_of_a_secret_url_holds_the_secret(web, lines, path):
    web("partner.admin").get(path)
    assert len(access(lines)) == 1
    assert "…" in str(access(lines)) and TOKEN not in str(lines()) and KEY not in str(lines())


def test_every_refusal_is_logged(web, lines):
    client = web("partner.admin", csrf=True)
    answers = [
        client.get("/nothing/"),
        client.post("/account/edit/"),
        client.get("/", headers={"host": "elsewhere.example"}),
        client.get("/static/nothing.css"),
    ]
    assert [line["status"] for line in access(lines)] == [404, 403, 400, 404]
    assert [line["request_id"] for line in access(lines)] == [answer["X-Request-ID"] for answer in answers]


def test_a_crash_is_logged_with_its_traceback_and_the_page_names_it(web, lines, monkeypatch):
    client = web("partner.admin")
    client.raise_request_exception = False
    monkeypatch.setattr("partnerportal.middleware.list_operators_of_person", None)
    response = client.post("/organizations/switch/", {"organization": "x"})
    assert response.status_code == 500
    reference = response["X-Request-ID"]
    assert f"Reference {reference}" in response.content.decode()
    [line] = access(lines)
    assert (line["status"], line["request_id"]) == (500, reference)
    assert any("Traceback" in line.get("exc_info", "") for line in lines() if line["request_id"] == reference)


def test_without_a_database_it_is_logged_all_the_same(own_database, lines):
    client = Client(raise_request_exception=False)
    with nothing_listens():
        client.get("/inbox/")
        client.get("/readyz")
    assert [(line["path"], line["status"]) for line in access(lines)] == [("/inbox/", 503), ("/readyz", 503)]


@pytest.mark.parametrize(
    ("path", "status", "written"),
    [
        ("/healthz", 200, 0),
        ("/readyz", 200, 0),
        ("/static/css/portal.css", 200, 0),
        ("/static/css/portal.css", 304, 0),
        ("/readyz", 503, 1),
        ("/static/nothing.css", 404, 1),
        ("/inbox/", 200, 1),
    ],
)
def test_health_that_is_well_and_static_files_are_left_out(lines, path, status, written):
    AccessLogMiddleware(lambda request: HttpResponse(status=status))(RequestFactory().get(path))
    assert len(access(lines)) == written


GIVEN = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    ("proxies", "given", "kept"),
    [(1, GIVEN, True), (0, GIVEN, False), (1, "a b\r\nX: 1", False), (1, "x" * 65, False), (1, "short", False)],
)
def test_the_id_comes_from_a_trusted_proxy_when_it_is_sane(db, lines, proxies, given, kept):
    with override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=proxies):
        response = Client().get("/", headers={"x-request-id": given})
        other = Client().get("/", headers={"x-request-id": given})
    [line, _other] = access(lines)
    assert line["request_id"] == response["X-Request-ID"]
    assert (line["request_id"] == given) is kept
    assert kept or response["X-Request-ID"] != other["X-Request-ID"]


@pytest.mark.parametrize(
    ("proxies", "client"), [(0, "127.0.0.1"), (1, "198.51.100.7"), (2, "203.0.113.9"), (5, "127.0.0.1")]
)
def test_the_client_is_the_one_that_rate_limits_count(db, lines, proxies, client):
    """With more proxies than the header names, it is whoever connected."""
    with override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=proxies):
        Client().get("/", headers={"x-forwarded-for": "192.0.2.66, 203.0.113.9, 198.51.100.7"})
    assert [line["client"] for line in access(lines)] == [client]


def test_a_line_break_in_an_address_forges_no_line(db, lines):
    Client().get("/x%0d%0a%7b%22level%22%3a%22ERROR%22%7d")
    assert [line["path"] for line in access(lines)] == ['/x\r\n{"level":"ERROR"}']


def test_a_long_address_is_cut(db, lines):
    Client().get("/" + "x" * 5000)
    assert len(access(lines)[0]["path"]) == 500


def test_who_signs_in_stands_on_the_line_of_that_request(world, lines):
    response = sign_in(PageClient(), "customer.admin")
    assert response.status_code == 302
    [line] = access(lines)
    assert (line["path"], line["person"]) == ("/sign-in/login/", str(world.person("customer.admin").public_id))


def test_an_event_leads_to_the_request_that_made_it(web, lines):
    response = web("customer.admin").post("/account/edit/", {"name": "New name", "country": "FR"})
    assert response.status_code == 302
    assert Event.objects.latest("pk").request_id == response["X-Request-ID"] == access(lines)[0]["request_id"]


def test_a_machine_is_known_by_what_its_token_is_recognised_by(db, lines):
    given = StringIO()
    call_command("create_ingest_token", "Licence server", stdout=given, stderr=StringIO())
    JsonClient().get(
        f"/api/v1/ingest/uploads/{uuid4()}/", headers={"authorization": f"Bearer {given.getvalue().strip()}"}
    )
    [line] = access(lines)
    assert (line["token_prefix"], line["status"]) == (IngestToken.objects.get(name="Licence server").prefix, 404)
    assert given.getvalue().strip() not in str(lines())
