"""The vendor's Admin registers a distributor and a partner, moves it, suspends it and lets it in again."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import Organization, OrganizationKind
from connections.models import Connection
from notifications.actions.outbox import write_due_notices
from notifications.models import Notice
from tests.journeys import inspection, people


def tell_all() -> None:
    while write_due_notices():
        pass


@pytest.fixture
def channel(stack):
    """Two distributors, and a partner below the first with two customers and an Admin."""
    first, second = (
        people.register_organization(
            actor=people.STAFF, kind=OrganizationKind.DISTRIBUTOR, name=people.unique(name), country="FR"
        )
        for name in ("North Distribution", "South Distribution")
    )
    partner = people.partner("Moving Partner")
    Organization.objects.filter(pk=partner.pk).update(parent=first)
    person = people.operator(partner)
    customers = [people.customer(), people.customer()]
    people.connect(partner, *customers)
    return first, second, partner, person, customers


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_distributor_and_its_partner_are_registered(visitor, stack, scripts):
    browser = visitor(java_script_enabled=scripts).arrives_as("vendor.admin")
    name = people.unique("Registered Distributor")
    page = browser.opens("/organizations/register/distributor/")
    page.get_by_label("Organisation name").fill(name)
    browser.press("Register")
    expect(page.get_by_role("heading", name="Register a distributor")).to_be_visible()  # the country is missing
    page.get_by_label("Country or region").select_option("FR")
    browser.press("Register")
    browser.sees(f"{name} was registered.")
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    if scripts:
        assert list(inspection.faults(browser)) == []
    page = browser.opens("/organizations/register/partner/")
    partner = people.unique("Registered Partner")
    page.get_by_label("Organisation name").fill(partner)
    page.get_by_label("Country or region").select_option("FR")
    page.get_by_label("Distributor").select_option(label=name)
    page.get_by_label("Solution Advisor").check()
    browser.press("Register")
    browser.sees(f"{partner} was registered.")
    row = Organization.objects.get(name=partner)
    assert (row.parent.name, row.memberships.count()) == (name, 1)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_partner_moves_and_its_customers_are_told(visitor, channel, scripts):
    first, second, partner, _person, customers = channel
    browser = visitor(java_script_enabled=scripts).arrives_as("vendor.admin")
    page = browser.opens(f"/organizations/{partner.public_id}/")
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("link", name="Move to another distributor…").click()
    browser.sees(f"{partner.name} currently works with the distributor {first.name}.")
    page.get_by_label("New distributor").select_option(label=second.name)
    browser.press("Show what will change")
    browser.sees(f"{first.name} will no longer be able to see this partner or its customers.")
    browser.sees("2 customers will get a notification.")
    assert Organization.objects.get(pk=partner.pk).parent == first
    browser.press("Move partner")
    browser.sees(f"{partner.name} was moved.")
    tell_all()
    told = Notice.objects.filter(kind="partner_moved", recipient_id__in=[row.pk for row in customers])
    assert Organization.objects.get(pk=partner.pk).parent == second and told.count() == 2


def test_who_is_suspended_while_signed_in_is_out_at_once_and_in_again_afterwards(visitor, channel):
    _first, _second, partner, person, _customers = channel
    theirs = visitor().arrives_as(person, partner)
    theirs.opens("/customers/")
    staff = visitor().arrives_as("vendor.admin")
    page = staff.opens(f"/organizations/{partner.public_id}/")
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("link", name="Suspend…").click()
    page.get_by_role("textbox", name="Reason").fill(" ")
    staff.press("Suspend")
    staff.sees("Enter a reason.")
    page.get_by_role("textbox", name="Reason").fill("Not paid since May")
    staff.press("Suspend")
    staff.sees(f"{partner.name} was suspended.")
    theirs.page.reload()
    theirs.sees(f"{partner.name} has been suspended")
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("link", name="Lift suspension…").click()
    assert list(inspection.faults(staff)) == []
    staff.press("Lift suspension")
    staff.sees(f"The suspension of {partner.name} was lifted.")
    theirs.opens("/customers/")
    theirs.sees("Customers")
    assert Connection.objects.active().filter(partner=partner).count() == 2


def test_the_first_admin_is_invited_afterwards(visitor, stack):
    partner = people.partner("Without Admin")
    staff = visitor().arrives_as("vendor.admin")
    page = staff.opens(f"/organizations/{partner.public_id}/operators/")
    page.get_by_role("button", name="Actions", exact=True).click()
    page.locator("#organization-menu").get_by_role("link", name="Invite first Admin…").click()
    page.get_by_role("textbox", name="Work email address").fill("somebody@gmail.com")
    staff.press("Send invitation")
    staff.sees("Anyone can get an address at gmail.com.")
    found = list(inspection.faults(staff))
    email = f"{partner.org_id}@first-admin.example"
    page.get_by_role("textbox", name="Work email address").fill(email)
    staff.press("Send invitation")
    staff.sees(f"The first Admin of {partner.name} was invited.")
    staff.sees(email)
    assert stack.link(email, partner.name, "/join/")
    page = staff.opens(f"/organizations/{partner.public_id}/")
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("link", name="Withdraw a domain confirmation…").click()
    staff.sees("Nobody new will be able to join with this domain until the organisation verifies it.")
    found += inspection.faults(staff)
    staff.press("Withdraw confirmation")
    staff.sees(f"A domain confirmation was withdrawn for {partner.name}.")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_an_account_manager_is_set_for_many(visitor, channel, scripts):
    """What the action asks, what it would do, and what it did."""
    partner, person = channel[2:4]
    staff = visitor(java_script_enabled=scripts).arrives_as("vendor.admin")
    page = staff.opens(f"/partners/?q={partner.org_id}")
    page.get_by_role("checkbox", name=f"Select {partner.name}").check()
    staff.press("Set account manager…")
    staff.sees("You’ll see what would happen to each selected row before anything is changed.")
    found = list(inspection.faults(staff)) if scripts else []
    page.get_by_label("Account manager").select_option(index=1)
    page.get_by_role("textbox", name="Phone").fill("+44 20 7946 0000")
    staff.press("Continue")
    expect(page).to_have_url(re.compile("/imports/[0-9a-f-]{36}/$"))
    set_manager = page.get_by_role("button", name="Set the account manager for 1 organisation")
    staff.reloads_until(set_manager)
    assert not Organization.objects.get(pk=partner.pk).account_manager_id
    set_manager.click()
    expect(set_manager).to_have_count(0)
    staff.reloads_until(page.get_by_text("The bulk action is done"))
    page.get_by_role("main").get_by_role("link", name="Partners", exact=True).last.click()
    staff.follow(partner.name)
    staff.sees(f"Account manager: {Organization.objects.get(pk=partner.pk).account_manager_name}")
    theirs = visitor().arrives_as(person, partner)
    theirs.opens("/account/")
    theirs.sees("+44 20 7946 0000")
    assert not found, "\n".join(found)


def test_of_two_tabs_the_second_loses_nothing(visitor, channel):
    partner = channel[2]
    mine, theirs = (visitor().arrives_as("vendor.admin") for _each in range(2))
    for browser, day in ((mine, "2041-01-01"), (theirs, "2040-01-01")):
        browser.opens(f"/organizations/{partner.public_id}/extend/").get_by_label("New last day (UTC)").fill(day)
    theirs.press("Extend membership")
    theirs.sees("was changed for")
    mine.press("Extend membership")
    mine.sees("A colleague has changed this since you opened it.")
    mine.sees("1 Jan 2040")
    expect(mine.page.get_by_label("New last day (UTC)")).to_have_value("2041-01-01")
    mine.press("Extend membership")
    mine.sees("was changed for")


def test_a_token_of_a_feed_is_shown_once(visitor, stack):
    browser = visitor().arrives_as("vendor.admin")
    name = people.unique("Order desk")
    page = browser.opens("/feeds/")
    browser.follow("Create token…")
    page.get_by_label("System").fill(name)
    browser.press("Create token")
    expect(page.get_by_label("Token", exact=True)).to_be_visible()
    page = browser.opens("/feeds/")
    expect(page.get_by_role("row", name=name)).to_contain_text("No file yet")
    browser.follow(f"Revoke the token for {name}")
    browser.press("Revoke token")
    browser.sees(f"The token “{name}” was revoked.")
