"""The vendor's Admin moves a country and retires a category, and the publisher's editor no longer offers it."""

import re

import pytest
from playwright.sync_api import expect

from marketplace.actions.categories import add_category
from marketplace.actions.markets import add_market, place_country
from marketplace.actions.offers import create_offer
from marketplace.models import Category, MarketCountry, OfferType, PricingModel
from marketplace.queries.markets import preview_country_move
from tests.journeys import inspection, people
from tests.world import World


@pytest.fixture
def place(stack):
    """A market of its own with a country, Fiji, that nobody else looks at, and what brings it back."""
    world = World()
    code = people.unique("pacific").lower().replace(" ", "-")
    market = add_market(actor=world.actor("vendor.admin"), code=code, names={"en": code.title()}, currency="EUR")
    before = MarketCountry.objects.select_related("market").get(country="FJ")
    yield market
    actor = world.actor("vendor.admin")
    if MarketCountry.objects.get(country="FJ").market_id != before.market_id:
        move = preview_country_move(actor, "FJ", before.market, before.currency)
        place_country(actor=actor, country="FJ", market=before.market, currency=before.currency, seen=move.digest)


@pytest.fixture
def category(stack):
    """A category that an offer could choose, and such an offer."""
    world, name = World(), people.unique("Robotics")
    code = name.lower().replace(" ", "-")
    row = add_category(actor=world.actor("vendor.admin"), code=code, names={"en": name}, parent=None)
    offer = create_offer(
        actor=world.actor("publisher.admin"), code=code, type=OfferType.SAAS, pricing_model=PricingModel.FLAT
    )
    return row, offer


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_country_moves_once_its_effect_was_seen(visitor, place, scripts):
    browser = visitor(java_script_enabled=scripts).arrives_as("vendor.admin")
    page = browser.opens("/")
    browser.follow("Catalogue settings")
    browser.follow("Move a country…")
    page.get_by_label("Country or region").select_option("FJ")
    page.get_by_label("Market", exact=True).select_option(place.code)
    page.get_by_label("Price currency").select_option("USD")
    browser.press("Show what will change")
    browser.sees(f"{place.local_name} doesn’t use USD. Add the currency to the market first.")
    page.get_by_label("Price currency").select_option("EUR")
    browser.press("Show what will change")
    browser.sees(f"Move Fiji to {place.local_name}?")
    browser.sees("No partners or customers are affected today.")
    if scripts:
        assert list(inspection.faults(browser)) == []
    browser.press("Back to the form")
    browser.press("Show what will change")
    browser.press("Move country")
    browser.sees(f"Fiji is now in {place.local_name}, with prices in EUR.")
    expect(page.get_by_role("region", name="Countries").last).to_contain_text("Fiji")
    assert MarketCountry.objects.get(country="FJ").market_id == place.pk


def test_a_category_is_retired_and_the_editor_no_longer_offers_it(visitor, category):
    row, offer = category
    publisher = visitor().arrives_as("publisher.admin")
    editor = publisher.opens(f"/offers/{offer.public_id}/listing/")
    expect(editor.get_by_label(row.local_name)).to_be_visible()

    browser = visitor().arrives_as("vendor.admin")
    page = browser.opens("/marketplace/settings/")
    browser.follow("Categories")
    assert list(inspection.faults(browser)) == []
    page.get_by_role("button", name=f"Actions for {row.local_name}").click()
    page.get_by_role("link", name="Rename or move…").locator("visible=true").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name in French").fill("Robotique")
    dialog.get_by_label("Parent category").select_option("security")
    browser.press("Save category")
    browser.sees(f"“{row.local_name}” saved.")
    page.get_by_role("button", name=f"Actions for {row.local_name}").click()
    page.get_by_role("link", name="Retire…").locator("visible=true").click()
    browser.sees("Publishers will no longer be able to choose this category.")
    browser.press("Retire")
    browser.sees(f"“{row.local_name}” was retired.")
    expect(page.get_by_role("row", name=re.compile(row.local_name))).to_contain_text("Retired")

    editor.reload()
    expect(editor.get_by_label(row.local_name)).to_have_count(0)
    expect(editor.get_by_label("Security", exact=True)).to_be_visible()


def test_of_two_admins_the_second_loses_nothing(visitor, category):
    row, _offer = category
    mine, theirs = (visitor().arrives_as("vendor.admin") for _each in range(2))
    for browser in (mine, theirs):
        browser.opens(f"/marketplace/settings/categories/{row.public_id}/")
        browser.page.get_by_label("Name in Japanese").fill("ロボット" if browser is theirs else "ロボティクス")
    theirs.press("Save category")
    theirs.sees(" saved.")
    mine.press("Save category")
    mine.sees("A colleague has changed this since you opened it.")
    mine.sees("Name in Japanese: ロボット")
    expect(mine.page.get_by_label("Name in Japanese")).to_have_value("ロボティクス")
    mine.press("Save category")
    mine.sees(" saved.")
    assert Category.objects.get(pk=row.pk).names["ja"] == "ロボティクス"
