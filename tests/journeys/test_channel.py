"""The channel: a distributor is made, brings a partner, which brings customers; then the partner moves to another."""

import csv
import io
import re

import pytest
from playwright.sync_api import expect

from accounts.actions.organizations import register_organization
from accounts.models import OrganizationKind
from tests.journeys import people

MANY = 40


@pytest.fixture
def tried():
    return people.service_to_try()


@pytest.fixture
def other():
    """Another distributor."""
    name = people.unique("South Distribution")
    return register_organization(actor=people.STAFF, kind=OrganizationKind.DISTRIBUTOR, name=name, country="FR")


@pytest.mark.promise("CV-8", "CV-10", "CV-11", "E-7")
def test_a_channel_grows_and_a_partner_moves(stack, visitor, tried, other):
    staff = visitor().arrives_as("vendor.admin")
    north, partner, customer = map(people.unique, ("North Distribution", "New Partner", "Harbour Clinic"))
    sender = comes_in_as_first_admin(visitor(), stack, north, registers_distributor(staff, north))
    partner_side = visitor()
    brings_partner(sender, partner_side, stack, partner)
    waits_for_the_vendor(partner_side, staff, partner)
    customer_side = visitor()
    email = brings_customer(partner_side, customer_side, stack, customer, tried)
    sees_the_trial(partner_side, customer_side, customer, tried)
    sends_many_from_a_file(partner_side, partner, tried)
    addresses = sees_its_channel(sender, partner, customer)
    receiver = visitor().arrives_as(people.operator(other))
    receiver.opens("/partners/")
    receiver.sees("No partners yet")
    moves(staff, partner, other)
    sees_nothing(sender, addresses)
    assert sees_its_channel(receiver, partner, customer) == addresses
    is_told_of_the_move(customer_side, stack, email, f"{partner} now works with the distributor {other.name}")


def registers_distributor(staff, name):
    """And its first Admin is invited. Return that address."""
    email = f"dora@{name.replace(' ', '-').lower()}.example"
    page = staff.opens("/")
    staff.follow("Distributors")
    staff.follow("Register distributor…")
    page.get_by_label("Organisation name").fill(name)
    page.get_by_label("Country or region").select_option("FR")
    page.get_by_label("Work email address of the first Admin").fill(email)
    staff.press("Register")
    staff.sees(f"{name} was registered.")
    return email


def comes_in_as_first_admin(browser, stack, name, email):
    browser.opens(stack.link(email, name, "/join/"))
    browser.sees("Your roles: Admin.")
    browser.press("Continue")
    browser.signs_up(email, "Dora Distributor")
    browser.press("Accept")
    browser.sees(f"You now act for {name}.")
    return browser


def sends_link(browser, organizations, name, email, **choices):
    """By the menu of the list of partners or of customers."""
    page = browser.opens("/")
    browser.follow(organizations)
    page.get_by_role("main").get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("link", name="Send activation link…").click()
    page.get_by_label("Organisation name").fill(name)
    page.get_by_role("textbox", name="Notification email").fill(email)
    page.get_by_label("Country or region").select_option("DE")
    for label, value in choices.items():
        page.get_by_label(label.replace("_", " ")).select_option(value)
    browser.press("Send link")
    browser.sees(f"{name} was sent an activation link at {email}.")


def activates(browser, stack, name, email, button):
    link = stack.link(email, name, "/activate/")
    page = browser.opens(link)
    browser.press("Continue")
    browser.signs_up(email, "Nina New")
    expect(page).to_have_url(stack.origin + link)
    browser.press(button)


def brings_partner(sender, browser, stack, name):
    email = f"paul@{name.replace(' ', '-').lower()}.example"
    sends_link(sender, "Partners", name, email, Programme_to_join="solution_advisor")
    activates(browser, stack, name, email, "Activate")
    browser.sees("Your membership is being confirmed")


def waits_for_the_vendor(browser, staff, name):
    """Which finds the partner by what waits for it."""
    browser.opens("/customers/", status=403)
    staff.opens("/")
    staff.sees("New partners to confirm")
    staff.follow(name)
    staff.follow("Confirm partner…")
    staff.press("Confirm partner")
    staff.sees(f"The membership of {name} has begun.")
    browser.opens("/customers/")
    browser.sees("No customers yet")


