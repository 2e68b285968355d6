"""Settings > Operators in a browser: a colleague is invited, accepts, is given other roles and is removed."""

import pytest
from playwright.sync_api import expect

from accounts.models import Operator, Role
from tests.journeys import people


def invites(browser, email, role):
    """By Actions > Add an operator."""
    page = browser.opens("/operators/")
    browser.press("Actions")
    page.get_by_role("link", name="Add an operator…").click()
    page.get_by_role("textbox", name="Work email address").fill(email)
    page.get_by_role("checkbox", name=role).check()
    applies(page)
    return page


def applies(page):
    """Press the button of the form with the roles: the filters of the list behind it have one too."""
    page.locator("form:has([name=roles])").get_by_role("button", name="Apply", exact=True).click()


def copied_link(browser, email):
    """The link that Copy link shows once, without the portal's host."""
    page = browser.opens("/operators/pending/")
    page.get_by_role("button", name=f"Actions for {email}").click()
    page.get_by_role("link", name="Copy link…").click()
    browser.press("Create a link")
    shown = page.get_by_role("textbox", name="Invitation link").input_value()
    return shown.removeprefix(browser.stack.origin)


@pytest.mark.promise("CV-13", "CV-18", "CV-20")
@pytest.mark.parametrize("java_script_enabled", [True, False], ids=["script", "no script"])
def test_an_admin_adds_a_reader_who_is_out_at_once_when_removed(java_script_enabled, visitor, stack):
    partner = people.partner()
    admin = visitor(java_script_enabled=java_script_enabled).arrives_as(people.operator(partner))
    invited = people.person("Rita")
    page = invites(admin, invited.email, "Reader")
    admin.sees(f"{invited.email} was invited.")
    link = stack.link(invited.email, partner.name, "/join/")

    theirs = visitor(java_script_enabled=java_script_enabled)
    theirs.opens(link)
    theirs.sees(partner.name)
    theirs.press("Continue")
    theirs.follow("Sign in")
    theirs.signs_in(invited)
    theirs.press("Accept")
    theirs.sees(f"You now act for {partner.name}.")
    theirs.opens("/operators/")
    expect(theirs.page.get_by_role("button", name="Actions", exact=True)).to_have_count(0)

    page = admin.opens("/operators/")
    page.get_by_role("button", name=f"Actions for {invited.name}").click()
    page.get_by_role("link", name="Change roles…").click()
    page.get_by_role("checkbox", name="Sales agent").check()
    admin.press("Show what will change")
    admin.sees("New permissions:")
    applies(page)
    admin.sees(f"Roles saved for {invited.name}.")
    page.get_by_role("button", name=f"Actions for {invited.name}").click()
    page.get_by_role("link", name="Remove…").click()
    admin.press("Remove operator")
    theirs.opens("/customers/")
    expect(theirs.page).to_have_url(f"{theirs.stack.origin}/organizations/new/")
    theirs.opens(link, status=404)
    theirs.sees("This invitation isn’t valid")


@pytest.mark.promise("CV-19")
def test_a_free_mail_address_is_refused_where_it_is_typed(visitor):
    admin = visitor().arrives_as(people.operator(people.partner()))
    page = invites(admin, "somebody@gmail.com", "Reader")
    admin.sees("Anyone can get an address at gmail.com. Enter the address of a work or school account.")
    expect(page.get_by_role("textbox", name="Work email address")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("textbox", name="Work email address").fill("somebody@elsewhere.example")
    applies(page)
    admin.sees("elsewhere.example is not one of this organisation’s domains.")


def test_somebody_else_changes_and_comes_back(visitor):
    partner = people.partner()
    admin = visitor().arrives_as(people.operator(partner))
    invited, other = people.person("Rita"), people.operator(people.customer())
    invites(admin, invited.email, "Sales agent")
    link = copied_link(admin, invited.email)
    browser = visitor().arrives_as(other)
    browser.opens(link)
    browser.press("Continue")
    browser.sees(invited.email)
    browser.sees(other.email)
    browser.press("Sign in with another address")
    browser.signs_in(invited)
    browser.press("Accept")
    browser.sees(f"You now act for {partner.name}.")
    assert Operator.objects.get(person=invited).roles == [Role.SALES_AGENT]


def test_a_withdrawn_link_is_dead(visitor):
    admin = visitor().arrives_as(people.operator(people.partner()))
    page = invites(admin, "rita@example.com", "Reader")
    link = copied_link(admin, "rita@example.com")
    page = admin.opens("/operators/pending/")
    page.get_by_role("button", name="Actions for rita@example.com").click()
    page.get_by_role("link", name="Withdraw…").click()
    admin.press("Withdraw")
    admin.sees("Withdrawn")
    visitor().opens(link, status=404)
