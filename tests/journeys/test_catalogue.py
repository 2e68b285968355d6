"""A partner finds what it may sell to a customer and why not the rest; a customer asks its partner about an offer."""

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.actions.organizations import register_organization
from accounts.models import OrganizationKind, Program, ProgramMembership
from accounts.queries.operators import list_current_operators_of_person
from connections.actors import build_actor_for_organization
from marketplace.actions.audience import choose_audience
from marketplace.actions.offers import create_offer, publish_offer, save_draft
from marketplace.models import Audience, Market, Plan, Price
from tests.journeys import inspection, people
from tests.world_offers import CHANNEL, make_content


@pytest.fixture
def market(stack):
    """A partner of the programme with a customer in its market and one outside; a publisher with two offers."""
    partner, near, far = people.partner("Sellwell"), people.customer("Nearby"), people.customer("Faraway")
    type(far).objects.filter(pk=far.pk).update(country="JP")
    people.connect(partner, near, far)
    ProgramMembership.objects.create(
        organization=partner, program=Program.objects.get(code="csp"), starts_on=timezone.now().date()
    )
    publisher = register_organization(
        actor=people.STAFF, kind=OrganizationKind.PUBLISHER, name=people.unique("Makewell"), country="FR"
    )
    pat = people.operator(publisher, name="Pat")
    actor = build_actor_for_organization(pat, publisher.pk, list_current_operators_of_person(pat.pk))
    names = [people.unique(name) for name in ("Open Ledger", "Closed Ledger")]
    for name, audience in zip(names, (Audience.ANY, Audience.NONE), strict=True):
        publishes(actor, name, audience)
    return partner, near, far, names, pat


def publishes(actor, name, audience):
    offer = create_offer(
        actor=actor, code=re.sub("[^a-z0-9]", "-", name.lower()), type="saas", pricing_model="per_seat"
    )
    choose_audience(actor=actor, offer=offer, audience=audience, revision=None)
    draft = save_draft(actor=actor, offer=offer, content=make_content(name, "basic"), channel=CHANNEL, revision=None)
    publish_offer(actor=actor, offer=offer, revision=draft.revision)
    Price.objects.create(
        plan=Plan.objects.get(offer=offer), market=Market.objects.get(code="europe"), currency="EUR", term="P1M",
        billing="P1M", valid_from=timezone.now().date() - dt.timedelta(days=1), amount="9.90",
    )  # fmt: skip


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_partner_finds_what_it_may_sell_to_a_customer(stack, visitor, market, scripts):
    partner, near, far, (opened, closed), pat = market
    browser = visitor(java_script_enabled=scripts).arrives_as(people.operator(partner))
    page = browser.opens("/")
    browser.follow("Marketplace")
    browser.follow("Choose a customer")
    page.get_by_role("searchbox", name="Search customer name or ORGID").fill(near.name)
    browser.press("Search")
    browser.follow(near.name)
    browser.sees(f"For the customer {near.name}.")
    expect(page.get_by_role("row", name=opened)).to_contain_text("Can be sold")
    expect(page.get_by_role("row", name=closed)).to_contain_text("Not sold through partners")
    page.get_by_role("link", name=re.compile("^Not sold through partners")).click()
    expect(page.get_by_role("row", name=closed)).to_be_visible()
    expect(page.get_by_role("row", name=opened)).to_have_count(0)

    browser.follow(closed)
    browser.sees("The publisher doesn’t sell this offer through partners.")
    page.get_by_role("main").get_by_role("link", name="Contact publisher").first.click()
    page.get_by_role("textbox", name="Message").fill("We would like to sell it.")
    browser.press("Send message")
    browser.sees("Your message was sent to ")
    letter = stack.mail(pat.email, f"{partner.name} sent a message about {closed}")
    assert "We would like to sell it." in letter.get_body(("plain",)).get_content()

    browser.opens(f"/marketplace/offers/?customer={far.public_id}")
    expect(page.get_by_role("row", name=opened)).to_contain_text("Customer outside the partner’s market")
    browser.follow(opened)
    browser.sees("Japan is outside the market of")
    if scripts:
        assert list(inspection.faults(browser)) == []


def test_a_customer_asks_its_partner(stack, visitor, market):
    partner, near, _far, (opened, _closed), _pat = market
    pia = people.operator(partner, name="Pia")
    browser = visitor().arrives_as(people.operator(near, name="Cleo"))
    browser.opens("/marketplace/")
    browser.follow(opened)
    browser.sees_no("9.90")
    browser.follow("Ask your partner")
    browser.page.get_by_label("Partner", exact=True).select_option(label=partner.name)
    browser.page.get_by_label("Question").fill("What would 20 licences cost us?")
    browser.press("Send question")
    browser.sees(f"Your question was sent to {partner.name}.")
    stack.mail(pia.email, f"{near.name} asked about {opened}")


def test_a_list_that_was_open_says_why_it_goes_on_no_more(visitor, market):
    """Its partner has left the programme since: a toast has the reason, and no "Try again", which would not help."""
    partner, *_others = market
    browser = visitor().arrives_as(people.operator(partner, name="Lee"))
    page = browser.opens("/marketplace/offers/")
    ProgramMembership.objects.filter(organization=partner, program__code="csp").delete()
    page.get_by_role("searchbox", name="Search offer or publisher").fill("ledger")
    browser.sees("Your organisation needs an active partner programme membership to do this.")
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    browser.complaints = [text for text in browser.complaints if "403" not in text]


@pytest.mark.promise("G-10")
def test_the_simulator_without_scripts(visitor, market):
    partner, _near, far, (opened, _closed), _pat = market
    browser = visitor(java_script_enabled=False).arrives_as(people.operator(partner, name="Sim"))
    page = browser.opens("/marketplace/simulator/")
    page.get_by_role("searchbox", name="Search offer or publisher").fill(opened)
    page.get_by_role("search", name="Plan").get_by_role("button", name="Search").click()
    browser.follow(f"{opened} · Basic")
    browser.sees("This sale can be made")
    browser.follow(far.name)
    browser.sees("1 rule prevents this sale.")
    browser.sees("Japan is outside the market of")
