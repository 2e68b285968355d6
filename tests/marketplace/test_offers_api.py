"""The API of a publisher's offers: the whole tree, the draft all or nothing, publication, versions and comparison."""

import json

import pytest

from marketplace.models import Offer
from marketplace.queries.offers import get_draft
from tests.world_offers import CHANNEL, make_content

pytestmark = pytest.mark.django_db
API = "/api/v1/offers/"


@pytest.fixture
def backup(world):
    return Offer.objects.get(code="backup")


def put(client, offer, tree, seen):
    return client.put(f"{API}{offer.public_id}/", tree, format="json", headers={"If-Match": seen})


def make_tree(*codes, **changes):
    return {**make_content("Vault", *codes), "channel": CHANNEL, **changes}


def test_an_offer_goes_from_nothing_to_live(world, api):
    client = api("publisher.admin")
    created = client.post(API, {"code": "vault", "type": "saas", "pricing_model": "flat"}, format="json")
    assert created.status_code == 201, created.content
    url = created.headers["Location"]
    shown = client.get(url)
    assert shown.json()["tree"]["texts"] == {}
    assert shown.json()["tree"]["plans"] == []
    assert {"pointer": "/plans", "code": "no_plan", "detail": "Add a plan."} in shown.json()["problems"]
    offer = Offer.objects.get(code="vault")
    saved = put(client, offer, make_tree("basic"), shown.headers["ETag"])
    assert saved.status_code == 200, saved.content
    assert saved.json()["problems"] == []
    assert client.post(f"{url}publish/", {}, format="json").status_code == 428
    live = client.post(f"{url}publish/", {}, format="json", headers={"If-Match": saved.headers["ETag"]})
    assert live.status_code == 200, live.content
    assert (live.json()["target"], live.json()["version"], live.json()["state"]) == ("live", 1, "live")
    versions = client.get(f"{url}versions/").json()["items"]
    assert [(row["number"], row["is_live"], row["published_by"] != "") for row in versions] == [(1, True, True)]


def test_a_draft_is_saved_all_or_nothing_with_every_problem_by_its_pointer(world, api, backup):
    client = api("publisher.admin")
    before = get_draft(backup)
    tree = make_tree("basic", "Bad Code", "basic", categories=["nothing"], support={"email": "nobody"}, more=1)
    tree["plans"][0]["terms"] = ["P1D"]
    tree["plans"][2] |= {"min_seats": 9, "max_seats": 3}
    tree["channel"] = {"contact": {"url": "javascript:alert(1)"}}
    answer = put(client, backup, tree, "*")
    assert answer.status_code == 400
    assert {(error["attr"], error["code"]) for error in answer.json()["errors"]} == {("/more", "unknown_field")}
    del tree["more"]
    answer = put(client, backup, tree, "*")
    assert {(error["attr"], error["code"]) for error in answer.json()["errors"]} == {
        ("/plans/0/terms/0", "invalid_choice"),
        ("/plans/1/code", "invalid"),
        ("/plans/2/max_seats", "below_minimum"),
        ("/categories", "unknown_category"),
        ("/support/email", "invalid"),
        ("/channel/contact/url", "invalid"),
    }
    assert get_draft(backup).revision == before.revision


def test_of_two_editors_the_second_is_told(world, api, backup):
    client = api("publisher.admin")
    seen = client.get(f"{API}{backup.public_id}/").headers["ETag"]
    assert put(client, backup, make_tree("basic"), seen).status_code == 200
    answer = put(client, backup, make_tree("basic", "other"), seen)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (412, "changed_meanwhile")
    assert [plan["code"] for plan in get_draft(backup).content["plans"]] == ["basic"]


def test_what_a_colleague_published_is_not_overwritten(world, api, backup):
    """The draft is gone with its publication, and a new one does not begin to count again."""
    client = api("publisher.admin")
    seen = client.get(f"{API}{backup.public_id}/").headers["ETag"]
    assert put(client, backup, make_tree("basic"), seen).status_code == 200
    url = f"{API}{backup.public_id}/publish/"
    assert client.post(url, {}, format="json", headers={"If-Match": "*"}).status_code == 200
    assert put(client, backup, make_tree("basic", "late"), seen).status_code == 412


@pytest.mark.parametrize(
    ("change", "code"),
    [({"plans": []}, "plan_fixed"), ({"terms": ["P1M"]}, "term_fixed"), ({"billing": []}, "term_fixed")],
)
def test_published_plans_stay_with_their_terms(world, api, backup, change, code):
    tree = make_tree("basic")
    if "plans" in change:
        tree |= change
    else:
        tree["plans"][0] |= change
    answer = put(api("publisher.admin"), backup, tree, "*")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, code)


def test_live_and_draft_are_told_apart_and_compared(world, api, backup):
    client = api("publisher.reader")
    url = f"{API}{backup.public_id}/"
    draft, live = client.get(url).json(), client.get(f"{url}?target=live").json()
    assert draft["tree"]["texts"]["en"]["name"] == "Draft qdraftq"
    assert live["tree"]["texts"]["en"]["name"] == "Backup"
    rows = client.get(f"{url}compare/?from=live&to=draft").json()["items"]
    told = {(row["pointer"], json.dumps(row["before"]), json.dumps(row["after"])) for row in rows}
    assert ("/texts/en/name", '"Backup"', '"Draft qdraftq"') in told
    assert ("/plans/1/terms", "null", '["P1M", "P1Y"]') in told
    assert client.get(f"{url}compare/?from=7&to=draft").status_code == 400
    assert client.get(f"{url}?target=other").status_code == 400


def test_the_technical_configuration_holds_at_once(world, api, backup):
    client = api("publisher.admin")
    url = f"{API}{backup.public_id}/technical/"
    seen = client.get(url).headers["ETag"]
    values = {"landing_page_url": "https://publisher.example/land", "webhook_url": ""}
    assert client.put(url, values, format="json", headers={"If-Match": seen}).status_code == 200
    backup.refresh_from_db()
    assert backup.private.landing_page_url == values["landing_page_url"]
    assert client.put(url, values, format="json", headers={"If-Match": seen}).status_code == 412


def test_others_do_not_find_an_offer_here(world, api, backup):
    for who in ("partner.admin", "customer.admin", "vendor.admin"):
        for path in (f"{API}{backup.public_id}/", API):
            answer = api(who).get(path)
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "not_found"), (who, path)


def test_a_reader_may_not_change(world, api, backup):
    client = api("publisher.reader")
    assert put(client, backup, make_tree("basic"), "*").status_code == 403
    assert client.post(API, {"code": "x", "type": "saas", "pricing_model": "flat"}, format="json").status_code == 403
