"""The preview of a draft: it is the page that customers, partners and distributors have once it is published."""

import re
from typing import Any

import pytest

from accounts.models import Organization
from marketplace.actions.audience import add_to_audience, choose_audience
from marketplace.actions.files import add_offer_file
from marketplace.actions.offers import create_offer, publish_offer, save_draft
from marketplace.actions.stops import stop_sale
from marketplace.models import Audience, MarketCountry, Offer, OfferType, Price, PricingModel
from marketplace.queries.offers import get_draft
from tests.marketplace.editing import send
from tests.marketplace.test_offer_files import upload
from tests.world_offers import CHANNEL, _price, make_content

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("private_folder")]
PAGES = {
    "customer": ("customer.admin", "/marketplace/{}/"),
    "partner": ("partner.admin", "/marketplace/offers/{}/"),
    "distributor": ("distributor.admin", "/marketplace/offers/{}/"),
}


def read_main(client: Any, url: str) -> str:
    """Return the main content of a page from its header on: what is above it in a preview is the banner."""
    answer = client.get(url)
    assert answer.status_code == 200, url
    main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    before, header, rest = main.partition('<header class="page-header')
    assert header, before
    return header + rest


def read_preview(web: Any, offer: Offer, reader: str, *params: str) -> str:
    query = "&".join([f"as={reader}", *params])
    return read_main(web("publisher.admin"), f"/offers/{offer.public_id}/preview/?{query}")


def read_page(web: Any, offer: Offer, reader: str) -> str:
    who, path = PAGES[reader]
    return read_main(web(who), path.format(offer.public_id))


def without_targets(main: str) -> str:
    """Return a page's content with the words alone of what leads its reader on, which is inert in a preview."""
    words = r'<span class="label-text">([^<]*)</span><span class="visually-hidden">.*?</span></span>'
    inert = r'<span class="refused"><button.*?' + words
    main = re.sub(inert, r"[\1]", main)
    main = re.sub(r'<a href="[^"]*" class="button[^>]*data-dialog>.*?<span>([^<]*)</span></a>', r"[\1]", main)
    return re.sub(r"(</code>) <a [^>]*>([^<]*)</a>", r"\1 [\2]", main)


def publish(world: Any, offer: Offer) -> None:
    publish_offer(actor=world.actor("publisher.admin"), offer=offer, revision=get_draft(offer).revision)


@pytest.mark.parametrize("reader", PAGES)
def test_the_preview_of_a_draft_is_the_page_after_its_publication(world: Any, web: Any, reader: str) -> None:
    """With a file, other categories, a plan that is new and one whose sale is stopped: each byte but where it leads."""
    publisher, offer = world.actor("publisher.admin"), Offer.objects.get(code="backup")
    content = make_content("Vault", "basic", "pro", categories=["identity", "backup"])
    content["plans"][1] |= {"trial_days": 30, "min_seats": 5}
    save_draft(actor=publisher, offer=offer, content=content, channel=CHANNEL, revision=None)
    for kind in ("logo", "screenshot", "training"):
        add_offer_file(actor=publisher, offer=offer, kind=kind, upload=upload(kind))
    _price(offer.plans.get(code="pro"), "europe", "EUR", "12.50")
    stop_sale(actor=publisher, offer=offer, plan=offer.plans.get(code="basic"), reason="Not now")
    before = read_page(web, offer, reader)
    shown = read_preview(web, offer, reader, "place=europe.EUR")
    publish(world, offer)
    assert without_targets(shown) == without_targets(read_page(web, offer, reader)) != without_targets(before)
    assert shown == read_preview(web, offer, reader, "place=europe.EUR")  # which is now of what is live
    assert ("12.50" in shown) is (reader != "customer") is ("For partners" in shown)
    assert ("The sale of this plan has been stopped." in shown) is (reader != "customer")


@pytest.mark.parametrize("reader", PAGES)
@pytest.mark.parametrize(("audience", "selected"), [("any", ""), ("specific", "yes"), ("specific", "no"), ("none", "")])
def test_the_first_publication_is_previewed_with_the_saved_audience(
    world: Any, web: Any, reader: str, audience: str, selected: str
) -> None:
    publisher = world.actor("publisher.admin")
    offer = create_offer(actor=publisher, code="vault", type=OfferType.SAAS, pricing_model=PricingModel.FLAT)
    choose_audience(actor=publisher, offer=offer, audience=Audience(audience), revision=None)
    if selected == "yes":
        keys = [world.partner.pk, world.distributor.pk]
        add_to_audience(actor=publisher, offer=offer, organization_ids=keys)
    save_draft(actor=publisher, offer=offer, content=make_content("Vault", "basic"), channel=CHANNEL, revision=None)
    shown = read_preview(web, offer, reader, "place=europe.EUR", f"selected={selected}")
    publish(world, offer)
    page = read_page(web, offer, reader)
    for name, example in ((world.partner.name, "Example partner"), (world.distributor.name, "Example distributor")):
        page = page.replace(f"and {name} is not one", f"and {example} is not one")
    assert without_targets(shown) == without_targets(page)
    if reader != "customer":
        assert "no_price" in shown and "offer_not_published" not in shown
        assert ("opted_out" in shown) is (audience == "none")
        assert ("not_in_audience" in shown) is (selected == "no")


