"""Everything by keyboard: where focus goes, and where it comes back to."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys import people


@pytest.fixture
def partner():
    return people.partner()


@pytest.fixture
def customers(partner):
    found = [people.customer(name) for name in ("Alder", "Birch", "Cedar")]
    people.connect(partner, *found)
    return found


@pytest.fixture
def browser(visitor, partner):
    return visitor().arrives_as(people.operator(partner))


def test_skip_link_comes_first_and_leads_to_the_content(browser):
    page = browser.opens("/inbox/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_control_k_jumps_to_a_page(browser):
    page = browser.opens("/")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Search or jump to…").get_by_role("combobox")).to_be_focused()
    page.keyboard.type("account")
    page.keyboard.press("Enter")  # before the list of what was typed is there
    expect(page).to_have_url(re.compile("/account/$"))


def test_control_k_finds_a_customer_and_focus_stays_in_the_field(browser, customers):
    page = browser.opens("/")
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Search or jump to…")
    field = palette.get_by_role("combobox")
    page.keyboard.type("bir")
    birch = palette.get_by_role("option", name="Birch")
    expect(birch).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", birch.get_attribute("id"))

    for _ in range(3):
        page.keyboard.press("Backspace")
    page.keyboard.press("ArrowDown")  # off the first option
    page.keyboard.type("ced")  # letters type, wherever the mark is
    expect(palette.get_by_role("option", name="Cedar")).to_have_attribute("aria-selected", "true")
    expect(field).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Cedar", level=1)).to_be_visible()

    page.keyboard.press("Control+k")
    page.keyboard.type("inv")
    page.keyboard.press("Escape")  # closes at the first press, with text in the field
    expect(palette).to_be_hidden()
    page.keyboard.press("Control+k")
    page.keyboard.type("invite")
    palette.get_by_role("option", name="Invite customers").click()
    expect(page.get_by_role("dialog", name="Invite customers")).to_be_visible()


def test_the_palette_is_there_on_the_phone_and_switches_the_theme(browser):
    page = browser.opens("/inbox/")
    page.set_viewport_size({"width": 390, "height": 800})
    page.get_by_role("link", name="Search or jump to…").click()
    palette = page.get_by_role("dialog", name="Search or jump to…")
    page.keyboard.type("dark")
    palette.get_by_role("option", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page).to_have_url(re.compile("/inbox/$"))


def test_slash_leads_to_the_search_and_question_mark_to_help(browser, customers):
    page = browser.opens("/customers/")
    page.keyboard.press("/")
    expect(page.get_by_role("main").get_by_role("searchbox")).to_be_focused()
    page.get_by_role("link", name="Invite customers").focus()  # no field: there it would be a character
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Help")).to_be_hidden()


def test_row_menu_by_arrows_gives_focus_back(browser, customers):
    page = browser.opens("/customers/")
    opener = page.get_by_role("button", name=f"Actions for {customers[1].name}")
    opener.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="View customer")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="View licensing")).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("link", name="End connection…")).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    expect(opener).to_have_attribute("aria-expanded", "false")

    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=f"End the connection with {customers[1].name}?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


def test_dialog_keeps_focus_and_gives_it_back(browser, customers):
    page = browser.opens("/customers/")
    opener = page.get_by_role("link", name="Invite customers")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Invite customers")).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_live_filter_says_the_count_and_leaves_focus_alone(browser, customers):
    page = browser.opens("/customers/")
    page.keyboard.press("/")
    page.keyboard.type("birch")
    expect(page.locator("#announcer")).to_have_text("1 customer")
    expect(page.get_by_role("row", name=re.compile(customers[0].name))).to_have_count(0)
    search = page.get_by_role("main").get_by_role("searchbox")
    expect(search).to_be_focused()
    expect(search).to_have_value("birch")
    expect(page).to_have_url(re.compile(r"\?q=birch$"))


def test_back_and_forward_after_filtering(browser, customers):
    page = browser.opens("/customers/")
    search = page.get_by_role("main").get_by_role("searchbox")
    rows = page.locator("td.cell-name a")
    search.fill("cedar")
    expect(rows).to_have_count(1)
    page.go_back()
    expect(rows).to_have_count(3)
    expect(search).to_have_value("")
    page.go_forward()
    expect(rows).to_have_count(1)
    expect(search).to_have_value("cedar")
    rows.first.press("Enter")
    expect(browser.heading).to_have_text(customers[2].name)
    page.go_back()
    expect(rows).to_have_count(1)


def test_a_search_typed_with_pauses_is_one_step_back(browser, customers):
    page = browser.opens("/customers/")
    rows = page.locator("td.cell-name a")
    page.keyboard.press("/")
    for letters in ("b", "ir", "ch"):
        page.keyboard.type(letters)
        page.wait_for_url(re.compile(f"{letters}$"))
    expect(rows).to_have_count(1)
    page.evaluate(
        "void (window.settled = new Promise((done) => addEventListener('htmx:afterSettle', done, {once: true})))"
    )
    page.keyboard.press("Enter")
    page.evaluate("window.settled.then(() => true)")  # the answer brings new fields
    page.get_by_label("Country").select_option("DE")
    expect(page).to_have_url(re.compile("country=DE"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"\?q=birch$"))
    expect(page.get_by_label("Country")).to_have_value("")  # going back loads the page again: only then back once more
    page.go_back()
    expect(page).to_have_url(re.compile("/customers/$"))
    expect(rows).to_have_count(3)


def test_undo_in_the_toast(browser, customers):
    page = browser.opens("/inbox/")
    subject = f"{customers[0].name} is now connected to you"
    page.get_by_role("button", name=f"Dismiss: {subject}").press("Enter")
    browser.sees("Notification dismissed")
    expect(page.get_by_role("button", name=subject, exact=True)).to_have_count(0)
    undo = page.get_by_role("button", name="Undo")
    undo.focus()
    page.keyboard.press("Enter")
    browser.sees("Notification restored")
    expect(page.get_by_role("button", name=subject, exact=True)).to_be_visible()
