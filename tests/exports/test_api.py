"""Exports by the API: the rules, limits and files of the page."""

import datetime as dt
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import ProgramMembership
from exports import actions, files
from exports.models import Export, ExportQuerySet
from partnerportal.lib import tenancy
from partnerportal.lib.exports.lists import LONGEST
from tests.exports.test_views import NEW, content, queued, ready, table
from tests.world import World

pytestmark = pytest.mark.usefixtures("private_folder")

URL = "/api/v1/exports/"


def codes(response: Any) -> list[tuple[str, str | None]]:
    return [(error["code"], error["attr"]) for error in response.json()["errors"]]


def file_of(export: Export) -> str:
    return f"{URL}{export.public_id}/file/"


def test_a_small_list_is_the_answer_itself_as_on_the_page(world: World, api: Any, web: Any) -> None:
    answer = api("partner.admin").post(URL, {"list": "customers", "filters": {"sort": "-name"}}, format="json")
    page = web("partner.admin").post(NEW, {"list": "customers", "query": "sort=-name"})
    assert table(answer) == table(page) and len(table(answer)) == 2
    assert answer["Content-Disposition"] == page["Content-Disposition"]
    assert answer["Cache-Control"] == "private, no-store"
    narrowed = api("partner.admin").post(URL, {"list": "customers", "filters": {"q": "nobody"}}, format="json")
    assert table(narrowed) == [] and not Export.objects.filter(organization=world.partner, state="queued", rows=0)


def test_one_customer_and_none_for_oneself(world: World, api: Any) -> None:
    client = api("partner.admin")
    asked = {"list": "services", "customer": str(world.customer.public_id)}
    of_customer = table(client.post(URL, asked, format="json"))
    own = table(client.post(URL, {"list": "services"}, format="json"))
    assert {row["org_id"] for row in of_customer} == {world.customer.org_id}
    assert {row["org_id"] for row in own} == {world.partner.org_id}
    for customer in (world.stranger.public_id, uuid4()):
        assert client.post(URL, {"list": "services", "customer": str(customer)}, format="json").status_code == 404


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [("required", "list")]),
        ({"list": "assignments"}, [("invalid_choice", "list")]),
        ({"list": ["customers"]}, [("invalid_choice", "list")]),
        ({"list": "customers", "what": "all"}, [("unknown_field", "what")]),
        ({"list": "customers", "filters": {"within": "30"}}, [("unknown_filter", "filters.within")]),
        ({"list": "customers", "filters": {"q": "x" * (LONGEST + 1)}}, [("max_length", "filters.q")]),
        ({"list": "customers", "filters": {"q": "a\0b"}}, [("null_characters_not_allowed", "filters.q")]),
        ({"list": "customers", "customer": "nobody"}, [("invalid", "customer")]),
    ],
)
def test_what_it_does_not_understand_it_refuses(body: Any, expected: Any, world: World, api: Any) -> None:
    answer = api("partner.admin").post(URL, body, format="json")
    assert (answer.status_code, codes(answer)) == (400, expected)


def test_a_large_one_is_made_in_the_background(world: World, api: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(actions, "SMALL", 1)
    Export.objects.all().delete()
    client, body = api("partner.admin"), {"list": "customers", "filters": {"sort": "-name"}}
    answer = client.post(URL, body, format="json")
    export = Export.objects.get()
    assert (answer.status_code, answer["Location"]) == (202, f"{URL}{export.public_id}/")
    asked = answer.json()
    assert (asked["state"], asked["rows"], asked["rows_written"], asked["file_url"]) == ("queued", 2, 0, None)
    assert (asked["filters"], asked["customer"]) == ({"sort": "-name"}, None)
    assert client.post(URL, body, format="json").json() == asked  # sent again, it is not made twice
    Export.objects.update(state="running", rows_written=1)
    assert client.get(answer["Location"]).json()["rows_written"] == 1
    assert (client.get(file_of(export)).status_code, Export.objects.count()) == (409, 1)


def test_three_at_once(world: World, api: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(actions, "SMALL", 1)
    Export.objects.all().delete()
    bodies = [{"list": "customers", "filters": {"sort": sort}} for sort in ("name", "-name", "country", "-country")]
    answers = [api("partner.admin").post(URL, body, format="json") for body in bodies]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert codes(answers[-1]) == [("too_many_exports", None)]


@pytest.mark.parametrize("accept", ["application/json", "text/csv", "*/*"])
def test_the_file_is_fetched_by_whoever_asked(accept: str, world: World, api: Any) -> None:
    export = ready(world)
    client = api("partner.admin")
    said = client.get(f"{URL}{export.public_id}/").json()
    assert (said["state"], said["file_url"]) == ("ready", file_of(export)) and said["file_until"]
    answer = client.get(said["file_url"], headers={"Accept": accept})
    assert (answer.status_code, b"".join(answer)) == (200, b"name\n")
    assert answer["Content-Type"] == files.CSV
    assert client.get(URL).json()["items"][0]["id"] == str(export.public_id)
    for who in ("partner.reader", "partner2.admin", "distributor.admin", "customer.admin"):
        assert str(export.public_id) not in api(who).get(URL).content.decode()
        for path in (f"{URL}{export.public_id}/", file_of(export)):
            assert api(who).get(path).status_code == 404, (who, path)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"state": "gone", "error": "connection_ended"}, "export_gone"),
        ({"state": "gone", "error": "sharing_narrowed"}, "sharing_narrowed"),
        ({"finished_at": timezone.now() - dt.timedelta(hours=25)}, "export_gone"),
    ],
)
def test_a_file_that_is_gone(fields: Any, code: str, world: World, api: Any) -> None:
    export = ready(world)
    Export.objects.filter(pk=export.pk).update(**fields)
    answer = api("partner.admin").get(file_of(export))
    assert (answer.status_code, codes(answer)) == (410, [(code, None)])
    assert api("partner.admin").get(f"{URL}{export.public_id}/").json()["file_url"] is None


@pytest.mark.parametrize("state", [Export.State.QUEUED, Export.State.FAILED])
def test_a_file_that_is_not_made(state: Export.State, world: World, api: Any) -> None:
    answer = api("partner.admin").get(file_of(queued(world, state=state)))
    assert (answer.status_code, codes(answer)) == (409, [("export_not_ready", None)])


def test_whoever_may_not_see_the_list_any_more_gets_no_file(world: World, api: Any) -> None:
    export = ready(world)
    ProgramMembership.objects.filter(organization=world.partner).delete()
    answer = api("partner.admin").get(file_of(export))
    assert (answer.status_code, codes(answer)) == (403, [("no_badge", None)])
    answer = api("partner.admin").post(URL, {"list": "customers"}, format="json")
    assert (answer.status_code, codes(answer)) == (403, [("no_badge", None)])


@pytest.mark.parametrize("lock", ["visible_to", "row-level security"])
def test_each_lock_alone_keeps_exports_to_their_person(lock: str, world: World, api: Any, monkeypatch: Any) -> None:
    export = ready(world)
    if lock == "visible_to":
        monkeypatch.setattr(tenancy, "APP_ROLE", "none")
    else:
        monkeypatch.setattr(ExportQuerySet, "rows_for", lambda self, actor: self)
    for who in ("partner.reader", "partner2.admin", "customer.admin"):
        assert str(export.public_id) not in api(who).get(URL).content.decode()
        assert api(who).get(f"{URL}{export.public_id}/").status_code == 404
        assert api(who).get(file_of(export)).status_code == 404
    assert content(api("partner.admin").get(file_of(export))) == "name\n"
