"""The pages of an audience: options with numbers, the table, the picker, the pasted list and the sync."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organization, ProgramMembership
from marketplace.actions.audience import add_to_audience, change_live_audience, choose_audience, sync_audience
from marketplace.actions.offers import create_offer, publish_offer, save_draft
from marketplace.audience_rules import HAS_SALES
from marketplace.models import Audience, Offer, OfferType, PricingModel, PrivateInfo
from notifications.models import Event
from tests.marketplace.test_audience import CELLS
from tests.world_offers import CHANNEL, make_content, sell


@pytest.fixture
def offer(world):
    return Offer.objects.get(code="monitor")  # specific: the distributor; a saved addition: the partner


def url(offer, page=""):
    return reverse(f"offer_audience{page}", args=[offer.public_id])


@pytest.mark.promise("CA-8")
def test_the_page_shows_three_options_with_what_they_mean_today(web, offer):
    page = web("publisher.reader").get(url(offer))
    text = page.content.decode()
    assert text.count('type="radio"') == 3
    assert "Currently 2 partners" in text
    assert "2 organisations selected, bringing in 1 more partner" in text
    assert 'data-reason="Only Admins can do this."' in text or "Only Admins can do this." in text


CARD = re.compile(r"<label class=\"radio-card\">.*?</label>", re.DOTALL)


def way_of(card, client):
    """What the page lets its reader do with an option, and the message of an option that it refuses."""
    if "disabled" not in card:
        return "chosen" if " checked" in card else "free"
    link = re.search(r"href=\"([^\"]+)\"", card)
    if not link:
        return "refused" if str(HAS_SALES) in card else "?"
    assert client.get(link[1]).status_code == 200
    return "request"


@pytest.mark.promise("CA-24", "CA-25", "CA-27", "CA-28", "CA-29")
@pytest.mark.parametrize("has_sales", [False, True])
@pytest.mark.parametrize("before", Audience)
def test_each_cell_of_the_table_of_live_offers_on_the_page(web, world, offer, before, has_sales):
    if has_sales:
        sell(world, offer)
    for audience in (Audience.ANY, before):  # from which each is reached, also with sales
        change_live_audience(actor=world.actor("vendor.admin"), offer=offer, audience=audience)
    client = web("publisher.admin")
    cards = CARD.findall(client.get(url(offer)).content.decode())
    shown = {re.search(r"value=\"(\w+)\"", card)[1]: way_of(card, client) for card in cards}
    expected = {after: CELLS[before, after][has_sales] for after in Audience}
    assert shown == {after: "chosen" if way == "unchanged" else way for after, way in expected.items()}


def test_additions_wait_without_a_sync_while_another_option_is_saved(web, world, offer):
    change_live_audience(actor=world.actor("vendor.admin"), offer=offer, audience=Audience.NONE)
    client = web("publisher.admin")
    client.post(url(offer, "_select"), {"row": [str(world.partner.public_id)]})
    assert "There are no saved changes to sync." in client.get(url(offer, "_sync")).content.decode()
    offer.refresh_from_db()
    client.post(url(offer), {"audience": "specific", "revision": offer.audience_revision})
    page = client.get(url(offer, "_sync")).content.decode()
    assert world.partner.name in page and "1 partner will be able to sell the offer from now on." in page


def test_the_table_says_who_brought_each_in(web, api, world, offer):
    """A person of the publisher by name, the vendor's staff as the vendor, and nobody for what nobody has chosen."""
    chosen, by = world.person("publisher.admin"), f"/api/v1/offers/{offer.public_id}/audience/partners/"

    def read():
        rows = api("publisher.reader").get(by).json()["items"]
        return {row["name"]: (row["source"], row["by"]) for row in rows}

    assert read()[world.partner.name] == (None, "")
    sync_audience(actor=world.actor("publisher.admin"), offer=offer, revision=offer.audience_revision)
    assert read()[world.partner.name] == ("selected", chosen.name)
    assert chosen.name in web("publisher.reader").get(url(offer)).content.decode()
    backup = Offer.objects.get(code="backup")  # which the partner has sold
    add_to_audience(actor=world.actor("publisher.admin"), offer=backup, organization_ids=[world.distributor.pk])
    change_live_audience(actor=world.actor("vendor.admin"), offer=backup, audience=Audience.SPECIFIC)
    by = f"/api/v1/offers/{backup.public_id}/audience/partners/"
    assert read() == {
        world.distributor.name: ("selected", world.vendor.name),
        world.partner.name: ("resold", ""),
    }
    page = web("publisher.reader").get(url(backup)).content.decode()
    assert world.person("vendor.admin").name not in page


