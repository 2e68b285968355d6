"""Use of licences in a browser: by keyboard, without script, and what only the customer may do."""

import csv
import datetime as dt
import io
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from entitlements.actions.anomalies import detect_usage_anomalies
from entitlements.actions.usage import ReportedUsageDay, store_usage_days
from entitlements.models import Entitlement, LicenseAssignment, Order, Sku
from notifications.actions.outbox import write_due_notices
from tests.journeys import people
from tests.world import World


@pytest.fixture
def sku():
    return Sku.objects.create(code=people.unique("VLT"), service=people.unique("Vault"), name="Vault Pro")


@pytest.fixture
def partner():
    return people.partner()


@pytest.fixture
def customer(partner, sku):
    """Connected, and with seventy days of use that fell in the last two weeks."""
    found = people.customer("Larkspur")
    people.connect(partner, found)
    Entitlement.objects.create(
        customer=found, sku=sku, external_id=people.unique("E"), kind="production", state="active", quantity=200,
        assigned=174,
    )  # fmt: skip
    today = timezone.now().date()
    active = [182] * 56 + list(range(182, 126, -4))
    store_usage_days(
        actor=people.STAFF,
        usage_days=[
            ReportedUsageDay(
                back, found.pk, sku.pk, today - dt.timedelta(days=back), 200, 174, 4, 90, 95, value, value, 50
            )
            for back, value in enumerate(reversed(active))
        ],
    )
    detect_usage_anomalies(actor=people.STAFF)
    return found


@pytest.mark.promise("CC-30", "CC-33")
def test_from_the_row_to_the_trend_by_keyboard(visitor, partner, customer):
    """CC-30, CC-33…CC-37."""
    browser = visitor().arrives_as(people.operator(partner))
    page = browser.opens("/customers/")
    page.get_by_role("button", name=f"Actions for {customer.name}").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="View customer")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="View licensing")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/usage/$"))
    browser.sees("87% · Within limit")
    browser.sees("Monthly active users fell from 182 to")
    page.get_by_role("link", name="View usage trend").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/usage/#trend$"))

    chart = page.get_by_role("img", name="Licences assigned").locator("visible=true")
    chart.focus()
    tip = page.get_by_role("status").filter(has_text="Assigned: 174")
    expect(tip).to_have_count(0)
    page.keyboard.press("ArrowLeft")
    expect(tip).to_be_visible()
    expect(tip).to_contain_text("Purchased: 200")
    latest = tip.locator("strong").inner_text()
    page.keyboard.press("ArrowLeft")
    expect(tip.locator("strong")).not_to_have_text(latest)
    page.keyboard.press("End")
    expect(tip.locator("strong")).to_have_text(latest)
    page.keyboard.press("Escape")
    expect(tip).to_have_count(0)

    table = page.get_by_role("table", name="Licences assigned")
    expect(table).to_be_hidden()
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    expect(table.get_by_role("row")).to_have_count(1 + 84)


@pytest.mark.parametrize("width", [1280, 1440, 1920])
def test_the_latest_weeks_of_a_trend_are_in_sight(width, visitor, partner, customer):
    page = visitor(viewport={"width": width, "height": 800}).arrives_as(people.operator(partner)).opens("/customers/")
    spark = page.get_by_role("row", name=customer.name).locator(".spark")
    end = spark.locator("path").evaluate("(path) => path.getBoundingClientRect().right")
    box = spark.bounding_box()
    assert box["width"] * 0.9 < end - box["x"] <= box["width"] + 1


def test_rankings_are_equally_high(visitor, partner, customer):
    page = (
        visitor(viewport={"width": 1440, "height": 900}).arrives_as(people.operator(partner)).opens("/usage/customers/")
    )
    heights = page.locator(".pairs > .panel").evaluate_all("(all) => all.map((one) => one.offsetHeight)")
    assert len(heights) == 2 and len(set(heights)) == 1


