"""A publisher makes an offer from nothing to live in one sitting, with and without script; two editors meet."""

import re

import pytest
from playwright.sync_api import expect

from accounts.actions.organizations import register_organization
from accounts.models import OrganizationKind
from marketplace.models import Offer
from tests.journeys import inspection, people


@pytest.fixture
def publisher():
    return register_organization(
        actor=people.STAFF, kind=OrganizationKind.PUBLISHER, name=people.unique("Publishwell"), country="FR"
    )


def creates_offer(browser, code):
    """From the start page to the overview of the draft."""
    page = browser.opens("/")
    browser.follow("Create offer")
    page.get_by_label("Code").fill(code)
    page.get_by_label("SaaS").check()
    page.get_by_label("Per licence").check()
    browser.press("Create offer")
    browser.sees("Describe the offer in at least one language.")


def fills_listing(browser):
    page = browser.page
    browser.follow("Describe the offer in at least one language.")
    expect(page).to_have_url(re.compile("/listing/#id_texts.en.name$"))
    english = page.locator("details.language").first
    english.get_by_label("Name").fill("Vault of things")
    english.get_by_label("Summary").fill("Keeps things")
    english.get_by_label("Description").fill("# Vault\n\nKeeps **all** things.")
    page.get_by_label("Backup", exact=False).first.check()
    support = page.get_by_role("region", name="Support", exact=True)
    support.get_by_label("Email").fill("not an address")
    browser.press("Save draft")
    expect(support.get_by_label("Email")).to_have_attribute("aria-invalid", "true")
    expect(english.get_by_label("Summary")).to_have_value("Keeps things")
    support.get_by_label("Email").fill("help@vault.example")
    browser.press("Preview")
    expect(page.locator(".prose strong")).to_have_text("all")
    browser.press("Save draft")
    browser.sees("Draft saved.")


def adds_plan(browser):
    page = browser.page
    browser.follow("Add a plan.")
    browser.press("Add plan")
    browser.sees("Not saved yet.")
    plan = page.get_by_role("region", name="New plan")
    plan.get_by_label("Code").fill("basic")
    plan.get_by_label("Name").first.fill("Basic")
    plan.get_by_label("1 year").check()
    plan.get_by_label("monthly").check()
    browser.press("Save draft")
    browser.sees("The draft is complete.")


def opts_in(browser):
    """The choice who may resell it, and what resellers need for that."""
    page = browser.page
    browser.follow("Audience")
    page.get_by_label("Any partner in the CSP programme").check()
    browser.press("Save draft")
    page.get_by_role("navigation", name="Offer", exact=True).get_by_role("link", name="Overview").click()
    browser.follow("Add a link to marketing material for partners.")
    expect(page.get_by_label("Link to marketing material")).to_be_visible()
    for name in ("marketing", "sales", "support"):
        page.get_by_label(f"Link to {name} material").fill(f"https://vault.example/{name}")
    page.get_by_role("group", name="Contact for partners").get_by_label("Email").fill("channel@vault.example")
    browser.press("Save draft")
    browser.sees("The draft is complete.")


@pytest.mark.promise("CA-1", "CA-7")
@pytest.mark.parametrize("has_script", [True, False], ids=["with script", "without script"])
def test_an_offer_from_nothing_to_live_in_one_sitting(visitor, publisher, has_script):
    browser = visitor(java_script_enabled=has_script).arrives_as(people.operator(publisher))
    page = browser.page
    creates_offer(browser, "vault")
    fills_listing(browser)
    adds_plan(browser)
    opts_in(browser)
    browser.follow("Publish…")
    browser.sees("Who may sell it: Any partner in the CSP programme.")
    browser.sees("The offer’s code, type and pricing model, and the codes and terms of its plans, will become fixed.")
    browser.press("Publish")
    expect(page.locator(".page-title .status")).to_have_text("Live")
    offer = Offer.objects.get(publisher=publisher)
    assert (offer.audience, offer.live_version.content["plans"][0]["terms"]) == ("any", ["P1Y"])

    browser.follow("Plans")
    browser.sees("Fixed since version 1.")
    plan = page.get_by_role("region", name="Plan basic")
    expect(plan.get_by_label("Code")).not_to_be_editable()
    expect(plan.get_by_label("1 year")).to_be_disabled()
    plan.get_by_label("2 years").check()
    browser.press("Save draft")
    expect(page.locator(".page-title .status")).to_have_text("Live, with changes")
    browser.follow("Publish…")
    expect(page.locator("ins")).to_have_text("1 year, 2 years")
    browser.press("Publish")
    browser.follow("History")
    browser.follow("What changed")
    expect(page.get_by_role("row", name="Terms")).to_contain_text("2 years")


def test_two_editors_meet_side_by_side(visitor, publisher):
    first, second = (visitor().arrives_as(people.operator(publisher, name=name)) for name in ("Ada", "Bea"))
    creates_offer(first, "vault")
    fills_listing(first)
    for browser in (first, second):
        browser.opens(f"/offers/{Offer.objects.get(publisher=publisher).public_id}/listing/")
    for browser, words in ((first, "Keeps many things"), (second, "Keeps most things")):
        browser.page.locator("details.language").first.get_by_label("Summary").fill(words)
        browser.press("Save draft")
    first.sees("Draft saved.")
    row = second.page.get_by_role("row", name="Summary")
    expect(row.locator("del")).to_have_text("most ")
    expect(row.locator("ins")).to_have_text("many ")
    expect(second.page.locator("details.language").first.get_by_label("Summary")).to_have_value("Keeps most things")
    assert not (found := list(inspection.faults(second))), "\n".join(found)
    second.press("Overwrite with my changes")
    second.sees("Draft saved.")
    draft = Offer.objects.get(publisher=publisher).versions.get(number=None)
    assert draft.content["texts"]["en"]["summary"] == "Keeps most things"


def test_a_form_full_of_errors_fits_every_screen(visitor, publisher):
    browser = visitor().arrives_as(people.operator(publisher))
    page = browser.page
    creates_offer(browser, "vault")
    browser.follow("Plans")
    browser.press("Add plan")
    plan = page.get_by_role("region", name="New plan")
    plan.get_by_label("Code").fill("Not a code")
    plan.get_by_label("Free trial (days)").fill("999")
    browser.press("Save draft")
    expect(page.locator(".error-summary")).to_be_focused()
    assert not (found := list(inspection.faults(browser))), "\n".join(found)


def test_an_offer_that_was_never_published_is_corrected_and_deleted(visitor, publisher):
    browser = visitor().arrives_as(people.operator(publisher))
    page = browser.page
    creates_offer(browser, "valut")
    browser.follow("Change…")
    page.get_by_role("dialog").get_by_label("Code").fill("Not a code")
    browser.press("Save changes")
    expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    assert not (found := list(inspection.faults(browser))), "\n".join(found)
    page.get_by_role("textbox", name="Code").fill("vault")
    browser.press("Save changes")
    browser.sees("Offer changed.")
    assert Offer.objects.get(publisher=publisher).code == "vault"
    browser.follow("Delete offer…")
    assert not (found := list(inspection.faults(browser))), "\n".join(found)
    browser.press("Delete offer")
    browser.sees("The offer vault was deleted.")
