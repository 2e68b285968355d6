"""A customer chooses what a partner sees: by keyboard alone, without script, and for those who use a screen reader."""

import re

import pytest
from playwright.sync_api import Locator, expect

from accounts.models import Organization, Role
from connections.models import Consent
from partnerportal.lib.scopes import Scope
from tests.journeys import inspection, people
from tests.journeys.visitor import Visitor

NO_USAGE = "Account information, Services and licences, Orders, Notifications"
NO_ORDERS = "Account information, Services and licences, Notifications"


@pytest.fixture
def partner() -> Organization:
    return people.partner()


@pytest.fixture
def customer() -> Organization:
    return people.customer()


def tabs_to(browser: Visitor, wanted: Locator) -> None:
    """By Tab alone, from wherever the focus is; what has it can be seen, whole."""
    for _step in range(60):
        browser.page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            break
    expect(wanted).to_be_focused()
    expect(wanted).to_be_in_viewport(ratio=1)


def presses(browser: Visitor, wanted: Locator, key: str = "Enter") -> None:
    tabs_to(browser, wanted)
    browser.page.keyboard.press(key)


def box(browser: Visitor, scope: str) -> Locator:
    return browser.page.get_by_role("checkbox", name=scope, exact=True)


def shown_consents(browser: Visitor) -> list[str]:
    """What each consent shares, the newest first."""
    return [text.split("\n")[0] for text in browser.page.locator(".consents li").all_inner_texts()]


@pytest.mark.promise("E-14")
def test_by_keyboard_alone(visitor, partner, customer):
    browser = visitor().arrives_as(people.operator(customer))
    page = browser.opens(people.invitation(partner))
    presses(browser, box(browser, "Usage"), "Space")
    expect(box(browser, "Usage")).not_to_be_checked()
    presses(browser, page.get_by_role("button", name="Accept and connect"))
    browser.sees(f"{partner.name} is now connected to {customer.name}.")
    browser.sees("Not shared: Usage")

    opener = page.get_by_role("link", name=f"What is shared in your connection with {partner.name}")
    presses(browser, opener)
    dialog = page.get_by_role("dialog", name=f"What {partner.name} sees")
    expect(dialog).to_be_visible()
    assert page.evaluate("!!document.activeElement.closest('dialog')"), "the focus goes into the dialog"
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()

    page.keyboard.press("Enter")
    expect(box(browser, "Usage")).not_to_be_checked()
    # As a busy browser tells of the first close after somebody quick has opened the dialog again.
    page.evaluate("document.getElementById('dialog').dispatchEvent(new Event('close'))")
    presses(browser, box(browser, "Orders"), "Space")
    presses(browser, dialog.get_by_role("button", name="Save"))
    browser.sees(f"Sharing settings saved for {partner.name}.")
    browser.sees("Not shared: Usage, Orders")

    presses(browser, opener)
    presses(browser, dialog.get_by_role("link", name="History"))
    expect(browser.heading).to_have_text(f"What {partner.name} sees")
    assert shown_consents(browser) == [NO_ORDERS, NO_USAGE]
    presses(browser, box(browser, "Orders"), "Space")
    presses(browser, page.get_by_role("button", name="Save"))
    browser.sees(f"Sharing settings saved for {partner.name}.")
    assert shown_consents(browser) == [NO_USAGE, NO_ORDERS, NO_USAGE]
    presses(browser, page.get_by_role("main").get_by_role("link", name="Cancel"))
    expect(page).to_have_url(re.compile("/account/$"))


@pytest.mark.promise("E-14")
def test_without_script(visitor, partner, customer):
    browser = visitor(java_script_enabled=False).arrives_as(people.operator(customer))
    page = browser.opens(people.invitation(partner))
    box(browser, "Usage").uncheck()
    browser.press("Accept and connect")
    browser.sees(f"{partner.name} is now connected to {customer.name}.")
    browser.sees("Not shared: Usage")
    browser.follow(f"What is shared in your connection with {partner.name}")
    expect(browser.heading).to_have_text(f"What {partner.name} sees")
    expect(box(browser, "Usage")).not_to_be_checked()
    box(browser, "Orders").uncheck()
    browser.press("Save")
    browser.sees(f"Sharing settings saved for {partner.name}.")
    expect(box(browser, "Orders")).not_to_be_checked()
    assert shown_consents(browser) == [NO_ORDERS, NO_USAGE]
    given = Consent.objects.filter(connection__customer=customer).order_by("pk")
    assert [Scope(consent.scopes).codes for consent in given] == [
        ["account", "entitlements", "orders", "notifications"],
        ["account", "entitlements", "notifications"],
    ]
    browser.follow("Cancel")
    expect(page).to_have_url(re.compile("/account/$"))


def test_each_page_and_dialog_is_accessible(visitor, partner, customer):
    """Also as they come back with an error, to whoever may only look, and after the end."""
    other = people.partner("Other")
    (connection, *_rest) = people.connect(partner, customer) + people.connect(other, customer)
    sharing = f"/connections/{connection.public_id}/sharing/"
    admin, found = visitor().arrives_as(people.operator(customer)), []

    def inspect(browser: Visitor, what: str) -> None:
        found.extend(f"{what}: {fault}" for fault in inspection.faults(browser))

    page = admin.opens("/account/")
    admin.follow(f"What is shared in your connection with {partner.name}")
    expect(page.get_by_role("dialog")).to_be_visible()
    inspect(admin, "dialog")
    admin.opens(sharing)
    box(admin, "Usage").uncheck()
    admin.press("Save")
    admin.sees(f"Sharing settings saved for {partner.name}.")
    inspect(admin, "history of two, and a toast")
    box(admin, "Orders").uncheck()
    has_read_older_texts(admin)
    admin.press("Save")
    admin.sees("Nothing was changed")
    inspect(admin, "older texts")
    new = people.partner("New")
    admin.opens(people.invitation(new))
    inspect(admin, "invitation")
    has_read_older_texts(admin)
    admin.press("Accept and connect")
    admin.sees("The invitation was not accepted")
    inspect(admin, "invitation with older texts")
    for browser, what in (
        (visitor().arrives_as(people.operator(customer, role=Role.READER)), "reader"),
        (visitor().arrives_as(people.operator(partner)), "partner"),
    ):
        browser.opens(sharing)
        inspect(browser, what)
    admin.opens(f"/connections/{connection.public_id}/end/")
    admin.press("End connection")
    admin.opens(sharing)
    admin.sees("Nothing is shared any more.")
    inspect(admin, "after the end")
    assert not found, "\n".join(found)


def has_read_older_texts(browser: Visitor) -> None:
    """As if an update had changed them meanwhile."""
    browser.page.locator("[name=wording]").evaluate("field => (field.value = '2020-01/en')")
