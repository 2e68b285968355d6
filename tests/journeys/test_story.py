"""The whole story: a partner gives its link away, a customer accepts, the partner sees; and either side ends it."""

import json
import re

import pytest
from django.utils import timezone, translation
from django.utils.translation import gettext
from playwright.sync_api import expect

from accounts.models import Organization
from tests.journeys import people


def feed(org_id: str) -> str:
    today = str(timezone.now().date())
    rows = [
        {"type": "sku", "code": f"J-{org_id}", "service": "Journeys", "name": "Journey Planner"},
        {
            "type": "entitlement",
            "external_id": f"E-{org_id}",
            "customer": org_id,
            "sku": f"J-{org_id}",
            "kind": "production",
            "state": "active",
            "quantity": 40,
            "assigned": 25,
            "starts_on": today,
        },
        {
            "type": "order",
            "number": f"PO-{org_id}",
            "customer": org_id,
            "placed_on": today,
            "state": "fulfilled",
            "currency": "EUR",
            "total": "480.00",
            "lines": [{"sku": f"J-{org_id}", "quantity": 40, "unit_price": "12.00"}],
        },
    ]
    return "\n".join(json.dumps(row) for row in rows)


@pytest.mark.promise("CC-10", "CC-11", "CC-13", "CC-19", "CC-20", "CC-39", "CC-40", "CC-41", "CC-45")
def test_a_link_given_accepted_used_ended_and_used_again(stack, visitor):
    partner = people.partner("Nordwind")
    ada = people.operator(partner)
    amelie = people.operator(partner, name="Amelie", language="fr")
    name, clara = people.unique("Harbour Clinic"), f"clara-{partner.pk}@example.com"

    link = copies_the_link(visitor, ada)
    customer_side = signs_up_and_accepts(visitor(), link, partner, name, clara)
    customer = Organization.objects.get(name=name)
    partner_side = visitor().arrives_as(ada)
    sees_the_customer(partner_side, stack, customer)
    is_told(partner_side, stack, name, amelie)

    ends_from_account_details(customer_side, partner)
    sees_nothing(partner_side, customer)
    reconnects(customer_side, link, partner)
    ends_from_the_list(partner_side, name)
    stack.mail(clara, f"{partner.name} ended the connection")
    notice = customer_side.page.get_by_role("button", name=f"{partner.name} ended the connection")
    customer_side.opens("/inbox/")
    customer_side.reloads_until(notice)


def copies_the_link(visitor, ada):
    browser = visitor(permissions=["clipboard-read", "clipboard-write"])
    browser.opens("/customers/")
    browser.signs_in(ada)
    browser.sees("No customers yet")
    page = browser.page
    page.get_by_role("link", name="Invite customers").first.click()
    dialog = page.get_by_role("dialog", name="Invite customers")
    dialog.get_by_role("button", name=re.compile("^Copy")).first.click()
    expect(dialog.get_by_text("Copied").first).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == dialog.get_by_label("Invitation link").input_value()
    return link


def signs_up_and_accepts(browser, link, partner, name, email):
    page = browser.opens(link)
    expect(browser.heading).to_have_text(f"{partner.name} invites you to connect")
    for shown in (partner.org_id, "France", "Solution Advisor", "Individual users, or who holds a licence"):
        browser.sees(shown)
    browser.signs_up(email, "Clara Customer")
    browser.follow("Create your organisation")
    page.get_by_label("Organisation name").fill(name)
    page.get_by_label("Country or region").select_option("DE")
    browser.press("Create organisation")
    expect(page).to_have_url(link)
    browser.sees(name)
    browser.press("Accept and connect")
    browser.sees(f"{partner.name} is now connected to {name}.")
    expect(page.get_by_role("row", name=partner.name)).to_contain_text("Can see your data")
    return browser


def sees_the_customer(browser, stack, customer):
    stack.manage("ingest", "-", given=feed(customer.org_id))
    page = browser.opens("/customers/")
    expect(page.get_by_role("row", name=customer.name)).to_contain_text("25 / 40")
    page.get_by_role("link", name=customer.name, exact=True).click()
    expect(browser.heading).to_have_text(customer.name)
    page.get_by_role("link", name=re.compile("^Services")).click()
    expect(page.get_by_role("row", name="Journey Planner")).to_contain_text("25 / 40")
    page.get_by_role("link", name=re.compile("^Orders")).click()
    browser.sees(f"PO-{customer.org_id}")


def is_told(browser, stack, name, amelie):
    browser.opens("/inbox/")
    browser.reloads_until(browser.page.get_by_role("button", name=f"{name} is now connected to you"))
    with translation.override("fr"):
        subject = gettext("%(customer)s is now connected to you") % {"customer": name}
    mail = stack.mail(amelie.email, subject)
    assert 'lang="fr"' in mail.get_body(("html",)).get_content()
    browser.press(f"{name} is now connected to you")
    expect(browser.heading).to_have_text(name)


def ends_from_account_details(browser, partner):
    page = browser.opens("/account/")
    page.get_by_role("row", name=partner.name).get_by_role("button", name="Actions for").click()
    page.get_by_role("link", name="End connection…").click()
    expect(page.get_by_role("dialog")).to_contain_text(
        f"{partner.name} will immediately lose access to everything you share"
    )
    browser.press("End connection")
    browser.sees("No active connections")


def sees_nothing(browser, customer):
    """At once on every page; told by the worker."""
    browser.opens(f"/customers/{customer.public_id}/", status=404)
    browser.sees_no(customer.name)
    browser.opens("/customers/")
    browser.sees("No customers yet")
    browser.opens("/inbox/")
    browser.reloads_until(browser.page.get_by_role("button", name=f"{customer.name} ended the connection"))
    expect(browser.page.get_by_role("button", name=f"{customer.name} is now connected")).to_have_count(0)


def reconnects(browser, link, partner):
    browser.opens(link)
    browser.press("Accept and connect")
    expect(browser.page.get_by_role("row", name=partner.name).first).to_contain_text("Can see your data")


def ends_from_the_list(browser, name):
    page = browser.opens("/customers/")
    page.get_by_role("button", name=f"Actions for {name}").click()
    page.get_by_role("link", name="End connection…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"You’ll immediately lose access to {name}")
    browser.press("End connection")
    browser.sees("No customers yet")
