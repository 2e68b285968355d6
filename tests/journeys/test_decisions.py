"""Work that is done where it stands: five trials decided in a minute, and a renewal from the list to its history."""

import datetime as dt
import itertools
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Role
from entitlements.models import Entitlement, Order, RenewalWork, Sku
from partnerportal.lib.days import today
from tests.journeys import people
from tests.journeys.stack import eventually

LAPTOP, PHONE = {"width": 1280, "height": 720}, {"width": 390, "height": 844}
KEYS_OF_A_MINUTE = 30  # one every two seconds; the reason, which is typed, does not count


@pytest.fixture
def sku():
    return Sku.objects.create(
        code=people.unique("DSK"), service=people.unique("Desk"), name=people.unique("Cloud Desk")
    )


@pytest.fixture
def asking(sku):
    """Five customers that wait for a trial, one of them for eleven days."""
    customers = [people.customer("Waiting Works") for _number in range(5)]
    for number, customer in enumerate(customers):
        trial = Entitlement.objects.create(
            customer=customer, sku=sku, external_id=people.unique("T"), kind="trial", state="requested", quantity=10
        )
        at = timezone.now() - dt.timedelta(days=11 if number == 0 else 1)
        Entitlement.objects.filter(pk=trial.pk).update(updated_at=at)
    return customers


def states(customers):
    return sorted(Entitlement.objects.filter(customer__in=customers).values_list("state", flat=True))


@pytest.mark.promise("G-26")
def test_the_vendor_decides_five_trials_in_a_minute_by_keyboard(visitor, sku, asking):
    browser = visitor(viewport=LAPTOP).arrives_as("vendor.admin")
    page = browser.opens(f"/trials/?sku={sku.code}")
    oldest = page.get_by_role("row", name=asking[0].name)
    expect(oldest.locator("small.warn")).to_have_text("11 days waiting")
    keys = 0

    def press(key):
        nonlocal keys
        keys += 1
        page.keyboard.press(key)

    for number, customer in enumerate(asking):
        action = "Decline…" if number == 4 else "Approve…"
        page.get_by_role("link", name=f"{action} {sku.name}, {customer.name}").focus()
        press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        if number == 4:
            expect(dialog.get_by_label("Reason")).to_be_focused()
            page.keyboard.type("Not sold in your country.")
        button = dialog.get_by_role("button", name=action.removesuffix("…"), exact=True)
        while keys < KEYS_OF_A_MINUTE and not button.evaluate("element => element === document.activeElement"):
            press("Tab")
        press("Enter")
        browser.sees(f"The trial of {sku.name} for {customer.name} {'was declined' if number == 4 else 'has started'}.")
    assert keys <= KEYS_OF_A_MINUTE
    assert states(asking) == ["active"] * 4 + ["declined"]


def test_all_five_are_approved_at_once(visitor, sku, asking):
    browser = visitor(viewport=LAPTOP).arrives_as("vendor.admin")
    page = browser.opens(f"/trials/?sku={sku.code}")
    page.get_by_role("checkbox", name="Select all rows on this page").focus()
    page.keyboard.press("Space")
    expect(page.locator("[data-count]")).to_have_text("5")
    page.locator("#bulk-bar").get_by_role("button", name="Approve…", exact=True).press("Enter")
    page.wait_for_url(re.compile("/imports/"))
    browser.reloads_until(page.get_by_role("button", name="Approve 5 trials"))
    browser.press("Approve 5 trials")
    eventually(lambda: states(asking) == ["active"] * 5, "All five trials run")


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_what_waits_stands_in_one_line_and_its_buttons_in_sight(visitor, sku, asking, size):
    page = visitor(viewport=size).arrives_as("vendor.admin").opens(f"/trials/?sku={sku.code}")
    rows = page.locator("table.trials tbody tr")
    expect(rows).to_have_count(5)
    boxes = [row.bounding_box() for row in rows.all()]
    for row, box in zip(rows.all(), boxes, strict=True):
        decisions = [link.bounding_box() for link in row.locator(".decisions > a").all()]
        assert len(decisions) == 2
        for found in decisions:
            assert box["x"] <= found["x"] and found["x"] + found["width"] <= min(box["x"] + box["width"], size["width"])
            assert box["y"] <= found["y"] and found["y"] + found["height"] <= box["y"] + box["height"] + 1
            assert found["height"] >= (40 if size == PHONE else 24)
        assert not overlap(*decisions)
    if size == LAPTOP:
        assert {round(box["height"]) for box in boxes[:-1]} == {52}


def overlap(one, other):
    return not (
        one["x"] + one["width"] <= other["x"] + 0.5
        or other["x"] + other["width"] <= one["x"] + 0.5
        or one["y"] + one["height"] <= other["y"] + 0.5
        or other["y"] + other["height"] <= one["y"] + 0.5
    )