def brings_customer(sender, browser, stack, name, sku):
    """Who agrees to what the partner may see. Return the address of its Admin."""
    email = f"clara@{name.replace(' ', '-').lower()}.example"
    sends_link(sender, "Customers", name, email, Service_to_try=sku.code)
    activates(browser, stack, name, email, "Activate and connect")
    browser.sees(f"{name} is now active.")
    return email


def sees_the_trial(sender, browser, name, sku):
    browser.follow("Services")
    browser.sees("Active trials 1")
    expect(browser.page.get_by_role("row", name=sku.name)).to_contain_text("in 14 days")
    sender.opens("/customers/")
    sender.follow(name)
    sender.page.get_by_role("link", name=re.compile("^Services")).click()
    expect(sender.page.get_by_role("row", name=sku.name)).to_contain_text("in 14 days")


def sends_many_from_a_file(browser, partner, sku):
    """By the template, with one row that is wrong."""
    page = browser.opens("/customers/")
    page.get_by_role("main").get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("link", name="Send links from a file…").click()
    with page.expect_download() as template:
        browser.follow("Download template")
    columns = read(template.value)[0]
    domain = partner.replace(" ", "-").lower()
    rows = [[f"Firm {number} of {partner}", f"admin@firm-{number}-{domain}.example"] for number in range(MANY)]
    rows.append([f"Firm without address of {partner}", "nowhere"])
    upload(page, columns, [{"organization_name": name, "email": email} for name, email in rows], sku)
    expect(page).to_have_url(re.compile("/imports/[0-9a-f-]{36}/$"))
    browser.reloads_until(page.get_by_role("button", name=f"Send {MANY} activation links"))
    browser.sees("Enter a valid email address.")
    browser.press(f"Send {MANY} activation links")
    results = page.get_by_role("link", name="All results")
    expect(page.get_by_text("The import is done")).to_be_visible()
    with page.expect_download() as download:
        results.click()
    outcomes = [row[1] for row in read(download.value)[1:]]
    assert len(outcomes) == MANY + 1 and outcomes.count(outcomes[0]) == MANY
    page.get_by_role("main").get_by_role("link", name="Pending customers").click()
    browser.sees(f"Firm {MANY - 1} of {partner}")


def upload(page, columns, rows, sku):
    file = io.StringIO()
    writer = csv.DictWriter(file, columns)
    writer.writeheader()
    writer.writerows({"country": "FR", "sku": sku.code, "licences": 5, **row} for row in rows)
    sent = {"name": "firms.csv", "mimeType": "text/csv", "buffer": file.getvalue().encode()}
    page.locator("input[type=file]").set_input_files(sent)
    page.get_by_role("button", name="Upload and check").click()


def read(download):
    return list(csv.reader(io.StringIO(download.path().read_text("utf-8-sig"))))


def sees_its_channel(browser, partner, customer):
    """On its lists. Return the addresses of the partner and the customer."""
    addresses = []
    for path, name in (("/partners/", partner), ("/customers/", customer)):
        page = browser.opens(path)
        page.get_by_role("link", name=name, exact=True).click()
        expect(browser.heading).to_have_text(name)
        addresses.append(page.url.removeprefix(browser.stack.origin))
    return addresses


def moves(staff, name, other):
    page = staff.opens("/partners/")
    page.get_by_role("searchbox").fill(name)
    staff.follow(name)
    expect(staff.heading).to_have_text(name)
    page.get_by_role("main").get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("link", name="Move to another distributor…").click()
    page.get_by_label("New distributor").select_option(label=other.name)
    staff.press("Show what will change")
    staff.press("Move partner")
    staff.sees(f"{name} was moved.")


def sees_nothing(browser, addresses):
    """On the next request."""
    for address in addresses:
        browser.opens(address, status=404)
    for path, nothing in (("/partners/", "No partners yet"), ("/customers/", "No customers yet")):
        browser.opens(path)
        browser.sees(nothing)


def is_told_of_the_move(browser, stack, email, words):
    stack.mail(email, words)
    browser.opens("/inbox/")
    browser.press(words)
    expect(browser.page).to_have_url(re.compile("/sharing/$"))