@pytest.mark.promise("CA-13")
def test_what_was_chosen_in_the_picker_stands_in_the_table(web, world, offer):
    client = web("publisher.admin")
    backup = Offer.objects.get(code="backup")
    assert world.partner.name in client.get(url(backup, "_select"), {"q": "qpartnerq"}).content.decode()
    answer = client.post(url(backup, "_select"), {"row": [str(world.partner.public_id), "nonsense"]})
    assert answer.status_code == 302
    assert [row.organization for row in backup.audience_changes.all()] == [world.partner]
    assert world.partner.name not in client.get(url(backup, "_select")).content.decode()  # no longer to be chosen


@pytest.mark.promise("CA-11", "CA-13")
def test_one_of_the_chosen_has_left_meanwhile_and_the_others_are_added(web, world):
    backup, client = Offer.objects.get(code="backup"), web("publisher.admin")
    chosen = {"row": [str(row.public_id) for row in (world.partner, world.distributor)]}
    Organization.objects.filter(pk=world.partner.pk).update(state="suspended")
    page = client.post(url(backup, "_select"), chosen)
    text = page.content.decode()
    refused = text[text.index("Entries that couldn’t be added") :]
    assert refused.index(world.partner.name) < refused.index("This organisation is suspended.")
    assert "1 partner added." in text
    assert [row.organization for row in backup.audience_changes.all()] == [world.distributor]
    text = client.post(url(backup, "_select"), chosen).content.decode()  # nobody is left to add
    assert "No partner was added." in text and "This organisation is already in the audience." in text
    world.distributor.memberships.update(ends_on=timezone.now().date() - timedelta(days=1))
    backup.audience_changes.all().delete()
    text = client.post(url(backup, "_select"), chosen).content.decode()
    assert "This organisation’s membership of the CSP programme is not active." in text


def test_a_picker_with_nobody_says_whether_filters_are_why(web, offer):
    client = web("publisher.admin")
    assert "Nothing matches these filters" in client.get(url(offer, "_select"), {"q": "nobody"}).content.decode()
    ProgramMembership.objects.all().delete()
    page = client.get(url(offer, "_select")).content.decode()
    assert "No partners to add" in page and "Nothing matches these filters" not in page


def test_a_saved_audience_comes_with_the_publication_only_before_the_first(web, world, offer):
    client, actor = web("publisher.admin"), world.actor("publisher.admin")
    draft = create_offer(actor=actor, code="draft", type=OfferType.SAAS, pricing_model=PricingModel.FLAT)
    PrivateInfo.objects.update(next_audience=Audience.ANY)
    page = client.get(reverse("offer", args=[offer.public_id])).content.decode()
    assert "Saved audience" in page and "Audience after publication" not in page
    page = client.get(reverse("offer", args=[draft.public_id])).content.decode()
    assert "Audience after publication" in page and "Saved audience" not in page


@pytest.mark.parametrize(("code", "page"), [("monitor", ""), ("backup", "_select")])
def test_the_script_that_shows_the_bar_of_ticked_rows_comes_with_the_page(web, code, page):
    text = web("publisher.admin").get(url(Offer.objects.get(code=code), page)).content.decode()
    assert 'id="bulk-bar"' in text and "js/select" in text


@pytest.mark.parametrize("row", [[], ["nonsense"], ["00000000-0000-0000-0000-000000000000"]])
def test_nothing_chosen_adds_nothing(web, offer, row):
    assert web("publisher.admin").post(url(offer, "_select"), {"row": row}).status_code == 302
    assert offer.audience_changes.count() == 1


def test_a_pasted_list_names_what_it_refuses(web, world, offer):
    page = web("publisher.admin").post(url(offer, "_paste"), {"entries": f"{world.partner.tenant_id}\nNobody <b>Inc."})
    text = page.content.decode()
    assert "This organisation is already in the audience." in text
    assert "No member of the CSP programme has this name or tenant ID." in text
    assert "Nobody &lt;b&gt;Inc." in text
    assert web("publisher.admin").post(url(offer, "_paste"), {"entries": ""}).status_code == 200


def test_the_table_marks_locks_and_takes_back(web, world, offer):
    client = web("publisher.admin")
    client.post(url(offer, "_remove"), {"row": [str(world.partner.public_id), str(world.distributor.public_id)]})
    assert "Marked for removal" in client.get(url(offer)).content.decode()
    assert [(row.organization, row.is_removal) for row in offer.audience_changes.all()] == [(world.distributor, True)]
    sell(world, offer)
    page = client.get(url(offer)).content.decode()
    assert "Can’t be removed because it has sold 1 subscription." in page
    box = f'name="row" value="{world.distributor.public_id}"'
    assert box in page, "although it stays, its mark can be taken off"
    kept = client.post(url(offer, "_remove"), {"row": str(world.distributor.public_id), "keep": "1"}, follow=True)
    page = kept.content.decode()
    assert "1 partner is no longer marked for removal." in page and "Marked for removal" not in page
    assert box not in page and offer.authorizations.active().filter(organization=world.distributor).exists()
    assert Event.objects.latest("pk").data == {"kept": 1}