def test_the_tooltip_snaps_to_the_pointer(visitor, partner, customer):
    browser = visitor().arrives_as(people.operator(partner))
    page = browser.opens(f"/customers/{customer.public_id}/usage/")
    page.get_by_role("img", name="Licences assigned").locator("visible=true").hover(position={"x": 300, "y": 80})
    expect(page.locator(".chart-tip").first).to_be_visible()
    page.get_by_role("heading", level=1).hover()
    expect(page.locator(".chart-tip").first).to_be_hidden()


def test_range_and_service_without_script(visitor, partner, customer, sku):
    other = Sku.objects.create(code=people.unique("FLW"), service=people.unique("Flow"), name="Flow")
    Entitlement.objects.create(
        customer=customer, sku=other, external_id=people.unique("E"), kind="production", state="active", quantity=50,
        assigned=10,
    )  # fmt: skip
    row = ReportedUsageDay(0, customer.pk, other.pk, timezone.now().date(), 50, 10, 0, 4, 4, 8, 8, 2)
    store_usage_days(actor=people.STAFF, usage_days=[row])
    browser = visitor(java_script_enabled=False)
    page = browser.opens(f"/customers/{customer.public_id}/usage/")
    browser.signs_in(people.operator(partner))
    browser.sees("184 of 250 licences assigned")
    page.get_by_label("All services").select_option(sku.name)
    browser.press("Apply")
    browser.sees("174 of 200 licences assigned")
    page.get_by_role("link", name="6 months").click()
    expect(page).to_have_url(re.compile(r"range=6m.*service=|service=.*range=6m"))
    page.locator("summary").first.click()
    expect(page.get_by_role("table", name="Licences assigned").get_by_role("row")).to_have_count(1 + 6)


def test_the_customer_releases_a_licence_and_nobody_else_hears_of_whom(visitor, partner, customer, sku):
    holder = f"{people.unique('holder').replace(' ', '-')}@example.com"
    LicenseAssignment.objects.create(
        customer=customer, sku=sku, external_id=people.unique("L"), holder_kind="user", holder=holder,
        assigned_at=timezone.now() - dt.timedelta(days=90), last_used_at=timezone.now() - dt.timedelta(days=45),
    )  # fmt: skip
    browser = visitor().arrives_as(people.operator(customer))
    page = browser.opens("/usage/")
    browser.follow("Licence users")
    browser.follow("Not used in 30 days")
    page.get_by_role("link", name=f"Release the licence assigned to {holder}").click()
    dialog = page.get_by_role("dialog", name=f"Release the licence assigned to {holder}?")
    dialog.get_by_role("button", name="Release licence").click()
    browser.sees(f"You have asked the vendor to release the licence assigned to {holder}.")
    browser.sees("Release requested")
    staff = visitor().arrives_as("vendor.reader")
    key = LicenseAssignment.objects.get(holder=holder).external_id
    row = staff.opens("/releases/").get_by_role("row", name=customer.name)
    expect(row).to_contain_text(key)
    staff.sees_no(holder)
    page.get_by_role("button", name=f"Undo the release of the licence assigned to {holder}").click()
    browser.sees(f"{holder} keeps the licence.")
    staff.page.reload()
    expect(row).to_have_count(0)

    other = visitor().arrives_as(people.operator(partner))
    for path in ("usage/", "activity/", "services/"):
        other.opens(f"/customers/{customer.public_id}/{path}")
        other.sees_no(holder)
    other.opens("/inbox/")
    other.sees_no(holder)
    other.opens("/usage/licences/", status=404)


