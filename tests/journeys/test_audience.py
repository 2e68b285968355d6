"""Who may resell an offer: chosen and synced, from one offer to another by file, and left by a request."""

import datetime as dt
import json
import re

import pytest
from playwright.sync_api import expect

from accounts.actions.organizations import grant_membership, register_organization
from accounts.models import Operator, Organization, OrganizationKind, Program
from marketplace.actions.audience import add_to_audience, choose_audience
from marketplace.actions.imported_offers import act_for_publisher
from marketplace.actions.offers import create_offer, publish_offer, save_draft
from marketplace.actions.prices import add_prices
from marketplace.models import Audience, OfferType, PricingModel
from marketplace.pricing import PriceChange
from partnerportal.lib.days import today
from tests.journeys import inspection, people
from tests.world_offers import CHANNEL, make_content


@pytest.fixture
def publisher():
    return register_organization(
        actor=people.STAFF, kind=OrganizationKind.PUBLISHER, name=people.unique("Publishwell"), country="FR"
    )


@pytest.fixture
def staff():
    """Somebody of the vendor, for as long as the test runs."""
    vendor = Organization.objects.filter(kind=OrganizationKind.VENDOR).earliest("pk")
    person = people.operator(vendor, name="Vera")
    yield person
    Operator.objects.filter(organization=vendor, person=person).delete()


def member(name):
    """A partner in the CSP programme, from France."""
    organization = people.partner(name)
    csp = Program.objects.get(code="csp")
    grant_membership(actor=people.STAFF, organization=organization, program=csp, starts_on=today())
    return organization


def publish(publisher, audience, *partners):
    """A live offer that costs 9.90 EUR a month in Europe."""
    actor = act_for_publisher(people.STAFF, publisher)
    name = people.unique("Vault")
    code = name.lower().replace(" ", "-")
    offer = create_offer(actor=actor, code=code, type=OfferType.SAAS, pricing_model=PricingModel.PER_SEAT)
    choose_audience(actor=actor, offer=offer, audience=audience, revision=None)
    add_to_audience(actor=actor, offer=offer, organization_ids=[partner.pk for partner in partners])
    save_draft(actor=actor, offer=offer, content=make_content(name, "basic"), channel=CHANNEL, revision=None)
    price = PriceChange(
        plan="basic", market="europe", currency="EUR", term="P1M", billing="P1M", amount="9.90", valid_from=today()
    )
    add_prices(actor=actor, offer=offer, changes=[price])
    publish_offer(actor=actor, offer=offer, revision=offer.versions.get().revision)
    offer.refresh_from_db()
    return offer


def name_of(offer):
    return offer.live_version.content["texts"]["en"]["name"]


def opens_audience(browser, offer):
    return browser.opens(f"/offers/{offer.public_id}/audience/")


def row_of(browser, organization):
    return browser.page.get_by_role("row", name=re.compile(organization.name))


def in_catalogue(browser, offer):
    """The row of the offer as a partner sees it now."""
    page = browser.opens(f"/marketplace/offers/?q={name_of(offer)}")
    return page.get_by_role("row", name=re.compile(name_of(offer)))


def presses_by_keyboard(page, button):
    button.focus()
    page.keyboard.press("Enter")


