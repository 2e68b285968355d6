"""Double clicks and two tabs: each action done twice has one effect, and the second answer says so."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from marketplace.models import HealthIssue, Offer, Price, SaleStop
from notifications.models import Event
from partnerportal.lib.days import today
from support.models import Request
from tests.world import World
from tests.world_offers import CHANNEL, make_content

pytestmark = pytest.mark.django_db
ADMIN = "publisher.admin"
Do = Callable[[], Any]


def call(client: Client, method: str, path: str, body: Any, seen: str = "*", key: str = "") -> Any:
    headers = {"If-Match": seen} | ({"Idempotency-Key": key} if key else {})
    text = json.dumps(body)
    return client.generic(method, f"/api/v1/{path}", text, content_type="application/json", headers=headers)


def offer_path(code: str, page: str = "") -> str:
    return f"offers/{Offer.objects.get(code=code).public_id}/{page}"


NEW = {"code": "twice", "type": "saas", "pricing_model": "flat"}
PRICE = {
    "plan": "basic", "market": "europe", "currency": "EUR", "term": "P1M", "billing": "P1M", "amount": "12.00",
    "valid_from": today().replace(year=today().year + 1, day=1).isoformat(), "replaces": "9.90",
}  # fmt: skip
# Action: who, method, page, body, the ETag's page; the two statuses, the second one's code, and events in all.
ACTIONS: dict[str, tuple[str, str, str, Any, str, tuple[int, int], str, str, int]] = {
    "create": (ADMIN, "POST", "", NEW, "", (201, 409), "code_taken", "offer.created", 1),
    "publish": (ADMIN, "POST", "backup/publish/", {}, "backup/", (200, 409), "no_draft", "offer.published", 1),
    "save": (ADMIN, "PUT", "backup/", make_content("Two", "basic"), "backup/", (200, 412), "changed_meanwhile", "", 0),
    "sync": (
        ADMIN, "POST", "monitor/audience/sync/", {}, "monitor/audience/", (200, 412), "changed_meanwhile",
        "offer.audience_changed", 1,
    ),
    "price": (ADMIN, "POST", "backup/prices/", {"changes": [PRICE]}, "", (201, 201), "", "offer.priced", 1),
    "stop": (ADMIN, "POST", "backup/stops/", {"plan": "basic"}, "", (201, 201), "", "offer.stopped", 1),
    "stop as the vendor": (
        "vendor.admin", "POST", "backup/stops/", {"reason": "Recall"}, "", (201, 201), "", "offer.stopped", 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ACTIONS)
def test_the_second_of_two_requests_does_nothing(world: World, api: Any, what: str) -> None:
    who, method, page, body, tagged, statuses, code, kind, events = ACTIONS[what]
    client, before = api(who), Event.objects.filter(kind=kind).count()
    first_code, _slash, rest = page.partition("/")
    path = offer_path(first_code, rest) if page else "offers/"
    seen = "*"
    if tagged:
        tagged_code, _slash, tagged_rest = tagged.partition("/")
        seen = client.get(f"/api/v1/{offer_path(tagged_code, tagged_rest)}").headers["ETag"]
    if what == "save":
        body = {**body, "channel": CHANNEL}
    first, second = (call(client, method, path, body, seen) for _click in range(2))
    assert (first.status_code, second.status_code) == statuses, (first.content[:200], second.content[:200])
    if code:
        assert second.json()["errors"][0]["code"] == code and second.json()["errors"][0]["detail"]
    assert Event.objects.filter(kind=kind).count() == before + events


def test_a_stop_and_a_price_are_stored_once(world: World, api: Any) -> None:
    client, stops, prices = api(ADMIN), SaleStop.objects.count(), Price.objects.count()
    for _click in range(3):
        call(client, "POST", offer_path("backup", "stops/"), {"plan": "basic"})
        call(client, "POST", offer_path("backup", "prices/"), {"changes": [PRICE]})
    assert (SaleStop.objects.count(), Price.objects.count()) == (stops + 1, prices + 1)


def test_a_key_is_for_one_request(world: World, api: Any) -> None:
    client, path = api(ADMIN), "offers/"
    first = call(client, "POST", path, NEW, key="a-key")
    again = call(client, "POST", path, NEW, key="a-key")
    assert (first.status_code, again.status_code, again["Idempotency-Replayed"]) == (201, 201, "true")
    assert first.json() == again.json() and Offer.objects.filter(code="twice").count() == 1
    other = call(client, "POST", path, NEW | {"code": "other"}, key="a-key")
    assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "key_reused")
    for key in ("x" * 5000, "a\u00e9", "\x7f"):
        answer = call(client, "POST", path, NEW | {"code": "third"}, key=key)
        assert answer.status_code < 500
    assert Offer.objects.filter(code="other").count() == 0


def test_pages_clicked_twice(world: World, web: Any) -> None:
    client, backup = web(ADMIN), Offer.objects.get(code="backup")
    created = [client.post("/offers/new/", NEW) for _click in range(2)]
    assert [answer.status_code for answer in created] == [302, 200] and Offer.objects.filter(code="twice").count() == 1
    assert "You already have an offer with this code." in created[1].content.decode()
    url = f"/offers/{backup.public_id}/"
    published = [client.post(f"{url}publish/", {"revision": "3"}).status_code for _click in range(2)]
    assert published == [302, 409]
    synced = f"/offers/{Offer.objects.get(code='monitor').public_id}/audience/"
    revision = Offer.objects.get(code="monitor").audience_revision
    assert [client.post(f"{synced}sync/", {"revision": revision}).status_code for _click in range(2)] == [302, 409]
    stopped = [client.post(f"{url}stops/new/", {"plan": "basic", "market": "europe"}) for _click in range(2)]
    assert {answer.status_code for answer in stopped} == {302}
    issue = HealthIssue.objects.get(offer__code="monitor")
    cleared = [client.post(f"/offers/health/{issue.public_id}/", {"text": "Over", "clear": "1"}) for _click in range(2)]
    assert [answer.status_code for answer in cleared] == [302, 200] and issue.reports.count() == 2


def test_a_request_is_submitted_approved_and_withdrawn_once(world: World, api: Any) -> None:
    client, vendor = api(ADMIN), api("vendor.admin")
    subject = str(Offer.objects.get(code="monitor").public_id)
    body = {"kind": "audience.any", "subject": subject}
    made = [call(client, "POST", "requests/", body).json()["id"] for _click in range(2)]
    assert made[0] == made[1]
    path = f"requests/{made[0]}/"
    fields = {"justification": "More partners want it.", "contact_email": "a@publisher.example"}
    assert call(client, "PUT", path, fields).status_code == 200
    assert [call(client, "POST", f"{path}submit/", {}).status_code for _click in range(2)] == [200, 409]
    found = vendor.get(f"/api/v1/{path}findings/").json()
    decision = {"facts_digest": found["facts_digest"], "revision": 1}
    assert [call(vendor, "POST", f"{path}approve/", decision).status_code for _click in range(2)] == [200, 409]
    assert Offer.objects.get(code="monitor").audience == "any"
    assert call(client, "POST", f"{path}withdraw/", {}).status_code == 409
    assert Event.objects.filter(kind="request.approved").count() == 1
    assert Request.objects.get(public_id=made[0]).state == "approved"