def test_the_vendor_releases_it_and_takes_that_back(visitor, customer, sku):
    key = people.unique("L")
    LicenseAssignment.objects.create(
        customer=customer, sku=sku, external_id=key, holder_kind="user", holder="h@example.com",
        assigned_at=timezone.now() - dt.timedelta(days=90), release_asked_at=timezone.now(),
    )  # fmt: skip
    staff = visitor().arrives_as("vendor.admin")
    staff.opens("/releases/")
    staff.press(f"Mark {key} as released")
    staff.sees(f"Licence {key} for {customer.name} has been marked as released.")
    staff.follow("Released")
    staff.sees(World().person("vendor.admin").name)
    staff.press(f"Mark {key} as not released")
    staff.sees(f"Licence {key} for {customer.name} is once again waiting to be released.")
    staff.page.get_by_role("link", name="Waiting").click()
    expect(staff.page.get_by_role("button", name=f"Mark {key} as released")).to_be_visible()
    while write_due_notices():
        pass
    browser = visitor().arrives_as(people.operator(customer))
    browser.opens("/inbox/")
    browser.sees(f"A licence for {sku.name} was released")
    browser.press(f"A request to release a licence for {sku.name} was reopened")
    expect(browser.page).to_have_url(re.compile("/usage/licences/$"))
    browser.sees("Release requested")


@pytest.fixture
def outgrown(partner, sku):
    """A customer that has assigned more than it bought, whose licences end in three weeks, and two that have not."""
    found = people.customer("Outgrown")
    today = timezone.now().date()
    for number, customer in enumerate((found, people.customer("Calm"), people.customer("Quiet"))):
        people.connect(partner, customer)
        assigned = 40 if number else 212
        Entitlement.objects.create(
            customer=customer, sku=sku, external_id=people.unique("E"), kind="production", state="active",
            quantity=200, assigned=assigned, starts_on=today - dt.timedelta(days=344),
            ends_on=today + dt.timedelta(days=21 + number),
        )  # fmt: skip
        order = Order.objects.create(
            customer=customer, number=people.unique("O"), placed_on=today - dt.timedelta(days=344), state="fulfilled",
            currency="EUR", total=20_000,
        )  # fmt: skip
        order.lines.create(position=1, sku=sku, quantity=200, unit_price=100)
        store_usage_days(
            actor=people.STAFF,
            usage_days=[
                ReportedUsageDay(
                    back, customer.pk, sku.pk, today - dt.timedelta(days=back), 200, assigned - back // 10, 1, 30, 35,
                    30, 35, 20,
                )
                for back in range(70)
            ],
        )  # fmt: skip
    return found


@pytest.mark.promise("G-6")
def test_a_day_from_the_overview_to_a_noted_renewal_and_its_file(visitor, partner, outgrown, sku):
    """Who is over, why, what to propose, what was agreed, and the list of it for a colleague, a click each."""
    page = visitor(viewport={"width": 1280, "height": 720}).arrives_as(people.operator(partner)).opens("/")
    over = page.get_by_role("region", name=re.compile("^Over limit"))
    expect(over).to_contain_text(f"{sku.name} +12")
    expect(over).not_to_contain_text("Calm")
    over.get_by_role("link", name=outgrown.name).click()

    page.wait_for_url(re.compile(f"/customers/{outgrown.public_id}/"))
    page.get_by_role("link", name=re.compile("^See proposal")).first.click()
    page.wait_for_url(re.compile("/usage/#proposals"))
    proposed = page.get_by_role("group", name="Proposed quantities").get_by_role("row", name=sku.name)
    expect(proposed).to_contain_text("200")
    quantity = int(proposed.locator("td b").inner_text())
    assert quantity >= 212
    expect(proposed).to_contain_text(f"+{quantity - 200}")
    expect(proposed).to_contain_text(f"€{(quantity - 200) * 100:,}.00")

    page.get_by_role("navigation", name="Main").get_by_role("link", name="Renewals").click()
    row = page.get_by_role("row", name=outgrown.name)
    row.locator("a.state").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("State").select_option("quoted")
    dialog.get_by_label("Note").fill(f"Quoted {quantity} licences.")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(row).to_contain_text("Quoted")

    page.get_by_label("State").select_option(label="Quoted")
    expect(page.get_by_role("row", name="Calm")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export", exact=True).click()
    lines = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert [(line["customer"], line["renewal_state"], line["renewal_note"]) for line in lines] == [
        (outgrown.name, "quoted", f"Quoted {quantity} licences.")
    ]