@pytest.mark.parametrize("type", [OfferType.VIRTUAL_MACHINE, OfferType.CONTAINER])
def test_plans_that_the_whole_programme_may_sell_are_previewed_as_such(world: Any, web: Any, type: OfferType) -> None:
    """The draft says which plan takes a licence of one's own; the row of the plan does not say so yet (CA-6)."""
    publisher = world.actor("publisher.admin")
    offer = create_offer(actor=publisher, code="vault", type=type, pricing_model=PricingModel.FLAT)
    content = make_content("Vault", "basic", "own")
    content["plans"][1]["is_byol"] = True
    save_draft(actor=publisher, offer=offer, content=content, channel=CHANNEL, revision=None)
    shown = read_preview(web, offer, "partner", "place=europe.EUR")
    publish(world, offer)
    assert without_targets(shown) == without_targets(read_page(web, offer, "partner"))
    assert shown.count("opted_out") == (1 if type == OfferType.VIRTUAL_MACHINE else 0)


@pytest.mark.promise("CA-6")
@pytest.mark.parametrize("type", [OfferType.VIRTUAL_MACHINE, OfferType.CONTAINER])
def test_the_publisher_closes_a_plan_that_the_whole_programme_may_sell(
    world: Any, web: Any, api: Any, type: OfferType
) -> None:
    """By its form; the draft says so in the preview, and the next version to everybody."""
    offer = create_offer(actor=world.actor("publisher.admin"), code="vault", type=type, pricing_model=PricingModel.FLAT)
    content = make_content("Vault", "basic")
    content["plans"][0]["is_byol"] = True
    save_draft(actor=world.actor("publisher.admin"), offer=offer, content=content, channel=CHANNEL, revision=None)
    publish(world, offer)
    client, at = web("publisher.admin"), f"/offers/{offer.public_id}"
    asked = f"/api/v1/eligibility/?plan={offer.plans.get().public_id}"
    answer = api("partner.admin").get(asked).json()
    assert (answer["sellable"], answer["allowed_by"]) == (True, "open_plan")
    page = client.get(f"{at}/audience/").content.decode()
    assert "may sell Basic, whatever the audience" in page and "Only Basic can still be sold." in page
    assert send(client, f"{at}/plans/", plans__0__is_for_audience_only="on").status_code == 302
    assert api("partner.admin").get(asked).json()["sellable"], "a draft is seen by nobody else"
    assert "opted_out" in read_preview(web, offer, "partner", "place=europe.EUR")
    assert "For the audience only" in client.get(f"{at}/compare/?from=live&to=draft").content.decode()
    publish(world, offer)
    assert [rule["code"] for rule in api("partner.admin").get(asked).json()["failed_rules"]] == ["opted_out"]
    page = client.get(f"{at}/audience/").content.decode()
    assert "whatever the audience" not in page and "Nobody can make new sales." in page
    saved = api("publisher.admin").get(f"/api/v1/offers/{offer.public_id}/").json()
    assert saved["tree"]["plans"][0]["is_for_audience_only"] is True


def test_a_draft_without_anything_is_previewed_and_says_what_is_missing(world: Any, web: Any) -> None:
    offer = create_offer(
        actor=world.actor("publisher.admin"), code="vault", type=OfferType.SAAS, pricing_model=PricingModel.FLAT
    )
    for reader in PAGES:
        page = web("publisher.admin").get(f"/offers/{offer.public_id}/preview/?as={reader}").content.decode()
        assert "<h1>vault</h1>" in page and "things are still needed before the offer can be published" in page


@pytest.mark.parametrize("place", ["japan.JPY", "europe.GBP"])
def test_a_place_decides_about_prices_and_reasons(world: Any, web: Any, place: str) -> None:
    offer = Offer.objects.get(code="backup")
    shown = read_preview(web, offer, "partner", f"place={place}")
    assert ("¥1,000" in shown) is ("plan_stopped_in_market" in shown) is (place == "japan.JPY")
    assert "€9.90" not in shown and "€9.90" in read_preview(web, offer, "partner")
    assert ("The plan has no price in GBP" in shown) is (place == "europe.GBP")


@pytest.mark.parametrize("reader", PAGES)
def test_nothing_in_a_preview_leads_where_its_publisher_may_not_go(world: Any, web: Any, reader: str) -> None:
    """Buttons and next steps are there as the reader has them, say that they do nothing, and are no links or forms."""
    publisher = world.actor("publisher.admin")
    offer = Offer.objects.get(code="monitor")
    stop_sale(actor=publisher, offer=offer, plan=None, reason="Not now")
    client, page = web("publisher.admin"), read_preview(web, offer, reader, "place=japan.JPY", "selected=no")
    targets = re.findall(r'(?:href|action)="(/[^"#]*)"', page)
    assert {target: client.get(target).status_code for target in targets} == dict.fromkeys(targets, 200)
    button = "Ask your partner" if reader == "customer" else "Contact publisher"
    assert (
        f'<span class="label-text">{button}</span>' in page
        and "This works on the published page, but not in this preview." in page
    )
    steps = re.findall(r'<a role="link" aria-disabled="true" title="This works on the published[^>]*>([^<]*)</a>', page)
    assert ("Contact publisher" in steps) is (reader != "customer")


def read_place(web: Any, offer: Offer) -> str:
    page = web("publisher.admin").get(f"/offers/{offer.public_id}/preview/?as=partner").content.decode()
    return re.search(r'<option value="([^"]*)" selected', page)[1]  # type: ignore[index]


def test_a_preview_begins_with_the_market_of_its_publisher(world: Any, web: Any) -> None:
    """It is another one only where the offer has prices, but none there."""
    offer = Offer.objects.get(code="backup")
    own = MarketCountry.objects.filter(market__code="japan")[0]
    Organization.objects.filter(pk=world.publisher.pk).update(country=own.country)
    assert read_place(web, offer) == f"japan.{own.currency}"
    Price.objects.filter(plan__offer=offer, market__code="japan").update(amount=None)
    assert read_place(web, offer) == "europe.EUR"
    Price.objects.filter(plan__offer=offer).update(amount=None)
    assert read_place(web, offer) == f"japan.{own.currency}"
