"""Signing in with everything there is: codes, an authenticator app, recovery codes, a passkey. Every page inspected."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys import inspection, pages, people
from tests.journeys.people import authenticator_app
from tests.journeys.visitor import E_MAIL


def inspected(browser, shown, **values):
    for one in shown:
        address = one.address.format(**values)
        page = browser.opens(address, status=one.status)
        assert page.url.endswith(address), f"{address} led to {page.url}"
        yield from (f"{address} {fault}" for fault in inspection.faults(browser))


@pytest.fixture
def ada(visitor):
    """Signed in by the form, and asked for the password again, as changes to the sign-in demand."""
    browser = visitor()
    browser.person = people.operator(people.customer())
    browser.opens("/sign-in/login/")
    browser.signs_in(browser.person)
    expect(browser.heading).to_contain_text("Hello")
    page = browser.opens("/sign-in/two-factor/totp/activate/")
    page.get_by_role("textbox", name="Password").fill(people.PASSWORD)
    browser.press("Confirm")
    expect(page).to_have_url(re.compile("/totp/activate/$"))
    return browser


def leaves(browser):
    browser.opens("/sign-in/logout/")
    browser.page.get_by_role("main").get_by_role("button", name="Sign out").click()
    expect(browser.heading).to_have_text("Sign in")


def test_pages_of_the_account(ada):
    found = list(inspected(ada, pages.AFTER_SIGNING_IN))
    assert not found, "\n".join(found)


def test_the_code_that_proves_an_address(visitor, stack):
    browser, email = visitor(), f"{people.unique('newcomer').replace(' ', '-')}@example.com"
    page = browser.opens("/sign-in/signup/")
    page.get_by_label("Your name").fill("Nora Newcomer")
    page.get_by_role("textbox", name=E_MAIL).fill(email)
    page.get_by_role("textbox", name="Password").fill(people.PASSWORD)
    browser.press("Create account")
    expect(page).to_have_url(re.compile("/sign-in/confirm-email/$"))
    found = list(inspection.faults(browser))
    page.get_by_label("Code").fill("000000")
    browser.press("Confirm")
    expect(page.locator("[aria-invalid=true]")).to_be_visible()
    page.get_by_label("Code").fill(stack.code(email))
    browser.press("Confirm")
    expect(browser.heading).to_have_text("Create your organisation")
    assert not found, "\n".join(found)


def test_somebody_without_a_password_sets_one(visitor):
    browser, person = visitor(), people.operator(people.customer())
    person.set_unusable_password()
    person.save()
    found = list(inspected(browser.arrives_as(person), pages.WITHOUT_PASSWORD))
    assert not found, "\n".join(found)


def test_authenticator_app_and_recovery_codes(ada):
    page = ada.opens("/sign-in/two-factor/totp/activate/")
    secret = page.get_by_label("Setup key, if you can’t scan").input_value()
    page.locator("input[name=code]").fill(authenticator_app(secret))
    ada.press("Turn on")
    expect(page).not_to_have_url(re.compile("totp/activate"))
    found = list(inspected(ada, pages.WITH_SECOND_FACTOR))
    leaves(ada)
    ada.signs_in(ada.person)
    expect(page).to_have_url(re.compile("/two-factor/authenticate/"))
    found += inspection.faults(ada)
    page.locator("input[name=code]").fill("000000")
    ada.press("Sign in")
    expect(page.locator("[aria-invalid=true]")).to_be_visible()
    assert not found, "\n".join(found)


def test_a_passkey_is_added_and_signs_in(ada):
    page = ada.page
    device = ada.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    key = {**options, "isUserVerified": True, "automaticPresenceSimulation": True}
    added = device.send("WebAuthn.addVirtualAuthenticator", {"options": key})

    def is_touched(enabled):
        device.send("WebAuthn.setAutomaticPresenceSimulation", {**added, "enabled": enabled})

    ada.opens("/sign-in/two-factor/webauthn/add/")
    page.get_by_label("Name").fill("Laptop")
    ada.press("Add")
    expect(ada.heading).to_have_text("Recovery codes")
    ada.opens("/sign-in/two-factor/webauthn/")
    expect(page.get_by_role("main")).to_contain_text("Laptop")
    edit = page.locator("a[href*='/keys/']").first.get_attribute("href")
    found = list(inspected(ada, pages.WITH_PASSKEY, key=re.search(r"keys/(\d+)/", edit)[1]))
    is_touched(False)
    leaves(ada)
    is_touched(True)
    page.reload()  # the passkey that the browser offers by itself is touched, and was not on the page before
    expect(ada.heading).to_contain_text("Hello")
    ada.page.add_init_script("delete PublicKeyCredential.isConditionalMediationAvailable")  # as in an older browser
    leaves(ada)
    ada.press("Sign in with a passkey")
    expect(ada.heading).to_contain_text("Hello")
    assert not found, "\n".join(found)