@pytest.mark.promise("CA-11", "CA-12", "CA-13", "CA-15", "CA-17")
@pytest.mark.parametrize("has_script", [True, False], ids=["with script", "without script"])
def test_partners_are_picked_pasted_and_synced(visitor, publisher, has_script):
    picked, pasted = member("Picked"), member("Pasted")
    offer = publish(publisher, Audience.NONE)
    browser = visitor(java_script_enabled=has_script).arrives_as(people.operator(publisher))
    partner = visitor().arrives_as(people.operator(picked))
    expect(in_catalogue(partner, offer)).not_to_contain_text("Can be sold")

    page = opens_audience(browser, offer)
    page.get_by_label("Specific partners").check()
    browser.press("Save draft")
    browser.sees("Audience saved.")
    browser.sees("No partners selected")
    page.get_by_role("link", name="Select CSP partners").first.click()
    search = page.get_by_role("searchbox", name="Search name or tenant ID")
    search.fill(picked.name)
    page.get_by_label("Country").select_option("FR")
    if not has_script:
        browser.press("Apply")
    expect(page).to_have_url(re.compile("country=FR"))
    page.get_by_role("checkbox", name=f"Select {picked.name}").focus()
    page.keyboard.press("Space")
    presses_by_keyboard(page, page.locator("#bulk-bar").get_by_role("button", name="Add", exact=True))
    browser.sees("1 partner added.")
    expect(row_of(browser, picked)).to_contain_text("To be added")

    page.get_by_role("link", name="Select CSP partners").first.click()
    page.get_by_label("Names or tenant IDs").fill(f"{pasted.tenant_id}\n{picked.name}\nNobody Known Ltd")
    page.locator("form", has=page.get_by_label("Names or tenant IDs")).get_by_role("button", name="Add").click()
    browser.sees("1 partner added.")
    refused = page.get_by_role("region", name="Entries that couldn’t be added")
    expect(refused).to_contain_text("Nobody Known Ltd")
    expect(refused).to_contain_text("No member of the CSP programme has this name or tenant ID.")
    expect(refused).to_contain_text("This organisation is already in the audience.")
    expect(refused).not_to_contain_text(str(pasted.tenant_id))
    browser.follow("Back to the audience")

    expect(in_catalogue(partner, offer)).not_to_contain_text("Can be sold")
    browser.follow("Sync CSP audience…")
    browser.sees("2 partners will be able to sell the offer from now on.")
    expect(page.locator("main")).to_contain_text(picked.name)
    browser.press("Sync CSP audience")
    browser.sees("Audience synced. 2 partners added.")
    expect(row_of(browser, pasted)).to_contain_text("Since")
    expect(in_catalogue(partner, offer)).to_contain_text("Can be sold")


@pytest.mark.promise("CA-18")
def test_an_audience_goes_from_one_offer_to_another_by_file(visitor, publisher, tmp_path):
    first, second = member("First"), member("Second")
    source, target = publish(publisher, Audience.SPECIFIC, first, second), publish(publisher, Audience.SPECIFIC, first)
    browser = visitor().arrives_as(people.operator(publisher))
    page = opens_audience(browser, source)
    with page.expect_download() as download:
        browser.press("Export CSPs")
    file = tmp_path / "audience.csv"
    download.value.save_as(file)

    opens_audience(browser, target)
    browser.follow("Import CSPs")
    page.get_by_label("File").set_input_files(file)
    browser.press("Upload and check")
    browser.sees("What the import would do")
    assert not target.audience_changes.exists()  # nothing is changed yet
    expect(page.get_by_role("region", name="Results")).to_contain_text(str(second.tenant_id))
    is_sound(browser)
    page.get_by_label("Merge").check()
    browser.press("Import 1 row")
    browser.sees("The import is done")
    browser.sees("What the import did")
    page.locator("main").locator(f"a[href$='/offers/{target.public_id}/audience/']").first.click()
    expect(row_of(browser, second)).to_contain_text("To be added")
    expect(row_of(browser, first)).to_contain_text("Since")
    browser.follow("Sync CSP audience…")
    browser.press("Sync CSP audience")
    expect(row_of(browser, second)).to_contain_text("Imported")


def is_sound(browser):
    """Nothing is wrong with the page as it is now."""
    assert not (found := list(inspection.faults(browser))), "\n".join(found)


def asks_for_removal(browser, offer, organization, *, has_script=True):
    """From the table to the submitted request. Return its address."""
    page = opens_audience(browser, offer)
    row_of(browser, organization).get_by_role("checkbox").check()
    browser.press("Remove from the table")
    browser.sees("1 partner has been marked for removal. You need to submit a request to remove it.")
    expect(row_of(browser, organization)).to_contain_text("Marked for removal")
    browser.follow("Request removal")
    browser.sees("Step 1 of 2")
    form = page.locator("main form")
    for text in (offer.code, "Live offer management", "SaaS", "Update existing offer"):
        expect(form).to_contain_text(text)
    expect(form.locator("input:not([type=hidden]), select, textarea")).to_have_count(0)
    browser.press("Next")
    expect(page.get_by_label("Title")).to_have_value("Deauthorize CSP")
    expect(page.get_by_label(organization.name)).to_be_checked()
    page.get_by_label("Justification").fill("Our contract with them ends.")
    page.get_by_label("Contact email").fill("channel@publisher.example")
    if has_script:  # which the inspection needs
        is_sound(browser)
    browser.press("Submit")
    browser.sees("Request submitted.")
    return page.url


