"""The vendor's Admin registers a distributor and a partner, moves it, suspends it and lets it in again."""

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
    browser.sees(f"{name} is registered.")
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
    browser.sees(f"{partner} is registered.")
    row = Organization.objects.get(name=partner)
    assert (row.parent.name, row.memberships.count()) == (name, 1)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_partner_moves_and_its_customers_are_told(visitor, channel, scripts):
    first, second, partner, _person, customers = channel
    browser = visitor(java_script_enabled=scripts).arrives_as("vendor.admin")
    page = browser.opens(f"/organizations/{partner.public_id}/")
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("link", name="Move to another distributor…").click()
    browser.sees(f"{partner.name} now belongs to the distributor {first.name}.")
    page.get_by_label("New distributor").select_option(label=second.name)
    browser.press("Show what changes")
    browser.sees(f"{first.name} no longer sees this partner and its customers.")
    browser.sees("2 customers get a notification.")
    assert Organization.objects.get(pk=partner.pk).parent == first
    browser.press("Move partner")
    browser.sees(f"{partner.name} is moved.")
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
    staff.press("Suspend")
    staff.sees("Enter a reason.")
    page.get_by_role("dialog").get_by_label("Reason").fill("Not paid since May")
    staff.press("Suspend")
    staff.sees(f"{partner.name} is suspended.")
    theirs.page.reload()
    theirs.sees(f"{partner.name} is suspended")
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("link", name="Lift suspension…").click()
    staff.press("Lift suspension")
    staff.sees(f"{partner.name} takes part again.")
    theirs.opens("/customers/")
    theirs.sees("Customers")
    assert Connection.objects.active().filter(partner=partner).count() == 2


def test_of_two_tabs_the_second_loses_nothing(visitor, channel):
    partner = channel[2]
    mine, theirs = (visitor().arrives_as("vendor.admin") for _each in range(2))
    for browser, day in ((mine, "2041-01-01"), (theirs, "2040-01-01")):
        browser.opens(f"/organizations/{partner.public_id}/extend/").get_by_label("New last day (UTC)").fill(day)
    theirs.press("Extend membership")
    theirs.sees("has another last day.")
    mine.press("Extend membership")
    mine.sees("A colleague has changed this since you opened it.")
    mine.sees("1 Jan 2040")
    expect(mine.page.get_by_label("New last day (UTC)")).to_have_value("2041-01-01")
    mine.press("Extend membership")
    mine.sees("has another last day.")


def test_a_token_of_a_feed_is_shown_once(visitor, stack):
    browser = visitor().arrives_as("vendor.admin")
    name = people.unique("Order desk")
    page = browser.opens("/feeds/")
    browser.follow("Create token…")
    page.get_by_label("System").fill(name)
    browser.press("Create token")
    expect(page.get_by_label("Token", exact=True)).to_be_visible()
    page = browser.opens("/feeds/")
    expect(page.get_by_role("row", name=name)).to_contain_text("Nothing yet")
    browser.follow(f"Revoke the token of {name}")
    browser.press("Revoke token")
    browser.sees(f"The token “{name}” is revoked.")
