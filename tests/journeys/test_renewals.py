"""A trial from request to production, told to three browsers; an end announced once; a calendar without a session."""

import datetime as dt
import re
import urllib.error
import urllib.request

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Operator, Organization, OrganizationKind
from connections.actions import end_connection
from connections.models import Connection
from entitlements.actions.renewals import announce_renewals
from entitlements.actions.trials import expire_trials
from entitlements.models import Entitlement, Sku
from notifications.actions.outbox import write_due_notices
from notifications.models import Delivery, DeliveryChannel
from partnerportal.lib import formats
from partnerportal.lib.days import today
from tests.journeys import people
from tests.lib.test_icalendar import read


@pytest.fixture
def trio(stack):
    """A partner, its customer and the vendor, each with an Admin; and a service to try."""
    partner, customer = people.partner("Trialwind"), people.customer("Trying Foods")
    people.connect(partner, customer)
    vendor = Organization.objects.filter(kind=OrganizationKind.VENDOR).earliest("pk")
    names = {"Pia": partner, "Cleo": customer, "Vera": vendor}
    admins = [people.operator(organization, name=name) for name, organization in names.items()]
    sku = Sku.objects.create(code=f"TRIAL-{partner.pk}", service="Trying", name=f"Trial Ware {partner.pk}")
    yield partner, customer, sku, admins
    Operator.objects.filter(organization=vendor, person=admins[2]).delete()


def test_a_trial_from_request_to_production(stack, visitor, trio):
    _partner, customer, sku, (pia, cleo, vera) = trio
    asking, deciding, watching = (visitor().arrives_as(person) for person in (cleo, vera, pia))

    page = asking.opens("/services/")
    asking.follow("Request a trial")
    page.get_by_label("Service").select_option(sku.code)
    page.get_by_label("Licences").fill("12")
    asking.press("Request trial")
    asking.sees(f"You have requested a trial of {sku.name}.")
    expect(page.get_by_role("group", name="Pending trial requests", exact=True)).to_contain_text(sku.name)

    page = watching.opens(f"/customers/{customer.public_id}/services/")
    expect(page.get_by_role("group", name="Pending trial requests", exact=True)).to_contain_text(sku.name)

    deciding.opens("/inbox/")
    asked = f"{customer.name} requested a trial of {sku.name}"
    deciding.reloads_until(deciding.page.get_by_role("button", name=asked))
    stack.mail(vera.email, asked)
    page = deciding.opens("/trials/")
    expect(page.get_by_role("row", name=sku.name)).to_contain_text(customer.org_id)
    decides(deciding, sku, customer, "Approve…", "Approve", says="with 12 licences")
    mail = stack.mail(cleo.email, f"The trial of {sku.name} has started")
    assert "/me/notices/" in mail.get_body(("plain",)).get_content()

    deciding.opens("/trials/?state=running")
    later = today() + dt.timedelta(days=28)
    decides(deciding, sku, customer, "Extend…", "Extend", says=formats.format_date(later))
    watching.page.reload()
    expect(watching.page.get_by_role("group", name="Active trials", exact=True)).to_contain_text(
        f"{later.day} {later:%b}"
    )

    deciding.opens("/trials/?state=running")
    chooses(deciding, sku, customer, "Convert to production…")
    deciding.page.get_by_label("Licences").fill("40")
    deciding.press("Convert to production")
    deciding.sees(f"{sku.name} is now in production for {customer.name}.")
    for browser in (watching, asking):
        browser.page.reload()
        expect(browser.page.get_by_role("group", name="Active entitlements", exact=True)).to_contain_text(sku.name)
    watching.opens("/inbox/")
    watching.reloads_until(watching.page.get_by_role("button", name=f"{sku.name} is now in production"))


def chooses(browser, sku, customer, item):
    browser.page.get_by_role("button", name=f"Actions for {sku.name} at {customer.name}").click()
    browser.follow(item)


def decides(browser, sku, customer, item, button, says):
    chooses(browser, sku, customer, item)
    expect(browser.page.get_by_role("dialog")).to_contain_text(says)
    browser.press(button)
    expect(browser.page.get_by_role("dialog")).to_have_count(0)


def test_a_declined_trial_says_why(visitor, trio):
    _partner, customer, sku, (_pia, cleo, vera) = trio
    asking, deciding = visitor(java_script_enabled=False).arrives_as(cleo), visitor().arrives_as(vera)
    page = asking.opens("/services/trial/")
    page.get_by_label("Service").select_option(sku.code)
    asking.press("Request trial")
    asking.sees(f"You have requested a trial of {sku.name}.")
    deciding.opens("/trials/")
    chooses(deciding, sku, customer, "Decline…")
    deciding.page.get_by_label("Reason").fill("Not sold in your country.")
    deciding.press("Decline")
    deciding.sees(f"The trial of {sku.name} for {customer.name} was declined.")
    asking.opens("/services/")
    asking.sees("Not sold in your country.")


def test_an_end_is_announced_once_and_calendars_show_it(stack, visitor, trio):
    _partner, customer, sku, (pia, _cleo, _vera) = trio
    ends_on = today() + dt.timedelta(days=30)
    Entitlement.objects.create(
        customer=customer, sku=sku, external_id=f"renews-{sku.pk}", kind="production", state="active", quantity=25,
        assigned=20, starts_on=today(), ends_on=ends_on,
    )  # fmt: skip
    browser = visitor().arrives_as(pia)
    page = browser.opens("/renewals/")
    expect(page.get_by_role("row", name=customer.name)).to_contain_text("30 days left")

    address = makes_a_calendar(browser)
    (event,) = fetched(address)
    assert event["DTSTART;VALUE=DATE"] == f"{ends_on:%Y%m%d}"
    assert event["SUMMARY"] == f"Ends: {sku.name}, {customer.name}"

    for _night in range(2):  # what the worker does each night; here, so that it is done when the next line runs
        announce_renewals()
        expire_trials()
        while write_due_notices():
            pass
    browser.opens("/inbox/")
    notice = page.get_by_role("button", name=re.compile(f"^{sku.name} ends on"))
    browser.reloads_until(notice)
    expect(notice).to_have_count(1)
    digest = Delivery.objects.filter(channel=DeliveryChannel.DIGEST, person_id=pia.pk)
    digest.filter(event__kind="operator.added").update(done_at=timezone.now())  # of her own coming, when she came
    assert digest.filter(done_at=None).count() == 1
    Delivery.objects.filter(channel=DeliveryChannel.DIGEST).update(next_at=timezone.now())  # as if it were morning
    stack.send("notifications.tasks.send_emails")
    stack.mail(pia.email, "Your daily summary: 1 notification")
    stack.send("notifications.tasks.send_emails")
    assert len([m for m in stack.mails_to(pia.email) if "summary" in str(m["Subject"])]) == 1

    end_connection(actor=people._admin_of(customer), connection=Connection.objects.active().get(customer=customer))
    assert fetched(address) == []
    browser.opens("/renewals/calendar/")
    browser.press("Revoke")
    browser.sees("The calendar link was revoked.")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetched(address)


def makes_a_calendar(browser):
    browser.opens("/renewals/")
    browser.follow("Calendar link")
    browser.press("Create calendar link")
    return browser.page.get_by_role("textbox", name="Calendar link").input_value()


def fetched(address):
    with urllib.request.urlopen(address, timeout=60) as answer:
        assert answer.headers["Content-Type"].startswith("text/calendar")
        return read(answer.read())