def test_the_sync_shows_first_what_it_does(web, world, offer):
    client = web("publisher.admin")
    page = client.get(url(offer, "_sync")).content.decode()
    assert "1 partner will be able to sell the offer from now on." in page
    assert "Once added, a partner can leave the audience only by request." in page
    refused = client.post(url(offer, "_sync"), {"revision": "1"})  # not what was shown
    assert refused.status_code == 409 and "Nothing was synced" in refused.content.decode()
    assert not offer.authorizations.active().filter(organization=world.partner).exists()
    assert client.post(url(offer, "_sync"), {"revision": offer.audience_revision}).status_code == 302
    again = client.post(url(offer, "_sync"), {"revision": offer.audience_revision})
    assert again.status_code == 409 and "There are no saved changes to sync." in again.content.decode()
    assert offer.authorizations.active().filter(organization=world.partner).exists()


@pytest.mark.promise("CA-30", "CA-31")
def test_an_offer_without_partners_is_not_opted_in_without_what_they_need(web, api, world):
    """Published for no partner it needed no material for them: the sync that opts it in asks for it."""
    actor = world.actor("publisher.admin")
    shut = create_offer(actor=actor, code="shut", type=OfferType.SAAS, pricing_model=PricingModel.FLAT)
    save_draft(actor=actor, offer=shut, content=make_content("Shut", "basic"), channel={}, revision=None)
    publish_offer(actor=actor, offer=shut, revision=2)
    choose_audience(actor=actor, offer=shut, audience=Audience.ANY, revision=None)
    shut.refresh_from_db()
    client, seen = web("publisher.admin"), {"revision": shut.audience_revision}
    page = client.get(url(shut, "_sync")).content.decode()
    assert "Add a link to marketing material for partners." in page and "Add sales material for partners." in page
    assert reverse("offer_listing", args=[shut.public_id]) in page
    assert client.post(url(shut, "_sync"), seen).status_code == 409
    answer = api("publisher.admin").post(
        f"/api/v1/offers/{shut.public_id}/audience/sync/", {}, headers={"If-Match": "*"}
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "incomplete")
    shut.refresh_from_db()
    assert shut.audience == Audience.NONE
    save_draft(actor=actor, offer=shut, content=make_content("Shut", "basic"), channel=CHANNEL, revision=None)
    publish_offer(actor=actor, offer=shut, revision=3)
    assert client.post(url(shut, "_sync"), seen).status_code == 302
    shut.refresh_from_db()
    assert shut.audience == Audience.ANY


@pytest.mark.parametrize("revision", ["", "x", "-1", "9" * 40, "7"])
def test_a_sync_of_nonsense_is_refused(web, offer, revision):
    web("publisher.admin").post(url(offer, "_sync"), {"revision": revision})
    assert offer.audience_changes.count() == 1


def test_an_option_that_needs_a_request_is_not_saved(web, offer):
    page = web("publisher.admin").post(url(offer), {"audience": "any", "revision": offer.audience_revision})
    assert page.status_code == 200 and "vendor staff decide" in page.content.decode()
    offer.refresh_from_db()
    assert (offer.audience, offer.private.next_audience) == (Audience.SPECIFIC, Audience.SPECIFIC)


def test_two_editors_do_not_overwrite_each_other(web, offer):
    seen = offer.audience_revision
    client = web("publisher.admin")
    client.post(url(offer), {"audience": "specific", "revision": seen})
    assert client.post(url(offer), {"audience": "specific", "revision": seen}).status_code in (409, 412)


@pytest.mark.parametrize("who", ["partner.admin", "customer.admin", "distributor.admin", "vendor.admin"])
@pytest.mark.parametrize("page", ["", "_select", "_sync"])
def test_no_other_kind_has_the_pages(web, offer, who, page):
    assert web(who).get(url(offer, page)).status_code in (403, 404)


def test_the_pages_cost_the_same_whatever_their_length(web, offer, django_assert_max_num_queries):
    client = web("publisher.admin")
    for page in ("", "_select", "_sync"):
        with django_assert_max_num_queries(24):
            client.get(url(offer, page))


def test_that_nobody_was_added_is_no_success(web, offer):
    client = web("publisher.admin")
    client.post(url(offer, "_select"), {})
    page = client.get(url(offer)).content.decode()
    assert "No partner was added." in page and "0 partners added" not in page and "toast ok" not in page
    pasted = client.post(url(offer, "_paste"), {"entries": "Nobody has this name"}).content.decode()
    assert (
        "No partner was added." in pasted
        and '<div class="note ok"' not in pasted
        and '<div class="note warn"' in pasted
    )
