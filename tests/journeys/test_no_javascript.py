"""Every list and form without script: what a locked-down browser can do."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import Organization
from tests.journeys import people


@pytest.fixture
def browser(visitor):
    return visitor(java_script_enabled=False)


@pytest.fixture
def partner():
    return people.partner()


def expect_names(page, names):
    """The rows, in order; waits for the page that a form or a link leads to."""
    expect(page.locator("td.cell-name a")).to_have_text(names)


def test_search_filter_sort_and_page_the_customers(browser, partner):
    customers = [people.customer(f"Client n{number:02}") for number in range(28)]  # digits alone stand in ORGIDs too
    Organization.objects.filter(pk=customers[3].pk).update(country="JP")
    people.connect(partner, *customers)
    page = browser.opens("/customers/")
    browser.signs_in(people.operator(partner))
    expect(page).to_have_url(re.compile("/customers/$"))

    page.get_by_role("navigation", name="Rows per page").get_by_role("link", name="25").click()
    first = [customer.name for customer in customers[:25]]
    expect_names(page, first)
    page.get_by_role("link", name="Next", exact=True).click()
    expect_names(page, [customer.name for customer in customers[25:]])
    page.get_by_role("link", name="Previous", exact=True).click()
    expect_names(page, first)

    page.get_by_role("columnheader", name="Customer").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Customer")).to_have_attribute("aria-sort", "descending")
    expect_names(page, [customer.name for customer in customers[::-1]][:25])

    page.get_by_role("searchbox", name="Search name, web domain or ORGID").fill(customers[3].name.replace("e", "ê"))
    browser.press("Apply")
    expect_names(page, [customers[3].name])
    browser.follow("Clear")
    page.get_by_label("Country").select_option("JP")
    browser.press("Apply")
    expect_names(page, [customers[3].name])


def test_end_a_connection_from_the_row(browser, partner):
    customer = people.customer()
    people.connect(partner, customer)
    browser.arrives_as(people.operator(partner))
    page = browser.opens("/customers/")
    expect(page.get_by_role("button", name=f"Actions for {customer.name}")).to_be_hidden()
    page.get_by_role("link", name=customer.name).click()
    expect(browser.heading).to_have_text(customer.name)
    browser.press("More actions")
    browser.follow("End connection…")
    expect(browser.heading).to_have_text(f"End the connection with {customer.name}?")
    browser.press("End connection")
    expect(page).to_have_url(re.compile("/customers/$"))
    browser.sees("No customers yet")


def test_dismiss_and_restore_a_notice(browser, partner):
    customer = people.customer()
    people.connect(partner, customer)
    subject = f"{customer.name} is now connected to you"
    page = browser.arrives_as(people.operator(partner)).opens("/inbox/")
    browser.press(f"Dismiss: {subject}")
    browser.sees("Notification dismissed")
    browser.press("Undo")
    browser.sees("Notification restored")
    browser.press(f"Dismiss: {subject}")
    browser.follow("Dismissed")
    browser.press(f"Restore: {subject}")
    browser.follow("All")
    expect(page.get_by_role("button", name=subject, exact=True)).to_be_visible()


def test_preferences_show_on_the_next_page(browser, partner):
    page = browser.arrives_as(people.operator(partner)).opens("/me/")
    page.get_by_label("Language").select_option("fr")
    page.get_by_role("radio", name="Dark").check()
    browser.press("Save preferences")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_switch_to_another_organisation(browser, partner):
    other = people.partner("Zephyr")
    page = browser.arrives_as(people.operator(partner, other), partner).opens("/")
    page.get_by_role("button", name=f"Organisation: {partner.name}").click()
    page.get_by_role("button", name=other.name).click()
    browser.sees(f"Switched to {other.name}.")
    expect(page.get_by_role("button", name=f"Organisation: {other.name}")).to_be_visible()
