"""Requests through the API: a draft with its version, the decision on facts, and clear errors."""

from typing import Any

import pytest

from accounts.models import Organization
from support.country_change import CODE
from support.models import Request
from tests.world import World

PATH = "/api/v1/requests/"
BODY = {
    "title": "We have moved",
    "justification": "Our office is in Paris.",
    "contact_email": "office@example.com",
    "payload": {"country": "FR"},
}


@pytest.fixture
def url(world: World, api: Any) -> str:
    """The address of a draft."""
    body = {"kind": CODE, "subject": str(world.lapsed.public_id), "payload": {"country": "FR"}}
    made = api("lapsed.admin").post(PATH, body, format="json")
    assert made.status_code == 201 and made["ETag"] == '"1"'
    assert made.json()["prefilled"][1] == {"label": "ORGID", "text": world.lapsed.org_id}
    return f"{PATH}{made.json()['id']}/"


@pytest.fixture
def submitted(api: Any, url: str) -> str:
    client = api("lapsed.admin")
    assert client.put(url, BODY, format="json", headers={"If-Match": '"1"'}).status_code == 200
    answer = client.post(f"{url}submit/", {}, format="json")
    assert answer.status_code == 200 and answer.json()["state"] == "submitted", answer.json()
    return url


def code_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["errors"][0]["code"]


def test_an_edit_names_the_version_that_it_has_seen(api: Any, url: str) -> None:
    client = api("lapsed.admin")
    assert code_of(client.put(url, BODY, format="json")) == (428, "if_match_required")
    first = client.put(url, BODY, format="json", headers={"If-Match": '"1"'})
    assert (first.status_code, first["ETag"]) == (200, '"2"')
    stale = client.put(url, BODY | {"title": "Other"}, format="json", headers={"If-Match": '"1"'})
    assert code_of(stale) == (412, "changed_meanwhile")
    assert client.get(url).json()["title"] == "We have moved"


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({"payload": {"country": "XX"}}, "invalid_choice", "country"),
        ({"payload": {"land": "FR"}}, "unknown_field", "land"),
        ({"payload": {"country": {"a": 1}}}, "invalid_choice", "country"),
        ({"severity": "huge"}, "invalid_choice", "severity"),
        ({"prefilled": []}, "unknown_field", "prefilled"),
        ({"title": "x" * 201}, "max_length", "title"),
    ],
)
def test_nonsense_is_refused_by_name(api: Any, url: str, body: Any, code: str, attr: str) -> None:
    refused = api("lapsed.admin").put(url, body, format="json", headers={"If-Match": "*"})
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["code"], error["attr"]) == (400, code, attr)


def test_an_unfinished_draft_is_not_submitted(api: Any, url: str) -> None:
    refused = api("lapsed.admin").post(f"{url}submit/", {}, format="json")
    assert code_of(refused) == (400, "required")
    assert api("lapsed.admin").get(url).json()["state"] == "draft"


def test_the_vendor_decides_on_facts(world: World, api: Any, submitted: str) -> None:
    staff = api("vendor.admin")
    facts = staff.get(f"{submitted}findings/").json()
    assert facts["is_allowed"] and facts["changes"][0]["text"] == "Germany → France"
    decision = {"facts_digest": facts["facts_digest"], "revision": 1}
    decision["facts_seen"] = {fact["name"]: fact["value"] for fact in facts["facts"]}
    Organization.objects.filter(pk=world.lapsed.pk).update(country="IT")
    refused = staff.post(f"{submitted}approve/", decision, format="json")
    assert code_of(refused) == (409, "facts_changed") and "Italy" in refused.json()["errors"][0]["detail"]
    decision["facts_digest"] = staff.get(f"{submitted}findings/").json()["facts_digest"]
    assert staff.post(f"{submitted}approve/", decision, format="json").json()["state"] == "approved"
    assert Organization.objects.get(pk=world.lapsed.pk).country == "FR"


def test_what_is_overtaken_is_answered_by_its_state(world: World, api: Any, submitted: str) -> None:
    Organization.objects.filter(pk=world.lapsed.pk).update(country="FR")
    body = {"facts_digest": "", "revision": 1}
    assert (
        api("vendor.admin").post(f"{submitted}approve/", body | {"facts_digest": "x"}, format="json").json()["state"]
        == "overtaken"
    )
    closed = api("lapsed.admin").get(submitted).json()
    assert closed["state"] == "overtaken"
    (reason,) = closed["overtaken_by"]["reasons"]
    assert reason == {"code": "country_is_the_same", "message": "This is already the organisation’s country."}
    assert closed["overtaken_by"]["facts"][:1] == [{"label": "Current country", "text": "France"}]


def test_a_second_request_about_the_same_is_refused(world: World, api: Any, submitted: str) -> None:
    client = api("lapsed.admin")
    body = {"kind": CODE, "subject": str(world.lapsed.public_id)}
    again = f"{PATH}{client.post(PATH, body, format='json').json()['id']}/"
    client.put(again, BODY, format="json", headers={"If-Match": "*"})
    refused = client.post(f"{again}submit/", {}, format="json")
    assert code_of(refused) == (409, "request_open")
    open_one = Request.objects.get(public_id=submitted.split("/")[-2])
    (error,) = refused.json()["errors"]
    assert open_one.number in error["detail"] and error["attr"] is None
    assert error["url"] == f"http://testserver{submitted}"
    assert client.get(error["url"]).json()["number"] == open_one.number
    assert client.post(f"{again}discard/", {}, format="json").status_code == 204
    assert client.get(again).status_code == 404


def test_a_question_its_answer_and_the_thread(api: Any, submitted: str) -> None:
    staff, asker = api("vendor.admin"), api("lapsed.admin")
    asked = staff.post(f"{submitted}ask/", {"message": "Since when?"}, format="json")
    assert asked.json()["state"] == "needs_information"
    answered = asker.post(
        f"{submitted}answer/", {"justification": "Since May.", "message": "See there."}, format="json"
    )
    assert (answered.json()["state"], answered.json()["revision"]) == ("submitted", 2)
    thread = staff.get(f"{submitted}messages/").json()["items"]
    assert [(row["is_by_vendor"], row["body"]) for row in thread] == [(True, "Since when?"), (False, "See there.")]
    assert asker.post(f"{submitted}messages/", {"message": "Soon?"}, format="json").status_code == 201
    refused = staff.post(f"{submitted}decline/", {"reason": "No", "revision": 1}, format="json")
    assert code_of(refused) == (409, "revision_changed")
    assert code_of(staff.post(f"{submitted}decline/", {"reason": "No"}, format="json")) == (400, "required")
    declined = staff.post(f"{submitted}decline/", {"reason": "No", "revision": 2}, format="json")
    assert declined.json()["reason"] == "No"


def test_lists_narrow_by_state_kind_and_severity(world: World, api: Any, submitted: str) -> None:
    staff = api("vendor.reader")
    assert len(staff.get(PATH, {"state": "submitted"}).json()["items"]) == 5
    assert staff.get(PATH, {"state": "draft"}).json()["items"] == []
    assert staff.get(PATH, {"severity": "critical"}).json()["items"] == []
    assert len(staff.get(PATH, {"kind": CODE}).json()["items"]) == 5
    assert [row["organization"]["name"] for row in api("lapsed.reader").get(PATH).json()["items"]] == [
        world.lapsed.name
    ]
