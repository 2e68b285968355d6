"""Discarding the draft of an offer: what is live stays, all else goes, and nobody discards what they did not see."""

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from marketplace.actions.files import add_offer_file
from marketplace.actions.offers import create_offer, discard_draft, publish_offer, save_draft
from marketplace.models import ChannelInfo, Offer, OfferFile, OfferType, OfferVersion, Plan, Price, PricingModel
from marketplace.queries.offers import get_draft, get_newest_version
from notifications.models import Event
from partnerportal.lib.errors import ActionRefused, Conflict, StaleVersion
from tests.marketplace.editing import read_form
from tests.marketplace.test_offer_files import upload
from tests.world_offers import CHANNEL, _price, make_content

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("private_folder")]
API = "/api/v1/offers/"


@pytest.fixture
def publisher(world):
    return world.actor("publisher.admin")


@pytest.fixture
def backup(world):
    return Offer.objects.get(code="backup")


def read_live(offer: Offer) -> Any:
    """Return all that an offer has beside its draft."""
    return (
        list(OfferVersion.objects.exclude(number=None).filter(offer=offer).values()),
        list(ChannelInfo.objects.exclude(version__number=None).filter(version__offer=offer).values()),
        list(Plan.objects.filter(offer=offer).exclude(published_in=None).values()),
        list(Price.objects.filter(plan__offer=offer).exclude(plan__published_in=None).values()),
        list(OfferFile.objects.filter(offer=offer).exclude(published_in=None).values()),
        list(Offer.objects.filter(pk=offer.pk).values("live_version", "listing", "audience", "published_at")),
    )


def test_what_is_live_stays_and_all_of_the_draft_goes(publisher, backup, as_tenant):
    _price(backup.plans.get(code="pro"), "europe", "EUR", "12.00")
    add_offer_file(actor=publisher, offer=backup, kind="sales", upload=upload("sales"))
    before, revision = read_live(backup), get_draft(backup).revision
    with as_tenant(publisher):
        discard_draft(actor=publisher, offer=backup, revision=revision)
    assert read_live(backup) == before
    assert get_draft(backup) is None and get_newest_version(backup).number == 1
    assert [plan.code for plan in backup.plans.all()] == ["basic"]
    assert not OfferFile.objects.filter(offer=backup, published_in=None).exists()
    (event,) = Event.objects.filter(kind="offer.draft_discarded")
    assert event.data == {"revision": revision}
    with pytest.raises(Conflict, match="no_draft") as refused:
        discard_draft(actor=publisher, offer=backup, revision=None)
    assert refused.value.message == "The offer has no draft: the live version is the latest."


def test_a_new_draft_has_no_revision_that_somebody_has_seen(publisher, backup):
    """Whoever still has the discarded draft open does not save it over the next one unseen."""
    seen = get_draft(backup).revision
    discard_draft(actor=publisher, offer=backup, revision=seen)
    backup.refresh_from_db()
    for _time in range(2):
        save_draft(actor=publisher, offer=backup, content=make_content("B", "basic"), channel=CHANNEL, revision=None)
    assert get_draft(backup).revision > seen + 1
    with pytest.raises(StaleVersion):
        save_draft(actor=publisher, offer=backup, content=make_content("C", "basic"), channel={}, revision=seen)


def test_a_draft_that_a_colleague_has_saved_or_published_is_not_discarded(publisher, backup):
    seen = get_draft(backup).revision
    save_draft(actor=publisher, offer=backup, content=make_content("B", "basic"), channel=CHANNEL, revision=seen)
    with pytest.raises(StaleVersion):
        discard_draft(actor=publisher, offer=backup, revision=seen)
    publish_offer(actor=publisher, offer=backup, revision=get_draft(backup).revision)
    with pytest.raises(Conflict, match="no_draft"):
        discard_draft(actor=publisher, offer=backup, revision=seen)


def test_an_offer_that_was_never_published_keeps_its_draft(publisher):
    offer = create_offer(actor=publisher, code="new", type=OfferType.SAAS, pricing_model=PricingModel.FLAT)
    with pytest.raises(Conflict, match="never_published"):
        discard_draft(actor=publisher, offer=offer, revision=None)
    assert get_draft(offer)


