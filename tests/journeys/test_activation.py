"""Activation links in a browser: opened as somebody else, copied, corrected and withdrawn. See also test_channel.py."""

import pytest
from playwright.sync_api import expect

from entitlements.models import ActivationLink
from tests.journeys import people


@pytest.fixture
def tried():
    return people.service_to_try()


def sends(browser, kind, **fields):
    """Fill in the form of an activation link, and send it."""
    page = browser.opens(f"/activations/{kind}/new/")
    page.get_by_label("Organisation name").fill(fields.pop("name"))
    page.get_by_role("textbox", name="Notification email").fill(fields.pop("email"))
    page.get_by_label("Country or region").select_option(fields.pop("country"))
    for label, value in fields.items():
        page.get_by_label(label.replace("_", " ")).select_option(value)
    browser.press("Send link")


def test_whoever_is_signed_in_as_somebody_else_changes_the_address(stack, visitor, tried):
    partner, other = people.partner(), people.customer()
    sender = visitor().arrives_as(people.operator(partner))
    person = people.person("Right")
    name = people.unique("Quay Hotel")
    sends(sender, "customers", name=name, email=person.email, country="FR", Service_to_try=tried.code)
    link = stack.link(person.email, f"activate {name}", "/activate/")
    browser = visitor().arrives_as(people.operator(other, name="Wrong"))
    browser.opens(link)
    browser.press("Continue")
    browser.sees(f"This link is for {person.email}")
    browser.press("Sign in with another address")
    expect(browser.page).to_have_url(stack.origin + link)
    browser.follow("Sign in")
    browser.signs_in(person)
    browser.press("Activate and connect")
    browser.sees(f"{name} is now active.")


def test_a_sender_copies_corrects_and_withdraws_a_link_without_script(visitor, tried):
    partner = people.partner()
    browser = visitor(java_script_enabled=False).arrives_as(people.operator(partner))
    name = people.unique("Old Mill")
    sends(browser, "customers", name=name, email="wrong@mill.example", country="FR", Service_to_try=tried.code)
    link = ActivationLink.objects.get(name=name)
    page = browser.opens(f"/activations/{link.public_id}/copy/")
    browser.press("Show link")
    assert "/activate/" in page.get_by_role("textbox", name="Activation link").input_value()
    browser.opens(f"/activations/{link.public_id}/change/")
    page.get_by_role("textbox", name="Notification email").fill("right@mill.example")
    browser.press("Save and send again")
    browser.sees("The activation link was sent again to right@mill.example.")
    browser.opens(f"/activations/{link.public_id}/revoke/")
    page.get_by_label("Reason").fill("Not needed")
    browser.press("Withdraw link")
    browser.opens("/customers/pending/?state=ended")
    browser.sees("Not needed")
