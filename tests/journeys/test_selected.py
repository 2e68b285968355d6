"""Exports say what was saved, once for each file; what can be done with selected customers."""

import csv
import datetime as dt
import re

import pytest
from playwright.sync_api import expect

from accounts.models import Organization
from entitlements.models import Entitlement, Sku
from exports.models import Export
from partnerportal.lib.days import today
from tests.journeys import people


@pytest.fixture
def customers():
    """Three customers of one partner: two with an address, and renewals of the first and the last."""
    partner = people.partner("Selecting")
    made = [people.customer(f"Client {number}") for number in range(3)]
    people.connect(partner, *made)
    for number in (0, 1):
        Organization.objects.filter(pk=made[number].pk).update(contact_email=f"office{number}@client.example")
    name = people.unique("Storage")
    sku = Sku.objects.create(code=name.replace(" ", "-"), service=name, name=name)
    for number in (0, 2):
        Entitlement.objects.create(
            customer=made[number],
            sku=sku,
            external_id=f"{name}-{number}",
            kind="production",
            state="active",
            quantity=5,
            ends_on=today() + dt.timedelta(days=40 + number),
        )
    return partner, made


def read_column(download, name):
    with open(download.path(), encoding="utf-8-sig", newline="") as file:
        return [row[name] for row in csv.DictReader(file)]


def toast(page):
    return page.locator("#toasts .toast-text")


@pytest.mark.promise("CC-38")
def test_a_saved_file_is_said_and_exported_once(visitor, customers):
    partner, made = customers
    browser = visitor(viewport={"width": 1280, "height": 420}).arrives_as(people.operator(partner))
    page = browser.opens("/customers/")
    page.route("**/exports/new/", lambda route: (page.wait_for_timeout(500), route.continue_()))
    button = page.get_by_role("button", name="Export", exact=True)
    with page.expect_download() as download:
        button.press("Enter")
        button.press("Enter")
        expect(button).to_have_attribute("aria-busy", "true")
    assert re.fullmatch(r"customers-\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)
    assert sorted(read_column(download.value, "name")) == sorted(one.name for one in made)
    expect(toast(page)).to_have_text("Exported 3 customers")
    expect(button).not_to_have_attribute("aria-busy", "true")
    exports = Export.objects.filter(organization=partner)
    assert exports.count() == 1, "pressed twice it is one export"
    page.unroute("**/exports/new/")
    page.get_by_role("checkbox", name=f"Select {made[1].name}").check()
    page.evaluate("scrollTo(0, 0)")  # so the bar lies on the rows, and a click of Playwright's would scroll again
    with page.expect_download() as download:
        page.get_by_role("button", name="Export selected").dispatch_event("click")
    assert read_column(download.value, "name") == [made[1].name]
    expect(toast(page).last).to_have_text("Exported 1 customer")
    said, bar = page.locator("#toasts .toast").last.bounding_box(), page.locator("#bulk-bar").bounding_box()
    assert said["y"] + said["height"] <= bar["y"] or said["y"] >= bar["y"] + bar["height"], "it hides no button"
    page = browser.opens("/exports/")
    with page.expect_download():
        page.get_by_role("button", name="Download again").first.click()
    expect(toast(page)).to_have_text("Exported 1 customer")
    assert exports.count() == 3


def test_the_search_of_the_portal_exports_as_often_as_one_likes(visitor, customers):
    partner, _made = customers
    page = visitor().arrives_as(people.operator(partner)).opens("/")
    for list_name, words in (("customers", "Exported 3 customers"), ("renewals", "Exported 2 renewals")):
        page.keyboard.press("Control+k")
        page.get_by_role("combobox").fill(f"export {list_name}")
        with page.expect_download():
            page.get_by_role("option", name=f"Export {list_name}").click()
        expect(toast(page).last).to_have_text(words)
        expect(page.get_by_role("combobox")).to_be_hidden()


def test_what_cannot_be_exported_is_said_where_one_is(visitor, customers):
    partner, _made = customers
    browser = visitor().arrives_as(people.operator(partner))
    page = browser.opens("/customers/?q=client")
    browser.is_deaf = True
    page.route("**/exports/new/", lambda route: route.abort())
    export = page.get_by_role("button", name="Export", exact=True)
    export.click()
    page.get_by_role("button", name=re.compile("The 3 matching customers")).click()
    expect(toast(page)).to_have_text("The portal didn’t respond. Check your internet connection.")
    page.unroute("**/exports/new/")
    with page.expect_download() as download:
        page.get_by_role("button", name="Try again").click()
    assert len(read_column(download.value, "name")) == 3
    page.evaluate("document.querySelector('#bulk [name=list]').value = 'nothing'")
    export.click()
    page.get_by_role("button", name=re.compile("The 3 matching customers")).click()
    expect(page.locator("#toasts .toast.bad .toast-text")).to_have_text(
        "The address is wrong, or you no longer have access to this page."
    )
    expect(page).to_have_url(re.compile(r"/customers/\?q=client$"))


@pytest.mark.promise("G-31")
def test_addresses_of_selected_customers_are_copied(visitor, customers):
    partner, made = customers
    browser = visitor(permissions=["clipboard-read", "clipboard-write"]).arrives_as(people.operator(partner))
    page = browser.opens("/customers/")
    copy = page.get_by_role("button", name="Copy emails")
    page.get_by_role("checkbox", name=f"Select {made[2].name}").check()
    expect(page.get_by_role("button", name="Copy ORGIDs")).to_be_visible()
    expect(copy).to_be_hidden()  # it has none
    page.get_by_role("checkbox", name="Select all rows on this page").check()
    copy.click()
    expect(page.get_by_role("button", name="Copied", exact=True)).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "office0@client.example; office1@client.example"


@pytest.mark.promise("G-31")
def test_renewals_of_selected_customers_are_opened(visitor, customers):
    partner, made = customers
    browser = visitor().arrives_as(people.operator(partner))
    page = browser.opens("/customers/")
    for number in (0, 1):
        page.get_by_role("checkbox", name=f"Select {made[number].name}").check()
    page.get_by_role("link", name="View renewals").click()
    expect(browser.heading).to_have_text("Renewals")
    rows = page.locator("main tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(made[0].name)
    chip = page.get_by_role("list", name="Active filters").get_by_role("listitem")
    expect(chip).to_contain_text(f"{made[0].name}, {made[1].name}")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export", exact=True).click()
    assert read_column(download.value, "org_id") == [made[0].org_id]
    expect(toast(page)).to_have_text("Exported 1 renewal")
    chip.get_by_role("link", name=re.compile("^Remove the filter Customer")).click()
    expect(rows).to_have_count(2)
    expect(chip).to_have_count(0)
