"""A price rise from the matrix to its publication, with the sales that it reaches; and one without script."""

import datetime as dt
import re

import pytest
from playwright.sync_api import expect

from marketplace.actions.offers import create_offer, publish_offer, save_draft
from marketplace.actions.prices import add_prices
from marketplace.models import Offer, OfferType, PricingModel
from marketplace.pricing import PriceChange
from partnerportal.lib.days import today
from tests.journeys import people
from tests.world import World
from tests.world_offers import CHANNEL, make_content, sell


@pytest.fixture
def offer(stack) -> Offer:
    """An offer of the cast's publisher that costs 9.90 EUR in Europe and was sold once, with five licences."""
    world, code = World(), people.unique("priced").lower().replace(" ", "-")
    actor = world.actor("publisher.admin")
    offer = create_offer(actor=actor, code=code, type=OfferType.SAAS, pricing_model=PricingModel.PER_SEAT)
    save_draft(actor=actor, offer=offer, content=make_content("Priced", "basic"), channel=CHANNEL, revision=None)
    price = PriceChange(
        plan="basic", market="europe", currency="EUR", term="P1M", billing="P1M", amount="9.90", valid_from=today()
    )
    add_prices(actor=actor, offer=offer, changes=[price])
    publish_offer(actor=actor, offer=offer, revision=offer.versions.get().revision)
    offer.refresh_from_db()
    sell(world, offer)
    return offer


@pytest.mark.parametrize("has_script", [True, False])
def test_a_price_rise_with_its_reach_shown(visitor, offer, has_script):
    browser = visitor(java_script_enabled=has_script).arrives_as("publisher.admin")
    page = browser.opens(f"/offers/{offer.public_id}/prices/")
    matrix = page.get_by_role("group", name="Prices by market and plan")
    expect(matrix).to_contain_text("€9.90")
    page.get_by_role("link", name="Change prices of Basic").click()

    tomorrow = today() + dt.timedelta(days=1)
    page.get_by_label("From (UTC)").fill(tomorrow.isoformat())
    cell = page.get_by_label("Europe, EUR, 1 month, billed monthly")
    cell.fill("24,90")
    browser.press("Preview")
    browser.sees("with a point before any decimals")
    cell.fill("24.90")
    browser.press("Preview")
    browser.sees("1 subscription with 5 licences, due for renewal on")
    expect(page.get_by_role("row", name=re.compile("Europe, EUR"))).to_contain_text("+152%")
    browser.press("Publish prices")
    browser.sees("Enter the code of the plan to confirm it.")
    page.get_by_label("Code of the plan").fill("basic")
    browser.press("Publish prices")
    browser.sees("1 price published.")
    expect(matrix).to_contain_text("€24.90 from")

    page.get_by_role("link", name=re.compile("Withdraw the price of Basic")).click()
    browser.press("Withdraw price")
    browser.sees("Price withdrawn.")
    expect(matrix).not_to_contain_text("€24.90")


def test_a_sale_is_stopped_and_goes_on(visitor, offer):
    browser = visitor().arrives_as("publisher.admin")
    page = browser.opens(f"/offers/{offer.public_id}/prices/")
    browser.follow("Stop sale…")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Plan").select_option("basic")
    dialog.get_by_label("Market").select_option("europe")
    dialog.get_by_label("Reason").fill("A faulty build")
    browser.press("Stop sale")
    browser.sees("Sale stopped: Basic in Europe.")
    expect(page.get_by_role("region", name="Stopped sales").last).to_contain_text("A faulty build")
    page.get_by_role("link", name="Resume sale: Basic in Europe").click()
    browser.press("Resume sale")
    browser.sees("On sale again: Basic in Europe.")
