"""A customer keeps its usage to itself, shares it and takes it back, while its partner and a distributor look on."""

import csv
import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.actions.organizations import register_organization
from accounts.actions.standing import move_partner
from accounts.models import OrganizationKind, Role
from connections.actors import build_actor_with_current_roles
from connections.consent import WORDING
from entitlements.actions.anomalies import detect_usage_anomalies
from entitlements.actions.usage import ReportedUsageDay, store_usage_days
from entitlements.models import Entitlement, Sku
from exports import actions as exports
from exports.catalogue import find_exported_list
from exports.models import Export
from notifications.actions.outbox import write_due_notices
from notifications.actions.preferences import set_notice_choices
from notifications.models import Delivery, MailMode, NoticeDeliveryChoice
from partnerportal.lib.days import today
from tests.journeys import people
from tests.journeys.stack import eventually
from tests.journeys.test_feed import figure
from tests.journeys.test_renewals import fetched, makes_a_calendar

SEATS, ASSIGNED = 200, 174
ACTIVE = [182] * 56 + list(range(182, 126, -4))  # monthly active users: they fall in the last two weeks
WORDS = "Not shared by the customer"
FALLING = re.compile("is falling")  # news of usage
EVERYTHING = "Account information, Services and licences, Usage, Orders, Notifications"
NO_USAGE = EVERYTHING.replace(" Usage,", "")


@pytest.fixture
def customer():
    """With the same number of licences of two services."""
    found = people.customer("Larkspur")
    for service in ("Vault", "Flow"):
        sku = Sku.objects.create(code=people.unique(service), service=people.unique(service), name=service)
        Entitlement.objects.create(
            customer=found, sku=sku, external_id=sku.code, kind="production", state="active", quantity=SEATS // 2,
            assigned=ASSIGNED // 2, ends_on=today() + dt.timedelta(days=30),
        )  # fmt: skip
    return found


def is_used(customer, service):
    """For ten weeks: licences rose, users fell. That is found and told."""
    sku = Sku.objects.get(name=service, entitlement__customer=customer)
    rows = [
        ReportedUsageDay(
            back, customer.pk, sku.pk, today() - dt.timedelta(days=back), SEATS // 2, ASSIGNED // 2 - back, 1, 90, 95,
            active, active, 50,
        )
        for back, active in enumerate(reversed(ACTIVE))
    ]  # fmt: skip
    store_usage_days(actor=people.STAFF, usage_days=rows)
    detect_usage_anomalies(actor=people.STAFF)
    while write_due_notices():
        pass


@pytest.fixture
def partner():
    distributor = register_organization(
        actor=people.STAFF, kind=OrganizationKind.DISTRIBUTOR, name=people.unique("Above"), country="FR"
    )
    return move_partner(actor=people.STAFF, partner=people.partner("Nordwind"), distributor=distributor)


@pytest.fixture
def ada(partner):
    """An Admin of the partner who wants unusual usage in the daily summary."""
    person = people.operator(partner)
    choices = {"use_unusual": NoticeDeliveryChoice(MailMode.DIGEST, True)}
    set_notice_choices(actor=build_actor_with_current_roles(person.pk, partner.pk), choices=choices)
    return person


