"""Every address of the marketplace with the ids of another publisher: not found, or not for this kind, and no word."""

import json
from typing import Any

import pytest

from marketplace.models import AudienceChange, HealthIssue, OfferFile, StopReason
from support.models import Request
from tests.marketplace.rivals import Rival
from tests.world import World
from tests.world_offers import make_content

pytestmark = [pytest.mark.django_db, pytest.mark.slow]  # everybody asks everywhere
# Drafts, channel material and prices of the rival; the reason of its stop; the draft, sales and requests of the cast's.
SECRETS = ("qrivalq", "7771377713", "7,771,377,713", "qrecallq")
OWN = ("qdraftq", "qsoldq", "rqpublisherq")
PRICE = {
    "plan": "basic", "market": "japan", "currency": "JPY", "term": "P1M", "billing": "P1M", "amount": "5",
    "valid_from": "2027-01-01",
}  # fmt: skip
PAGES = [
    *(("GET", f"/offers/O/{tab}", {}) for tab in (
        "", "listing/", "plans/", "technical/", "audience/", "audience/select/", "audience/sync/", "health/",
        "history/",
        "compare/?from=live&to=draft", "preview/", "preview/?as=partner", "publish/", "discard/", "prices/",
        "prices/basic/change/", "prices/basic/history/", "prices/P/withdraw/", "stops/new/", "stops/S/lift/",
    )),
    ("POST", "/offers/O/listing/", {"texts.en.name": "x"}), ("POST", "/offers/O/plans/", {"add_plan": "1"}),
    ("POST", "/offers/O/technical/", {"webhook_url": "https://x.example"}),
    ("POST", "/offers/O/audience/", {"audience": "none", "revision": "1"}),
    ("POST", "/offers/O/publish/", {"revision": "3"}), ("POST", "/offers/O/discard/", {"revision": "3"}),
    ("POST", "/offers/O/audience/select/", {"row": "W"}), ("POST", "/offers/O/audience/paste/", {"entries": "Partner"}),
    ("POST", "/offers/O/audience/remove/", {"row": "W"}), ("POST", "/offers/O/audience/sync/", {"revision": "1"}),
    ("POST", "/offers/O/health/", {"kind": "outage", "text": "x"}), ("POST", "/offers/health/H/", {"text": "x"}),
    ("POST", "/offers/O/prices/basic/change/", {"valid_from": "2027-01-01", "step": "publish"}),
    ("POST", "/offers/O/prices/P/withdraw/", {}), ("POST", "/offers/O/stops/S/lift/", {}),
    ("GET", "/requests/new/audience.none/O/", {}), ("POST", "/requests/new/audience.none/O/", {}),
    ("POST", "/offers/O/files/", {"add": "logo"}), ("POST", "/offers/O/files/F/remove/", {}),
    ("GET", "/requests/R/", {}),
    ("GET", "/requests/R/details/", {}), ("POST", "/requests/R/messages/", {"message": "x"}),
    ("POST", "/requests/R/withdraw/", {}), ("GET", "/imports/new/audience/?target=O", {}),
    ("GET", "/imports/new/prices/?target=O", {}),
]  # fmt: skip
API = [
    *(("GET", f"offers/O/{tab}", None) for tab in (
        "", "?target=live", "versions/", "compare/?from=live&to=draft", "technical/", "audience/", "audience/partners/",
    )),
    ("PUT", "offers/O/", make_content("x", "basic")), ("POST", "offers/O/publish/", {}),
    ("DELETE", "offers/O/draft/", {}), ("GET", "offers/O/files/", None), ("DELETE", "offers/O/files/F/", None),
    ("PUT", "offers/O/technical/", {"landing_page_url": "", "webhook_url": ""}),
    ("PUT", "offers/O/audience/", {"audience": "none"}), ("POST", "offers/O/audience/sync/", {}),
    ("POST", "offers/O/prices/", {"changes": [PRICE]}), ("POST", "offers/O/prices/P/withdraw/", {}),
    ("POST", "offers/O/stops/S/lift/", {}), ("GET", "requests/R/", None), ("GET", "requests/R/messages/", None),
    ("PUT", "requests/R/", {"title": "x"}), ("POST", "requests/R/submit/", {}), ("POST", "requests/R/withdraw/", {}),
    ("POST", "requests/", {"kind": "audience.none", "subject": "O"}),
    ("POST", "exports/", {"list": "audience", "filters": {"offer": "O"}}),
    ("POST", "exports/", {"list": "prices", "filters": {"offer": "O"}}),
]  # fmt: skip
KINDS = (
    "publisher.admin", "publisher.reader", "partner.admin", "partner2.admin", "nobadge.admin", "lapsed.admin",
    "distributor.admin", "customer.admin", "stranger.admin", "anonymous",
)  # fmt: skip