# --- A renewal ----------------------------------------------------------------------------------------------


@pytest.fixture
def renewing(sku):
    """A partner with ten ends in the next month, each worth 100 euros for each of its licences."""
    partner = people.partner("Renewers")
    for number in range(10):
        customer = people.customer(f"Harbour Logistics {number}")
        people.connect(partner, customer)
        Entitlement.objects.create(
            customer=customer, sku=sku, external_id=people.unique("R"), kind="production", state="active",
            quantity=10 + number, assigned=8, starts_on=today() - dt.timedelta(days=300),
            ends_on=today() + dt.timedelta(days=2 + 2 * number),
        )  # fmt: skip
        order = Order.objects.create(
            customer=customer, number=people.unique("O"), placed_on=today(), state="fulfilled", currency="EUR",
            total=1000,
        )  # fmt: skip
        order.lines.create(position=1, sku=sku, quantity=10, unit_price=100)
    return partner, customer


@pytest.mark.promise("G-21")
def test_a_renewal_is_worked_from_the_list_to_its_history(visitor, renewing, sku):
    partner, customer = renewing
    elsewhere = people.partner("Elsewhere")
    people.connect(elsewhere, customer)
    ada = people.operator(partner)
    browser = visitor(viewport=LAPTOP).arrives_as(ada)
    page = browser.opens("/renewals/")
    expect(page.locator(".renewals-total")).to_contain_text("€14,500.00")
    expect(page.locator(".renewals-total")).to_contain_text("10 of 10 with a known value")
    page.get_by_role("link", name="Value", exact=True).click()
    page.wait_for_url(re.compile("sort=value"))
    page.get_by_role("link", name="Value", exact=True).click()
    page.wait_for_url(re.compile("sort=-value"))
    first = page.locator("table.renewals tbody tr").first
    expect(first).to_contain_text(customer.name)
    expect(first).to_contain_text("€1,900.00")

    works(page, customer, state="quoted", note="Sent a quote for 40 licences.")
    browser.sees(f"Saved. The renewal of {sku.name} at {customer.name} is marked “Quoted”.")
    expect(page).to_have_url(re.compile("sort=-value"))
    page.get_by_role("button", name="Undo").click()
    browser.sees("is marked “Open” again")
    expect(page).to_have_url(re.compile("sort=-value"))
    works(page, customer, state="contacted", note="Called, they think about it.")
    row = page.locator("table.renewals tbody tr").first
    expect(row).to_contain_text("Contacted")
    row.locator("a.state").click()
    history = page.get_by_role("dialog").get_by_role("region", name="History")
    expect(history.get_by_role("listitem")).to_have_count(3)
    expect(history).to_contain_text("Sent a quote for 40 licences.")
    expect(history).to_contain_text(ada.name)
    page.keyboard.press("Escape")

    for who in (people.operator(elsewhere), people.operator(customer)):
        other = visitor().arrives_as(who)
        other.opens("/renewals/")
        other.sees(sku.name)
        other.sees_no("Called, they think about it.")
        other.sees_no("Contacted")
    reader = visitor().arrives_as(people.operator(partner, role=Role.READER, name="Rita"))
    reader.opens("/renewals/?sort=state")
    reader.sees("Contacted")
    reader.sees_no("€")
    assert RenewalWork.objects.get(organization=partner).note == "Called, they think about it."


def works(page, customer, *, state, note):
    row = page.get_by_role("row", name=customer.name)
    row.locator("a.state").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("State").select_option(state)
    dialog.get_by_label("Note").fill(note)
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog).to_have_count(0)


def test_the_list_of_renewals_shows_eight_rows_on_a_laptop(visitor, renewing):
    partner, _customer = renewing
    page = visitor(viewport=LAPTOP).arrives_as(people.operator(partner)).opens("/renewals/")
    boxes = [row.bounding_box() for row in page.locator("table.renewals tbody tr").all()]
    assert {round(box["height"]) for box in boxes} <= {52, 53}
    assert sum(box["y"] + box["height"] <= LAPTOP["height"] for box in boxes) >= 8
    parts = [
        page.locator(css).bounding_box() for css in (".view-tabs", ".list-head", ".renewals-total", ".table-region")
    ]
    for above, below in itertools.pairwise(parts):
        assert not overlap(above, below)


def test_the_active_tab_of_renewals_is_in_sight_on_a_phone(visitor, renewing):
    partner, _customer = renewing
    page = visitor(viewport=PHONE).arrives_as(people.operator(partner)).opens("/renewals/?within=90")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    tab = page.get_by_role("navigation", name="Views").locator('[aria-current="true"], [aria-current="page"]')
    box = tab.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]
    switch = page.get_by_role("link", name="Calendar", exact=True).bounding_box()
    assert not overlap(box, switch)
    assert switch["x"] + switch["width"] <= PHONE["width"]