@pytest.mark.promise("E-14", "G-1")
def test_usage_is_kept_back_shared_and_taken_back(stack, visitor, monkeypatch, customer, partner, ada):
    dora = people.operator(partner.parent, role=Role.READER, name="Dora")
    clara = visitor().arrives_as(people.operator(customer, name="Clara"))
    onlookers = [visitor().arrives_as(person) for person in (ada, dora)]
    calendars = [makes_a_calendar(browser) for browser in onlookers]
    told = Delivery.objects.filter(person_id=ada.pk, notice__kind="use_unusual")

    accepts_without_usage(clara, partner)
    for browser, calendar in zip(onlookers, calendars, strict=True):
        sees_seats_and_no_trend(browser, customer)
        assert len(fetched(calendar)) == 2
    is_told_by_mail(stack, ada, f"{customer.name} is now connected to you", f"The customer shares: {NO_USAGE}.")
    is_used(customer, "Vault")
    sees_seats_and_no_trend(onlookers[0], customer)
    assert not told.exists()

    shares(clara, "Usage", wanted=True)
    for browser in onlookers:
        sees_the_trend(browser, customer)
    is_told_by_mail(stack, ada, f"{customer.name} changed what it shares with you", "Now shared: Usage.")
    is_used(customer, "Flow")
    assert told.count() == 1  # it waits for the morning
    files = [has_a_file_made(stack, monkeypatch, person, of) for person, of in ((ada, partner), (dora, partner.parent))]
    for browser in onlookers:
        browser.opens(f"/customers/{customer.public_id}/usage/")

    shares(clara, "Usage", wanted=False)
    for browser, file in zip(onlookers, files, strict=True):
        browser.page.reload()
        browser.sees(f"{customer.name} doesn’t share this with you.")
        finds_the_file_gone(browser, file)
        sees_seats_and_no_trend(browser, customer)
    told.update(next_at=timezone.now())  # as if it were morning
    stack.send("notifications.tasks.send_emails")
    eventually(lambda: not told.filter(done_at=None).exists(), "The summary is done")
    is_told_by_mail(stack, ada, f"{customer.name} changed what it shares with you", "No longer shared: Usage.")
    assert not [mail["Subject"] for mail in stack.mails_to(ada.email) if "is falling" in text_of(mail)]
    is_told_in_the_inbox(onlookers[0], customer)

    shares(clara, "Services and licences", wanted=False)
    for browser, calendar in zip(onlookers, calendars, strict=True):
        assert fetched(calendar) == []
        expect(row_of(browser, customer)).not_to_contain_text(f"/ {SEATS}")
    sees_its_history(clara, partner)


def accepts_without_usage(browser, partner):
    page = browser.opens(people.invitation(partner))
    browser.sees(partner.parent.name)
    page.get_by_role("checkbox", name="Usage", exact=True).uncheck()
    browser.press("Accept and connect")
    browser.sees(f"{partner.name} is now connected to")
    browser.follow(f"What is shared in your connection with {partner.name}")
    browser.page.get_by_role("dialog").get_by_role("link", name="History").click()


def shares(browser, scope, *, wanted):
    """On the page “What is shared”, on which the customer stays."""
    browser.page.get_by_role("checkbox", name=scope, exact=True).set_checked(wanted)
    browser.press("Save")
    browser.sees("Sharing settings saved")


def row_of(browser, customer):
    return browser.opens("/customers/").get_by_role("row", name=customer.name)


def sees_seats_and_no_trend(browser, customer):
    row = row_of(browser, customer)
    expect(row).to_contain_text(f"{ASSIGNED} / {SEATS}")
    expect(row.locator(".spark")).to_have_count(0)
    expect(row.get_by_title(WORDS)).to_have_count(1)
    address = f"/customers/{customer.public_id}/"
    page = browser.opens(address)
    expect(page.locator(".shares li").filter(has_text="Usage")).to_contain_text("Not shared")
    browser.opens(f"{address}usage/")
    browser.sees(WORDS)
    expect(page.locator(".chart, .stat")).to_have_count(0)
    page = browser.opens("/")
    expect(figure(page, "Licences assigned")).to_contain_text(f"{ASSIGNED}")
    expect(figure(page, "Falling usage")).to_contain_text("–")
    browser.sees_no(FALLING)
    page = browser.opens("/usage/customers/")
    browser.sees("1 customer doesn’t share its usage")
    expect(page.locator(".ranked li, .chart")).to_have_count(0)
    expect(page.get_by_role("row", name=customer.name).get_by_title(WORDS)).to_have_count(1)  # its active users
    browser.opens("/inbox/")
    browser.sees_no(FALLING)
    exported = export_of(browser, customer)
    assert (exported["seats"], exported["unusual_use"], exported["usage_as_of"]) == (f"{SEATS}", "", "")
    assert api_of(browser, customer, "")["seats"] == SEATS
    assert api_of(browser, customer, "")["unusual_use"] is None
    assert api_of(browser, customer, "usage/", status=403)["errors"][0]["code"] == "not_shared"


