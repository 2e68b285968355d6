"""A newcomer from an invitation to the first trial: what each step is for, the code, the checklist."""

import pytest
from playwright.sync_api import expect

from accounts.models import Organization, Person
from entitlements.models import Entitlement, Sku
from tests.journeys import people
from tests.journeys.people import PASSWORD


@pytest.mark.promise("E-2")
def test_from_an_invitation_to_the_first_trial(stack, visitor):
    partner, email = people.partner("Welcoming"), f"{people.unique('newcomer')}@fresh.example".replace(" ", "-").lower()
    sku = Sku.objects.create(code=f"FIRST-{partner.pk}", service="Trying", name=f"First Ware {partner.pk}")
    browser = visitor()
    page = browser.opens(people.invitation(partner))
    browser.follow("Create an account")
    browser.sees(f"Step 1 of 3 to connect with {partner.name}")
    expect(page.get_by_label("Your name")).to_be_focused()
    page.get_by_label("Your name").fill("Nia New")
    page.get_by_label("Email").fill(email)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    browser.press("Create account")

    browser.sees(f"Step 2 of 3 to connect with {partner.name}")
    expect(page.get_by_label("Code")).to_be_focused()
    again = page.get_by_role("button", name="New code in")
    expect(again).to_be_disabled()
    page.get_by_label("Code").fill(stack.code(email))
    browser.press("Confirm")

    browser.follow("Create your organisation")
    browser.sees(f"Step 3 of 3 to connect with {partner.name}")
    page.get_by_label("Organisation name").fill(f"Newcomer {partner.pk}")
    page.get_by_label("Country or region").select_option("IE")
    browser.press("Create organisation")
    browser.press("Accept and connect")

    browser.opens("/")
    steps = page.get_by_role("region", name="Get started")
    expect(steps).to_contain_text("1 of 5 done")
    frame, icon, button = (
        found.bounding_box() for found in (steps, steps.locator("li .icon").first, steps.locator("li .button").first)
    )
    assert icon["x"] - frame["x"] >= 12, "the rows of the checklist touch the edge of their panel"
    assert frame["x"] + frame["width"] - button["x"] - button["width"] >= 12
    browser.sees("Services that your organisation buys or tries appear here.")
    browser.opens("/services/")
    browser.sees("No services yet")
    expect(page.get_by_text("No active trials.")).to_have_count(0)
    browser.opens("/")
    steps.get_by_role("link", name="Fill in").click()
    page.get_by_label("Street").fill("1 Quay Street")
    page.get_by_label("City").fill("Galway")
    page.get_by_label("Contact email").fill(email)
    browser.press("Save changes")
    browser.opens("/")
    expect(steps).to_contain_text("2 of 5 done")
    steps.get_by_role("link", name="Request a trial").click()
    page.get_by_label("Service").select_option(sku.code)
    page.get_by_label("Licences").fill("5")
    browser.press("Request trial")
    browser.sees(f"You have requested a trial of {sku.name}.")
    customer = Organization.objects.get(name=f"Newcomer {partner.pk}")
    assert Entitlement.objects.filter(customer=customer, sku=sku).exists()

    browser.opens("/")
    expect(steps).to_contain_text("3 of 5 done")
    steps.get_by_role("button", name="Dismiss").click()
    expect(steps).to_have_count(0)
    browser.press("Undo")
    expect(steps).to_contain_text("3 of 5 done")
    steps.get_by_role("button", name="Dismiss").click()
    expect(steps).to_have_count(0)
    assert Person.objects.get(email=email).past_first_steps == [customer.pk]
