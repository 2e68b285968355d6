"""An organisation proves its domain, a colleague who signs up is let in, and its rule on second factors bites."""

import re

from allauth.mfa.models import Authenticator
from django.db import connection
from playwright.sync_api import expect

from accounts.actions.people import register_person
from accounts.models import OrganizationDomain
from tests.journeys import inspection, people


def proves(organization, name, stack):
    """The organisation has proved the domain, and its record is there."""
    domain = OrganizationDomain.objects.create(organization=organization, name=name)
    stack.dns.add_txt(domain.record_name, domain.record_value)
    proved = {"state": OrganizationDomain.State.PROVED, "proved_at": domain.created_at}
    OrganizationDomain.objects.filter(pk=domain.pk).update(**proved)


def half_a_minute_passes():
    """Checks that were asked for no longer stand in the way of the next."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM portal_cache WHERE cache_key LIKE '%uses:%'")


def own_domain(word):
    return f"{people.unique(word).replace(' ', '-')}.example"


def colleague(domain):
    """Somebody with a verified address at the domain, and no organisation."""
    person = register_person(
        actor=people.STAFF, email=f"colleague@{domain}", name="Colin Colleague", verified=True
    ).person
    person.password = people._hash()
    person.save()
    return person


def test_a_domain_is_proved_by_its_record(visitor, stack):
    partner, name = people.partner(), own_domain("proved")
    browser = visitor().arrives_as(people.operator(partner), partner)
    page = browser.opens("/domains/")
    browser.sees("No domains yet")
    browser.follow("Add a domain")
    page.get_by_role("textbox", name="Domain").fill("gmail.com")
    browser.press("Add domain")
    browser.sees("Anyone can get an address at gmail.com")
    page.get_by_role("textbox", name="Domain").fill(name.upper())
    browser.press("Add domain")
    browser.sees(f"{name} added")
    assert page.get_by_label("Name of the TXT record").input_value() == f"_partnerportal.{name}"
    value = page.get_by_label("Value of the TXT record").input_value()
    found = list(inspection.faults(browser))

    stack.dns.add_txt(name, value)  # at the domain itself, where it does not count
    browser.press("Check now")
    browser.sees(f"The record is at {name}")
    stack.dns.add_txt(f"_partnerportal.{name}", value)
    browser.press("Check now")
    browser.sees(f"{name} was checked a moment ago. Try again in")
    found += list(inspection.faults(browser))
    half_a_minute_passes()
    browser.press("Check now")
    expect(page.locator("main .status", has_text=re.compile(r"^\s*Verified"))).to_be_visible()
    browser.sees(f"Operators need an email address at {name}")
    found += list(inspection.faults(browser))

    browser.follow("Remove…")
    browser.press("Remove domain")
    browser.sees("No domains yet")
    assert not found, "\n".join(found)


def test_without_script_a_check_is_seen_by_reloading(visitor, stack):
    partner, name = people.partner(), own_domain("plain")
    browser = visitor(java_script_enabled=False).arrives_as(people.operator(partner), partner)
    page = browser.opens("/domains/")
    browser.follow("Add a domain")
    page.get_by_role("textbox", name="Domain").fill(name)
    browser.press("Add domain")
    stack.dns.add_txt(f"_partnerportal.{name}", page.get_by_label("Value of the TXT record").input_value())
    browser.press("Check now")
    browser.reloads_until(page.locator("main .status", has_text=re.compile(r"^\s*Verified")))


def test_a_colleague_asks_to_be_let_in_instead_of_founding_another(visitor, stack):
    partner, name = people.partner("Known"), own_domain("known")
    proves(partner, name, stack)
    person = colleague(name)
    theirs = visitor().arrives_as(person)
    page = theirs.opens("/organizations/new/")
    theirs.sees("Is your organisation here already?")
    theirs.sees(partner.name)
    found = list(inspection.faults(theirs))
    theirs.press("Ask to join")
    theirs.sees("Your request was sent to its Admins.")

    admin = visitor().arrives_as(people.operator(partner), partner)
    admin.opens("/operators/pending/")
    admin.sees("Colin Colleague")
    found += list(inspection.faults(admin))
    admin.follow("Accept…")
    admin.page.get_by_role("checkbox", name="Reader").check()
    admin.press("Accept request")
    admin.sees("Colin Colleague can now act for your organisation.")

    theirs.opens("/account/")
    expect(theirs.heading).to_have_text(partner.name)
    assert page.url.endswith("/account/")
    assert not found, "\n".join(found)


def test_a_second_factor_switched_on_bites(visitor):
    partner = people.partner("Careful")
    admin, reader = people.operator(partner), people.operator(partner, role="reader")
    Authenticator.objects.create(user=admin, type=Authenticator.Type.TOTP, data={"secret": ""})
    theirs = visitor().arrives_as(reader, partner)
    theirs.opens("/account/")
    browser = visitor().arrives_as(admin, partner)
    browser.opens("/security/")
    browser.sees("1 operator has no passkey or authenticator app yet.")
    found = list(inspection.faults(browser))
    browser.press("Require")
    browser.sees("Two-factor authentication is now required for everyone.")

    page = theirs.opens("/account/", status=403)
    expect(theirs.heading).to_contain_text("requires two-factor authentication")
    found += list(inspection.faults(theirs))
    theirs.follow("Set up an authenticator app")
    page.get_by_role("textbox", name="Password").fill(people.PASSWORD)
    theirs.press("Confirm")
    secret = page.get_by_label("Setup key, if you can’t scan").input_value()
    page.locator("input[name=code]").fill(people.authenticator_app(secret))
    theirs.press("Turn on")
    expect(page).not_to_have_url(re.compile("totp/activate"))
    theirs.opens("/account/")
    browser.press("Turn off")
    browser.sees("Two-factor authentication is no longer required.")
    assert not found, "\n".join(found)