def sees_the_trend(browser, customer):
    """Everywhere, and the news that was not told meanwhile."""
    row = row_of(browser, customer)
    expect(row.locator(".spark")).to_have_count(1)
    expect(row.get_by_title(WORDS)).to_have_count(0)
    browser.opens(f"/customers/{customer.public_id}/usage/")
    browser.sees("Monthly active users fell from 182 to")
    page = browser.opens(f"/customers/{customer.public_id}/usage/")
    expect(page.get_by_role("img", name="Licences assigned").locator("visible=true")).to_be_visible()
    expect(figure(browser.opens("/"), "Falling usage")).to_contain_text("1")
    page = browser.opens("/usage/customers/")
    expect(page.locator(".panel").filter(has_text="Biggest changes")).to_contain_text(customer.name)
    browser.opens("/inbox/")
    browser.sees(FALLING)
    assert "falling" in export_of(browser, customer)["unusual_use"]
    assert api_of(browser, customer, "usage/")["monthly_active"]


def export_of(browser, customer):
    """The customer's line of a file that is answered at once."""
    page = browser.opens("/customers/")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export", exact=True).click()
    lines = csv.DictReader(download.value.path().read_text("utf-8-sig").splitlines())
    return next(line for line in lines if line["org_id"] == customer.org_id)


def api_of(browser, customer, path, *, status=200):
    answer = browser.context.request.get(f"/api/v1/customers/{customer.public_id}/{path}")
    assert answer.status == status
    return answer.json()


def has_a_file_made(stack, monkeypatch, person, organization):
    """Of the list, as a large partner gets it."""
    actor = build_actor_with_current_roles(person.pk, organization.pk)
    with monkeypatch.context() as patch:
        patch.setattr(exports, "SMALL", 0)
        export, _content = exports.request_export(actor=actor, exported_list=find_exported_list("customers"), query={})
    stack.send("exports.tasks.make_exports")
    ready = Export.objects.filter(pk=export.pk, state=Export.State.READY)
    eventually(ready.exists, "The file is made")
    return f"/exports/{export.public_id}/file/"


def finds_the_file_gone(browser, file):
    browser.opens(file, status=410)
    browser.sees("This file has been deleted because a customer now shares less data with you.")
    browser.opens("/exports/")
    browser.sees("a customer now shares less")


def is_told_by_mail(stack, person, subject, text):
    def is_there():
        return any(text in text_of(mail) for mail in stack.mails_to(person.email) if subject in str(mail["Subject"]))

    eventually(is_there, f"A mail “{subject}” says: {text}")


def text_of(mail):
    return mail.get_body(("plain",)).get_content()


def is_told_in_the_inbox(browser, customer):
    browser.opens("/inbox/")
    browser.reloads_until(browser.page.get_by_text("No longer shared: Usage."))
    browser.sees(f"{customer.name} changed what it shares with you")
    browser.sees("Now shared: Usage.")


def sees_its_history(browser, partner):
    """Each consent with its wording, who gave it and when, the newest first."""
    expect(browser.heading).to_have_text(f"What {partner.name} sees")
    given = browser.page.locator(".consents li")
    assert [text.split("\n")[0] for text in given.all_inner_texts()] == [
        "Account information, Orders, Notifications",
        NO_USAGE,
        EVERYTHING,
        NO_USAGE,
    ]
    for consent in given.all():
        expect(consent).to_contain_text(f"Wording {WORDING}, English")
        expect(consent).to_contain_text("Clara")
        expect(consent.locator("time")).to_have_attribute("datetime", re.compile(f"^{today()}"))