@pytest.fixture
def ids(world: World, rival: Rival) -> dict[str, str]:
    """The public ids of what is the rival's, by the letter that stands for each."""
    StopReason.objects.create(stop=rival.offer.stops.get(), text="qrecallq")
    issue = HealthIssue.objects.create(offer=rival.offer, kind="outage")
    file = OfferFile.objects.create(offer=rival.offer, kind="sales", name="qrivalq.pdf", size=1)
    partner = AudienceChange.objects.create(offer=rival.offer, organization=world.partner)
    asked = Request.objects.create(
        kind="audience.none", organization_id=rival.ids["organization"], subject_id=rival.offer.public_id,
        subject_label="rival", title="qrivalq",
    )  # fmt: skip
    return {
        "O": str(rival.offer.public_id), "P": str(rival.offer.plans.get().prices.get().public_id),
        "S": str(rival.offer.stops.get().public_id), "H": str(issue.public_id), "R": str(asked.public_id),
        "W": str(partner.organization.public_id), "F": str(file.public_id),
    }  # fmt: skip


def fill(text: str, ids: dict[str, str]) -> str:
    for letter, value in ids.items():
        text = text.replace(f"/{letter}/", f"/{value}/").replace(f'"{letter}"', f'"{value}"')
        text = text.replace(f"target={letter}", f"target={value}")
    return text


@pytest.mark.parametrize("who", KINDS)
def test_nobody_finds_what_is_anothers(world: World, web: Any, ids: dict[str, str], who: str) -> None:
    client, found = web(who), []
    for method, path, data in PAGES:
        url, body = fill(path, ids), json.loads(fill(json.dumps(data), ids))
        answer = client.get(url) if method == "GET" else client.post(url, body)
        expected = (404,) if who == "publisher.admin" else (403, 404)
        expected = (302,) if who == "anonymous" and "/sign-in/" in answer.get("Location", "/sign-in/") else expected
        if answer.status_code not in expected or any(word in answer.content.decode() for word in SECRETS):
            found.append((method, path, answer.status_code))
    assert found == []


@pytest.mark.parametrize("who", KINDS)
def test_nobody_finds_it_by_api(world: World, web: Any, ids: dict[str, str], who: str) -> None:
    client, found = web(who), []
    for method, path, data in API:
        body = fill(json.dumps(data), ids) if data is not None else ""
        url = f"/api/v1/{fill(f'/{path}', ids)[1:]}"
        answer = client.generic(method, url, body, content_type="application/json", headers={"If-Match": "*"})
        expected = {"publisher.admin": (404,), "anonymous": (401, 403)}.get(who, (403, 404))
        if answer.status_code not in expected or any(word in answer.content.decode() for word in SECRETS):
            found.append((method, path, answer.status_code, answer.content[:80]))
    assert found == []


SEARCHES = (
    "/offers/?q=", "/marketplace/offers/?q=", "/marketplace/?q=", "/marketplace/all/?q=",
    "/marketplace/simulator/?plan_q=",
    "/requests/?q=", "/requests/queue/?q=",
    "/marketplace/offers/choose/?customer_q=", "/api/v1/catalogue/?q=",
    "/api/v1/catalogue/price-list/?x=", "/api/v1/offers/?q=", "/imports/?q=",
)  # fmt: skip


@pytest.mark.parametrize("who", [*KINDS, "vendor.reader", "customer2.admin", "distributor2.admin"])
def test_no_search_and_no_list_says_a_secret(world: World, web: Any, ids: dict[str, str], who: str) -> None:
    """What is published is found; drafts, material, prices of other markets and reasons of stops are not."""
    client = web(who)
    may = {"publisher": OWN, "vendor": (*OWN, *SECRETS)}.get(who.partition(".")[0], ())
    for path in (*SEARCHES, f"/marketplace/offers/{ids['O']}/?q=", f"/marketplace/{ids['O']}/?q="):
        for word in ("rival", "draft"):
            page = client.get(f"{path}{word}").content.decode()
            assert not [secret for secret in (*SECRETS, *OWN) if secret in page and secret not in may], path
