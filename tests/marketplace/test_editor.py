"""The publisher's editor: the draft of a listing and of plans, and two editors of the same offer."""

import pytest

from marketplace.models import Offer
from marketplace.queries.offers import get_draft
from tests.marketplace.editing import read_form, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def backup(world):
    return Offer.objects.get(code="backup")


@pytest.fixture
def monitor(world):
    return Offer.objects.get(code="monitor")


def url(offer, page=""):
    return f"/offers/{offer.public_id}/{page}"


def test_every_page_of_an_offer_is_drawn(world, web, backup):
    client = web("publisher.admin")
    for page in ("", "listing/", "plans/", "technical/", "history/", "publish/", "compare/?from=1&to=draft"):
        answer = client.get(url(backup, page))
        assert answer.status_code == 200, page
        assert "Draft qdraftq" in answer.content.decode()


def read_errors(answer):
    page = answer.content.decode()
    return [part.split("</div>")[0] for part in page.split('class="field-error"')[1:]] or page


def test_saving_a_section_unchanged_saves_nothing(world, web, monitor):
    client = web("publisher.admin")
    for page in ("listing/", "plans/"):
        assert send(client, url(monitor, page)).status_code == 302
    assert get_draft(monitor) is None


def test_a_publisher_makes_an_offer_from_nothing_to_live(world, web):
    client = web("publisher.admin")
    start = client.post("/offers/new/", {"code": "vault", "type": "saas", "pricing_model": "per_seat"})
    offer = Offer.objects.get(code="vault")
    assert start.headers["Location"] == url(offer)
    page = client.get(url(offer)).content.decode()
    for anchor in (
        "listing/#id_texts.en.name",
        "listing/#id_categories_0",
        "listing/#id_support.email",
        "plans/#add-plan",
    ):
        assert f'href="{url(offer, anchor)}"' in page
    answer = send(
        client,
        url(offer, "listing/"),
        texts__en__name="Vault",
        texts__en__summary="Keeps things",
        texts__en__description="**All** of it\r\nand more",
        categories=["backup"],
        links__0__title="Docs",
        links__0__url="https://publisher.example/docs",
        support__email="help@publisher.example",
    )
    assert answer.status_code == 302, read_errors(answer)
    added = send(client, url(offer, "plans/"), add_plan="1")
    assert added.status_code == 200
    assert not offer.plans.exists()  # the form alone has grown
    answer = send(
        client,
        url(offer, "plans/"),
        added.content.decode(),
        plans__0__code="basic",
        plans__0__texts__en__name="Basic",
        plans__0__terms=["P1M", "P1Y"],
        plans__0__billing=["P1M"],
        plans__0__min_seats="5",
    )
    assert answer.status_code == 302, read_errors(answer)
    assert "The draft is complete" in client.get(url(offer)).content.decode()
    fields = read_form(client.get(url(offer, "publish/")).content.decode(), "publish")
    assert client.post(url(offer, "publish/"), fields).status_code == 302
    offer.refresh_from_db()
    content = offer.live_version.content
    assert offer.live_version.number == 1
    assert content["texts"] == {
        "en": {"name": "Vault", "summary": "Keeps things", "description": "**All** of it\nand more"}
    }
    assert content["links"] == [{"title": "Docs", "url": "https://publisher.example/docs"}]
    assert [(plan["code"], plan["terms"], plan["min_seats"]) for plan in content["plans"]] == [
        ("basic", ["P1M", "P1Y"], 5)
    ]
    page = client.get(url(offer, "plans/")).content.decode()
    assert "Fixed since version 1." in page
    assert offer.plans.get().is_live
