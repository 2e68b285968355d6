"""A distributor and its partners: from the list to one of them, to its customers, and what a move does to it."""

import re

import pytest
from playwright.sync_api import expect

from accounts.actions.organizations import register_organization
from accounts.models import Organization, OrganizationKind, Role
from tests.journeys import people


def distributor(name: str = "Distributor") -> Organization:
    name = people.unique(name)
    return register_organization(actor=people.STAFF, kind=OrganizationKind.DISTRIBUTOR, name=name, country="FR")


def place(partner: Organization, above: Organization) -> None:
    Organization.objects.filter(pk=partner.pk).update(parent=above)


@pytest.fixture
def above():
    return distributor()


@pytest.fixture
def partner(above):
    partner = people.partner("Below")
    place(partner, above)
    people.connect(partner, people.customer("Client"), people.customer("Other client"))
    return partner


@pytest.mark.promise("CV-8", "E-7")
def test_from_the_list_to_a_partner_and_its_customers(visitor, above, partner):
    alone = people.partner("Alone")
    place(alone, above)
    people.connect(alone, people.customer("Of nobody else"))
    people.take_badge(alone)
    one = visitor().arrives_as(people.operator(above, role=Role.READER))
    page = one.opens("/")
    one.sees("Partners that need help")
    one.follow("Partners")
    expect(page.get_by_role("row", name=re.compile(partner.name))).to_contain_text("Solution Advisor")
    page.get_by_label("Badge", exact=True).select_option("none")
    expect(page.get_by_role("row", name=re.compile(alone.name))).to_be_visible()
    expect(page.get_by_role("row", name=re.compile(partner.name))).to_have_count(0)
    page.get_by_label("Badge", exact=True).select_option("")
    page.get_by_role("link", name=partner.name).click()
    one.sees("Next expiry")
    one.follow("View customers")
    expect(page).to_have_url(re.compile(f"partner={partner.org_id}"))
    expect(page.get_by_role("row", name=re.compile("^Select Client"))).to_be_visible()
    one.sees_no("Of nobody else")
    page.get_by_role("link", name=re.compile("^Client ")).click()
    expect(page.locator(".page-meta").get_by_role("link", name=partner.name)).to_be_visible()


@pytest.mark.promise("CV-7")
def test_a_partner_has_no_such_pages(visitor, partner):
    one = visitor().arrives_as(people.operator(partner))
    page = one.opens("/")
    expect(page.get_by_role("link", name="Partners", exact=True)).to_have_count(0)
    one.opens("/partners/", status=404)
    one.opens("/distributors/", status=404)


@pytest.mark.promise("E-7")
def test_a_partner_that_moves_is_gone_with_the_next_request(visitor, above, partner):
    one = visitor().arrives_as(people.operator(above))
    page = one.opens("/partners/")
    one.sees(partner.name)
    place(partner, distributor("Another"))
    page.reload()
    one.sees("No partners yet")
    page = one.opens("/customers/")
    one.sees_no("Other client")
