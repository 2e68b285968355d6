"""A distributor onboards a partner, staff confirm it, and it onboards customers: one by link, forty by a file."""

import csv
import io

import pytest
from playwright.sync_api import expect

from accounts.actions.organizations import register_organization
from accounts.models import Organization, OrganizationKind
from connections.models import Connection
from entitlements.actions.trial_offers import open_trial_offer
from entitlements.models import ActivationLink, Entitlement, Sku
from tests.journeys import people
from tests.journeys.stack import eventually
from tests.journeys.visitor import E_MAIL


@pytest.fixture
def tried():
    name = people.unique("Cloud Desktops")
    sku = Sku.objects.create(code=name.replace(" ", "-"), service=name, name=name)
    open_trial_offer(actor=people.STAFF, sku=sku, seat_limit=20)
    return sku


def vendor_admin():
    vendor = Organization.objects.filter(kind=OrganizationKind.VENDOR).order_by("pk").first()
    if vendor is None:
        vendor = register_organization(
            actor=people.STAFF, kind=OrganizationKind.VENDOR, name=people.unique("Vendor"), country="US"
        )
    return people.operator(vendor, name="Vera")


def distributor():
    return register_organization(
        actor=people.STAFF, kind=OrganizationKind.DISTRIBUTOR, name=people.unique("Distributor"), country="FR"
    )


def sends(browser, kind, **fields):
    """Fill in the form of an activation link, and send it."""
    page = browser.opens(f"/activations/{kind}/new/")
    page.get_by_label("Organisation name").fill(fields.pop("name"))
    page.get_by_role("textbox", name="Notification email").fill(fields.pop("email"))
    page.get_by_label("Country or region").select_option(fields.pop("country"))
    for label, value in fields.items():
        page.get_by_label(label.replace("_", " ")).select_option(value)
    browser.press("Send link")


def opens_and_signs_up(browser, stack, email, subject):
    """Follow the link of the mail as somebody new, who creates an account and comes back."""
    link = stack.link(email, subject, "/activate/")
    page = browser.opens(link)
    browser.press("Continue")
    browser.follow("Create an account")
    page.get_by_label("Your name").fill("Nina New")
    page.get_by_role("textbox", name=E_MAIL).fill(email)
    page.get_by_role("textbox", name="Password").fill(people.PASSWORD)
    browser.press("Create account")
    page.get_by_label("Code").fill(stack.code(email))
    browser.press("Confirm")
    expect(page).to_have_url(stack.origin + link)
    return page


@pytest.mark.promise("CV-10", "CV-11")
def test_a_distributor_onboards_a_partner_which_onboards_customers(stack, visitor, tried):
    above, staff = distributor(), visitor().arrives_as(vendor_admin())
    sender = visitor().arrives_as(people.operator(above, name="Dora"))
    partner_name, email = people.unique("New Partner"), f"partner-{above.pk}@example.com"
    sends(sender, "partners", name=partner_name, email=email, country="FR", Programme_to_join="solution_advisor")
    sender.sees(partner_name)
    partner_side = visitor()
    opens_and_signs_up(partner_side, stack, email, f"activate {partner_name}")
    partner_side.press("Activate")
    partner_side.sees("Your membership is being confirmed")
    waits_for_the_vendor(partner_side, staff, partner_name)
    partner = Organization.objects.get(name=partner_name)
    assert partner.parent == above
    customer_name, customer_email = people.unique("Harbour Clinic"), f"customer-{above.pk}@example.com"
    sends(partner_side, "customers", name=customer_name, email=customer_email, country="DE", Service_to_try=tried.code)
    customer_side = visitor()
    opens_and_signs_up(customer_side, stack, customer_email, f"activate {customer_name}")
    customer_side.press("Activate and connect")
    customer_side.sees(f"{customer_name} is activated.")
    customer = Organization.objects.get(name=customer_name)
    assert Connection.objects.active().filter(partner=partner, customer=customer).exists()
    assert Entitlement.objects.get(customer=customer).state == "active"
    partner_side.opens("/customers/")
    partner_side.sees(customer_name)
    sender.opens("/customers/")
    sender.sees(customer_name)
    sends_forty(partner_side, partner, tried)


def waits_for_the_vendor(partner_side, staff, name):
    partner_side.opens("/customers/", status=403)
    partner_side.sees("The vendor now confirms your membership")
    staff.opens("/partners/pending/?state=unconfirmed")
    staff.page.get_by_role("button", name=f"Actions for {name}").click()
    staff.page.get_by_role("link", name="Confirm partner").click()
    staff.press("Confirm partner")
    staff.sees(f"The membership of {name} has begun.")
    partner_side.opens("/customers/")
    partner_side.sees("No customers yet")


def sends_forty(browser, partner, sku):
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["organization_name", "email", "country", "sku", "licences"])
    for number in range(40):
        writer.writerow([f"Firm {number}", f"admin@firm-{number}-{partner.pk}.example", "FR", sku.code, 5])
    page = browser.opens("/imports/new/activation_links/")
    upload = {"name": "firms.csv", "mimeType": "text/csv", "buffer": file.getvalue().encode()}
    page.locator("input[type=file]").set_input_files(upload)
    browser.press("Upload and check")
    browser.reloads_until(page.get_by_role("button", name="Import 40 rows"))
    browser.press("Import 40 rows")
    sent = ActivationLink.objects.filter(organization=partner, name__startswith="Firm")
    eventually(lambda: sent.count() == 40, "Forty links are sent")


def test_whoever_is_signed_in_as_somebody_else_changes_the_address(stack, visitor, tried):
    partner, other = people.partner(), people.customer()
    sender = visitor().arrives_as(people.operator(partner))
    person = people.person("Right")
    name = people.unique("Quay Hotel")
    sends(sender, "customers", name=name, email=person.email, country="FR", Service_to_try=tried.code)
    link = stack.link(person.email, f"activate {name}", "/activate/")
    browser = visitor().arrives_as(people.operator(other, name="Wrong"))
    browser.opens(link)
    browser.press("Continue")
    browser.sees(f"This link is for {person.email}")
    browser.press("Sign in with another address")
    expect(browser.page).to_have_url(stack.origin + link)
    browser.follow("Sign in")
    browser.signs_in(person)
    browser.press("Activate and connect")
    browser.sees(f"{name} is activated.")


def test_a_sender_copies_corrects_and_withdraws_a_link_without_script(visitor, tried):
    partner = people.partner()
    browser = visitor(java_script_enabled=False).arrives_as(people.operator(partner))
    name = people.unique("Old Mill")
    sends(browser, "customers", name=name, email="wrong@mill.example", country="FR", Service_to_try=tried.code)
    link = ActivationLink.objects.get(name=name)
    page = browser.opens(f"/activations/{link.public_id}/copy/")
    browser.press("Show link")
    assert "/activate/" in page.get_by_role("textbox", name="Activation link").input_value()
    browser.opens(f"/activations/{link.public_id}/change/")
    page.get_by_role("textbox", name="Notification email").fill("right@mill.example")
    browser.press("Save and send again")
    browser.sees("The activation link was sent again to right@mill.example.")
    browser.opens(f"/activations/{link.public_id}/revoke/")
    page.get_by_label("Reason").fill("Not needed")
    browser.press("Withdraw link")
    browser.opens("/customers/pending/?state=ended")
    browser.sees("Not needed")
