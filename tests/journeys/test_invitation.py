"""The invitation page in every situation that it can be opened in."""

import pytest
from playwright.sync_api import expect

from accounts.models import Role
from connections.models import Connection
from notifications.models import Event
from tests.journeys import people

ACCEPT = "Accept and connect"


def connections_of(partner):
    return Connection.objects.filter(partner=partner)


def test_declining_records_nothing_and_the_link_goes_on_working(visitor):
    partner, customer = people.partner(), people.customer()
    browser = visitor().arrives_as(people.operator(customer))
    browser.opens(people.invitation(partner))
    browser.follow("Decline")
    expect(browser.heading).to_have_text("Invitation declined")
    browser.sees(f"Nothing was shared with {partner.name}")
    assert not connections_of(partner).exists()
    browser.follow("Open the invitation again")
    browser.press(ACCEPT)
    browser.sees(f"{partner.name} is now connected to {customer.name}.")


def test_a_reader_sees_why_not_and_whom_to_ask(visitor):
    partner, customer = people.partner(), people.customer()
    admin = people.operator(customer, name="Boss")
    browser = visitor().arrives_as(people.operator(customer, role=Role.READER))
    browser.opens(people.invitation(partner))
    browser.sees("You can’t accept this invitation")
    browser.sees(admin.name)
    expect(browser.page.get_by_role("button", name=ACCEPT)).to_have_count(0)


def test_already_connected_own_link_and_unknown_link_are_clear_pages(visitor):
    partner, customer = people.partner(), people.customer()
    people.connect(partner, customer)
    browser = visitor().arrives_as(people.operator(customer))
    browser.opens(people.invitation(partner))
    browser.sees(f"You are already connected to {partner.name}")
    expect(browser.page.get_by_role("button", name=ACCEPT)).to_have_count(0)

    own = visitor().arrives_as(people.operator(partner))
    own.opens(people.invitation(partner))
    own.sees("This is your own invitation link")
    own.opens("/i/nobody-knows-this-one/", status=404)
    expect(own.heading).to_have_text("Unknown invitation link")


def test_a_link_rests_while_its_partner_has_no_badge(visitor):
    partner, customer = people.partner(), people.customer()
    people.take_badge(partner)
    browser = visitor().arrives_as(people.operator(customer))
    browser.opens(people.invitation(partner))
    browser.sees("This invitation can’t be accepted now")
    expect(browser.page.get_by_role("button", name=ACCEPT)).to_have_count(0)
    people.give_badge(partner)
    browser.page.reload()
    browser.press(ACCEPT)
    browser.sees(f"{partner.name} is now connected to {customer.name}.")


@pytest.mark.promise("CC-16")
def test_two_partners_for_one_customer_do_not_notice_each_other(visitor):
    first, second, customer = people.partner("First"), people.partner("Second"), people.customer()
    browser = visitor().arrives_as(people.operator(customer))
    for partner in (first, second):
        browser.opens(people.invitation(partner))
        browser.press(ACCEPT)
        browser.sees(f"{partner.name} is now connected to {customer.name}.")
    page = browser.page
    menu = page.get_by_role("button", name=f"Actions for {first.name}")
    menu.click()
    page.get_by_role("link", name="End connection…").click()
    browser.press("End connection")
    expect(menu).to_have_count(0)
    expect(page.get_by_role("button", name=f"Actions for {second.name}")).to_be_visible()

    for partner, status in ((first, 404), (second, 200)):
        side = visitor().arrives_as(people.operator(partner))
        side.opens(f"/customers/{customer.public_id}/", status=status)
        other = second if partner is first else first
        side.sees_no(other.name)


@pytest.mark.promise("E-2")
def test_a_person_with_several_organisations_chooses_one(visitor):
    partner, one, two, read = people.partner(), people.customer("One"), people.customer("Two"), people.customer("Read")
    person = people.operator(one, two)
    people.add_operator(actor=people.STAFF, organization=read, person=person, roles=[Role.READER])
    browser = visitor().arrives_as(person, one)
    page = browser.opens(people.invitation(partner))
    expect(page.get_by_role("radio", name=read.name)).to_be_disabled()
    page.get_by_role("radio", name=two.name).check()
    browser.press(ACCEPT)
    browser.sees(f"{partner.name} is now connected to {two.name}.")
    expect(browser.heading).to_have_text(two.name)
    assert [connection.customer for connection in connections_of(partner)] == [two]


def test_opening_the_link_five_times_changes_nothing_and_leaves_no_trace(visitor):
    partner = people.partner()
    path, before = people.invitation(partner), Event.objects.count()
    for browser in (visitor(), visitor().arrives_as(people.operator(people.customer()))):
        before = Event.objects.count()
        for _ in range(5):
            response = browser.page.goto(path)
            headers = {name: response.headers[name] for name in ("cache-control", "referrer-policy")}
            assert headers == {"cache-control": "no-store", "referrer-policy": "no-referrer"}
        assert Event.objects.count() == before
    assert not connections_of(partner).exists()


def test_a_double_click_and_a_second_tab_make_one_connection(visitor):
    partner, customer = people.partner(), people.customer()
    browser = visitor().arrives_as(people.operator(customer))
    browser.opens(people.invitation(partner))
    second = browser.context.new_page()
    second.goto(people.invitation(partner))
    browser.page.get_by_role("button", name=ACCEPT).dblclick()
    browser.sees(f"{partner.name} is now connected to {customer.name}.")
    second.get_by_role("button", name=ACCEPT).click()
    expect(second.get_by_text("was already connected").first).to_be_visible()
    assert connections_of(partner).count() == 1


@pytest.mark.promise("CC-5")
def test_a_partner_whose_badge_ends_loses_the_customers_and_regains_them(visitor):
    partner, customer = people.partner(), people.customer()
    people.connect(partner, customer)
    browser = visitor().arrives_as(people.operator(partner))
    browser.opens("/customers/")
    browser.sees(customer.name)
    people.take_badge(partner)
    browser.opens("/customers/", status=403)
    expect(browser.heading).to_have_text("You need a partner badge to see customers")
    browser.opens(f"/customers/{customer.public_id}/", status=403)
    browser.sees_no(customer.name)
    browser.opens("/")
    nav = browser.page.get_by_role("navigation", name="Main")
    expect(nav.get_by_role("link", name="Inbox")).to_be_visible()
    expect(nav.get_by_role("link", name="Customers")).to_have_count(0)
    people.give_badge(partner)
    browser.page.reload()
    nav.get_by_role("link", name="Customers").click()
    browser.sees(customer.name)
