"""The publisher's pages of offers: the list, the form that creates one, the overview, and the start page."""

import pytest

from accounts.models import Operator, Organization, OrganizationKind
from marketplace.actions.offers import create_offer, publish_offer, save_draft
from marketplace.models import Offer, OfferType, PricingModel
from marketplace.queries.offers import get_own_offer
from tests.conftest import PageClient
from tests.world_offers import CHANNEL, make_content

pytestmark = pytest.mark.django_db


@pytest.fixture
def publisher(world):
    return world.actor("publisher.admin")


def make_offers(actor, number):
    for at in range(number):
        offer = create_offer(actor=actor, code=f"more-{at}", type=OfferType.CONTAINER, pricing_model=PricingModel.FLAT)
        content = make_content(f"More {at}", "a", "b")
        draft = save_draft(actor=actor, offer=offer, content=content, channel=CHANNEL, revision=None)
        if at % 2:
            publish_offer(actor=actor, offer=offer, revision=draft.revision)


def begin_at_new_publisher(world, role):
    """Return a browser that acts for a publisher that has no offer yet."""
    organization = Organization.objects.create(name="New publisher", kind=OrganizationKind.PUBLISHER, country="FR")
    person = world.person(f"publisher.{role}")
    Operator.objects.create(organization=organization, person=person, roles=[role])
    client = PageClient()
    client.begin_session(person, organization=organization.pk)
    return client


def listed(client, query=""):
    page = client.get(f"/offers/{query}").content.decode()
    return [part.partition("<")[0] for part in page.split('translate="no">')[1:] if "</small>" in part[:60]]


def test_the_list_has_a_row_for_each_offer_with_its_newest_name(world, web):
    client = web("publisher.reader")
    page = client.get("/offers/").content.decode()
    assert "Draft qdraftq" in page and "Monitor" in page
    assert "Only Admins can do this." in page  # beside Create offer
    assert sorted(listed(client)) == ["backup", "monitor"]


FOUND = {
    "?state=changed": ["backup"],
    "?state=live": ["monitor"],
    "?state=draft": [],
    "?state=nothing": ["backup", "monitor"],
    "?type=saas": ["backup", "monitor"],
    "?type=container": [],
    "?audience=specific": ["monitor"],
    "?q=QDRAFT": ["backup"],
    "?q=monit": ["monitor"],
    "?q=%25": [],
    "?sort=-name": ["monitor", "backup"],
    "?sort=name": ["backup", "monitor"],
    "?cursor=nonsense": ["backup", "monitor"],
}


@pytest.mark.parametrize("query", FOUND)
def test_filters_tabs_and_sorting(world, web, query):
    found = listed(web("publisher.admin"), query)
    assert (found if "sort" in query else sorted(found)) == FOUND[query]


def test_a_list_that_nothing_matches_says_so(world, web):
    client = web("publisher.admin")
    assert "Nothing matches these filters" in client.get("/offers/?q=zzz").content.decode()
    assert "No offers with this status" in client.get("/offers/?state=draft").content.decode()


def test_the_first_offer_is_invited(world, web):
    """On the list and on the start page, to who may create it, and no longer once there is one."""
    invited = "Create your first offer"
    admin, reader = (begin_at_new_publisher(world, role) for role in ("admin", "reader"))
    assert all(invited in admin.get(path).content.decode() for path in ("/", "/offers/"))
    assert invited not in reader.get("/").content.decode()
    admin.post("/offers/new/", {"code": "first", "type": "saas", "pricing_model": "flat"})
    assert invited not in admin.get("/offers/").content.decode()
    step = admin.get("/").content.decode().partition(invited)[0].rpartition("<li")[2]
    assert "done" in step  # among the first steps it stays, as one that is done


def test_the_start_page_tells_of_offers_by_state_and_of_drafts(world, web):
    page = web("publisher.admin").get("/").content.decode()
    assert 'href="/offers/?state=changed">1<' in page and 'href="/offers/?state=draft">0<' in page
    assert "Draft qdraftq" in page
    assert "/offers/?state" not in web("partner.admin").get("/").content.decode()


@pytest.mark.parametrize("path", ["/offers/", "/"])
def test_a_page_asks_as_often_for_many_offers_as_for_few(world, web, publisher, count_queries, path):
    client = web("publisher.admin")
    client.get(path)
    with count_queries() as few:
        client.get(path)
    make_offers(publisher, 6)
    with count_queries() as many:
        client.get(path)
    assert len(many) == len(few), [query["sql"] for query in many]


@pytest.mark.parametrize("page", ["", "listing/", "plans/", "history/", "publish/"])
def test_a_page_of_an_offer_asks_as_often_for_many_plans_as_for_few(world, web, publisher, count_queries, page):
    offer = Offer.objects.get(code="backup")
    client = web("publisher.admin")
    path = f"/offers/{offer.public_id}/{page}"
    client.get(path)
    with count_queries() as few:
        client.get(path)
    content = make_content("Many", "basic", *(f"plan-{at}" for at in range(20)))
    draft = save_draft(actor=publisher, offer=offer, content=content, channel=CHANNEL, revision=None)
    publish_offer(actor=publisher, offer=offer, revision=draft.revision)
    save_draft(actor=publisher, offer=offer, content=content, channel=CHANNEL, revision=None)
    with count_queries() as many:
        client.get(path)
    assert len(many) == len(few), [query["sql"] for query in many]


WRONG = [
    {},
    {"code": "Bad code", "type": "saas", "pricing_model": "flat"},
    {"code": "vault", "type": "nothing", "pricing_model": "flat"},
    {"code": "backup", "type": "saas", "pricing_model": "flat"},
    {"code": "\0", "type": "\0", "pricing_model": "\0"},
]


@pytest.mark.parametrize("data", WRONG)
def test_a_wrong_new_offer_is_shown_again(world, web, data):
    before = Offer.objects.count()
    answer = web("publisher.admin").post("/offers/new/", data)
    assert answer.status_code == 200 and "field-error" in answer.content.decode()
    assert Offer.objects.count() == before


def test_the_form_says_what_becomes_fixed(world, web):
    page = web("publisher.admin").get("/offers/new/").content.decode()
    assert "will become fixed when you publish the offer for the first time" in page


@pytest.mark.parametrize("language", ["en", "fr", "ja"])
def test_an_offer_is_named_in_the_readers_language_or_another(world, web, publisher, language):
    offer = Offer.objects.get(code="backup")
    texts = make_content("Backup", "basic")["texts"] | {
        "ja": {"name": "バックアップ", "summary": "x", "description": "x"}
    }
    content = make_content("Backup", "basic", texts=texts)
    save_draft(actor=publisher, offer=offer, content=content, channel=CHANNEL, revision=None)
    client = web("publisher.admin")
    person = world.person("publisher.admin")
    type(person).objects.filter(pk=person.pk).update(language=language)
    page = client.get(f"/offers/{offer.public_id}/").content.decode()
    assert ("<h1>バックアップ</h1>" if language == "ja" else "<h1>Backup</h1>") in page
    assert get_own_offer(publisher, offer.public_id).has_draft