@pytest.mark.promise("CA-21", "CA-22", "CA-23")
@pytest.mark.parametrize("has_script", [True, False], ids=["with script", "without script"])
def test_a_partner_leaves_by_a_request(visitor, publisher, staff, has_script):
    leaving, staying = member("Leaving"), member("Staying")
    offer = publish(publisher, Audience.SPECIFIC, leaving, staying)
    asking, deciding = (
        visitor(java_script_enabled=has_script).arrives_as(who) for who in (people.operator(publisher), staff)
    )
    partner = visitor().arrives_as(people.operator(leaving))
    url = asks_for_removal(asking, offer, leaving, has_script=has_script)
    opens_audience(asking, offer)
    asking.sees_no("Request removal")
    asking.follow("Open request")
    expect(asking.page).to_have_url(url)
    expect(in_catalogue(partner, offer)).to_contain_text("Can be sold")  # until it is decided

    page = deciding.opens(url)
    decision = page.get_by_role("region", name="Decision")
    expect(decision).to_contain_text(leaving.name)
    expect(decision).to_contain_text("No sales of the offer")
    expect(decision).to_contain_text("Partners leaving the audience")
    if has_script:
        is_sound(deciding)
    deciding.press("Approve")
    deciding.sees("was approved and carried out.")

    expect(in_catalogue(partner, offer)).not_to_contain_text("Can be sold")
    opens_audience(asking, offer)
    expect(row_of(asking, staying)).to_be_visible()
    expect(row_of(asking, leaving)).to_have_count(0)
    asking.sees_no("Request removal")
    asking.opens(url)
    expect(asking.page.locator(".page-title .status")).to_have_text("Approved")


def test_a_sale_overtakes_the_request(visitor, stack, publisher, staff):
    seller, customer = member("Seller"), people.customer()
    people.connect(seller, customer)
    offer = publish(publisher, Audience.SPECIFIC, seller)
    asking, deciding = (visitor().arrives_as(who) for who in (people.operator(publisher), staff))
    url = asks_for_removal(asking, offer, seller)
    page = deciding.opens(url)
    expect(page.get_by_role("region", name="Decision")).to_contain_text("No sales of the offer")
    stack.manage("import_subscriptions", "-", given=json.dumps(make_sale(offer, seller, customer)))

    deciding.press("Approve")
    deciding.sees("has been overtaken by events and is now closed.")
    expect(page.locator(".page-title .status")).to_have_text("Overtaken")
    is_sound(deciding)
    asking.opens(url)
    expect(asking.page.locator(".page-title .status")).to_have_text("Overtaken")
    opens_audience(asking, offer)
    expect(row_of(asking, seller)).to_contain_text("Can’t be removed because it has sold 1 subscription.")
    row_of(asking, seller).get_by_role("checkbox").check()
    asking.press("Keep in the audience")
    asking.sees("1 partner is no longer marked for removal.")
    expect(row_of(asking, seller).get_by_role("checkbox")).to_have_count(0)
    assert offer.authorizations.active().count() == 1


def make_sale(offer, seller, customer):
    """A line of a file of subscriptions: one that runs since three days."""
    began = today() - dt.timedelta(days=3)
    return {
        "type": "subscription", "external_id": f"SUB-{offer.code}", "publisher": offer.publisher.org_id,
        "offer": offer.code, "plan": "basic", "buyer": seller.org_id, "customer": customer.org_id,
        "state": "subscribed", "quantity": 5, "term": "P1M", "billing": "P1M", "purchased_at": f"{began}T09:00:00Z",
        "activated_at": f"{began}T10:00:00Z", "starts_on": str(began), "amount": "9.90", "currency": "EUR",
    }  # fmt: skip