@pytest.mark.parametrize("who", ["publisher.reader", "partner.admin", "vendor.admin", "customer.admin"])
def test_nobody_else_discards_a_draft(world, backup, who):
    with pytest.raises(ActionRefused):
        discard_draft(actor=world.actor(who), offer=backup, revision=None)


@pytest.mark.parametrize("model", [OfferVersion, ChannelInfo])
@pytest.mark.parametrize("who", ["publisher.admin", "publisher.reader", "partner.admin", "vendor.admin"])
def test_the_database_deletes_no_version_but_the_draft_of_a_live_offer(world, as_tenant, who, model, publisher):
    create_offer(actor=publisher, code="new", type=OfferType.SAAS, pricing_model=PricingModel.FLAT)
    rows = model.objects.order_by("pk")
    before, name = list(rows.values_list("pk", flat=True)), "number" if model is OfferVersion else "version__number"
    with as_tenant(world.actor(who)):
        ChannelInfo.objects.all()._raw_delete("default")
        if model is OfferVersion:
            try:
                with transaction.atomic():
                    OfferVersion.objects.all()._raw_delete("default")
            except DatabaseError:
                pytest.fail("the draft went, its channel information too")
    left = set(rows.values_list("pk", flat=True))
    drafts = {row.pk for row in rows.filter(**{name: None})}
    gone = set(before) - left
    assert len(gone) == (1 if who == "publisher.admin" else 0)
    assert len(drafts) == (1 if who == "publisher.admin" else 2)  # of the new offer; and that of the live one


def test_the_page_confirms_with_what_is_lost(world, web, backup):
    client = web("publisher.admin")
    overview = client.get(f"/offers/{backup.public_id}/").content.decode()
    assert "Discard draft…" in overview
    path = f"/offers/{backup.public_id}/discard/"
    page = client.get(path).content.decode()
    assert "changes will be lost" in page and "with their prices: pro." in page
    revision = str(get_draft(backup).revision)
    assert f'name="revision" value="{revision}"' in page
    assert client.post(path, {"revision": "x"}).status_code == 409
    stale = client.post(path, {"revision": "1"})
    assert stale.status_code == 409 and "Check the latest version, then try again." in stale.content.decode()
    assert get_draft(backup)
    assert client.post(path, {"revision": revision}).status_code == 302
    assert get_draft(backup) is None
    overview = client.get(f"/offers/{backup.public_id}/").content.decode()
    assert "Discard draft…" not in overview and "Draft discarded." in overview
    assert "There is nothing to discard" in client.get(path).content.decode()
    assert client.post(path, {"revision": revision}).status_code == 409
    assert read_form(client.get(f"/offers/{backup.public_id}/listing/").content.decode())["texts.en.name"] == ["Backup"]


def test_a_draft_that_differs_in_nothing_loses_nothing(publisher, web, backup):
    save_draft(actor=publisher, offer=backup, content=make_content("Backup", "basic"), channel=CHANNEL, revision=None)
    draft = get_draft(backup)
    publish_offer(actor=publisher, offer=backup, revision=draft.revision)
    save_draft(actor=publisher, offer=backup, content=make_content("Backup", "basic"), channel=CHANNEL, revision=None)
    page = web("publisher.admin").get(f"/offers/{backup.public_id}/discard/").content.decode()
    assert "The draft is the same as the live version." in page
    assert "will be lost" not in page and "See the changes" not in page


def test_the_api_discards_what_its_caller_has_seen(world, api, backup):
    client, url = api("publisher.admin"), f"{API}{backup.public_id}/"
    seen = client.get(url).headers["ETag"]
    assert client.delete(f"{url}draft/").status_code == 428
    stale = client.delete(f"{url}draft/", headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["errors"][0]["code"]) == (412, "changed_meanwhile")
    assert client.delete(f"{url}draft/", headers={"If-Match": seen}).status_code == 204
    shown = client.get(url)
    assert (shown.json()["target"], shown.json()["has_draft"], shown.json()["state"]) == ("live", False, "live")
    again = client.delete(f"{url}draft/", headers={"If-Match": "*"})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "no_draft")
    tree = {**make_content("B", "basic"), "channel": CHANNEL}
    assert client.put(url, tree, format="json", headers={"If-Match": seen}).status_code == 412
