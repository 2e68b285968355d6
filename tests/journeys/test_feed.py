"""The vendor's feed arrives while a partner looks on: what is there, how it was used, and a day that was wrong."""

import datetime as dt
import gzip
import json
import re
import urllib.request

from playwright.sync_api import expect

from entitlements.models import IngestUpload
from partnerportal.lib import formats
from partnerportal.lib.days import today
from tests.journeys import people
from tests.journeys.stack import eventually

DAYS, SEATS, LEAST = 60, 200, 100  # one seat more is assigned every day
LATE, WRONG = 7, 14  # how long before the latest day: not reported at first, and reported by mistake as
MISTAKE = 15
LATEST = LEAST + DAYS - 1


class System:
    """One of the vendor's, with a token that its staff made."""

    def __init__(self, stack):
        self.origin = stack.origin
        name = people.unique("Licence server")
        self.secret = stack.manage("create_ingest_token", name, "--kinds", "usage", "entitlements").strip()

    def asks(self, path, body=None, **headers):
        headers["Authorization"] = f"Bearer {self.secret}"
        request = urllib.request.Request(f"{self.origin}{path}", body, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)

    def sends(self, kind, *lines):
        """What became of the lines, as soon as the worker has stored them."""
        body = gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode())
        headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
        headers["Idempotency-Key"] = people.unique(kind).replace(" ", "-")
        status, receipt = self.asks(f"/api/v1/ingest/{kind}/", body, **headers)
        assert status == 202

        def finished():
            upload = self.asks(receipt["status_url"])[1]
            return upload if upload["finished_at"] else None

        upload = eventually(finished, f"The upload of {kind} is finished")
        assert (upload["state"], upload["problems"]) == (IngestUpload.State.DONE, [])
        return upload["counts"]


def used(customer, sku, back, assigned=None):
    """The line of the day that is so long ago."""
    if assigned is None:
        assigned = LATEST - back
    return {
        "type": "usage", "customer": customer.org_id, "sku": sku, "day": str(day(back)), "purchased": SEATS,
        "assigned": assigned, "daily_users": 40, "daily_devices": 45, "monthly_users": 90, "monthly_devices": 95,
    }  # fmt: skip


def day(back):
    """Yesterday is the latest: it is over everywhere."""
    return today() - dt.timedelta(days=back + 1)


def test_a_feed_arrives_and_a_late_day_repairs_the_trend(stack, visitor):
    partner, customer = people.partner("Feedwind"), people.customer("Feeding Foods")
    people.connect(partner, customer)
    system, sku = System(stack), people.unique("FEED").replace(" ", "-")
    browser = visitor().arrives_as(people.operator(partner))
    finds_nothing_yet(browser, customer)

    system.sends(
        "entitlements",
        {"type": "sku", "code": sku, "service": "Feeding", "name": f"Feeder {sku}"},
        {
            "type": "entitlement", "external_id": sku, "customer": customer.org_id, "sku": sku, "kind": "production",
            "state": "active", "quantity": SEATS, "assigned": LATEST,
        },
    )  # fmt: skip
    sees_the_seats(browser, customer)

    first = [used(customer, sku, back) for back in range(DAYS) if back not in (LATE, WRONG)]
    assert system.sends("usage", *first, used(customer, sku, WRONG, MISTAKE))["added"] == DAYS - 1
    spark = sees_the_use(browser, customer)
    sees_in_the_trend(browser, customer, {0: LATEST, LATE: None, WRONG: MISTAKE, DAYS - 1: LEAST}, least=MISTAKE)

    counts = system.sends("usage", used(customer, sku, LATE), used(customer, sku, WRONG))
    assert (counts["added"], counts["changed"]) == (1, 1)
    assert sees_the_use(browser, customer) != spark
    right = {back: LATEST - back for back in (0, LATE, WRONG, DAYS - 1)}
    sees_in_the_trend(browser, customer, right, least=LEAST)


def finds_nothing_yet(browser, customer):
    page = browser.opens("/")
    expect(figure(page, "Licences assigned")).to_have_text("0")
    row = browser.opens("/customers/").get_by_role("row", name=customer.name)
    expect(row.locator(".spark, .usage")).to_have_count(0)
    browser.opens(f"/customers/{customer.public_id}/usage/")
    browser.sees("No usage reported yet")


def figure(page, label):
    return page.locator(".stat").filter(has_text=label).locator(".stat-value")


def sees_the_seats(browser, customer):
    page = browser.opens("/")
    expect(figure(page, "Licences assigned")).to_have_text(f"{LATEST} {100 * LATEST / SEATS:.0f}%")
    row = browser.opens("/customers/").get_by_role("row", name=customer.name)
    expect(row).to_contain_text(f"{LATEST} / {SEATS}")
    expect(row.locator(".spark")).to_have_count(0)


def sees_the_use(browser, customer):
    """Among those who rise, and in the row's sixteen weeks, whose drawing is returned."""
    page = browser.opens("/usage/customers/")
    expect(page.locator(".panel").filter(has_text="Biggest changes")).to_contain_text(customer.name)
    expect(page.get_by_role("listitem").filter(has_text=customer.name).first).to_contain_text("+28")
    row = browser.opens("/customers/").get_by_role("row", name=customer.name)
    return row.locator(".spark path").get_attribute("d")


def sees_in_the_trend(browser, customer, numbers, *, least):
    """In the table, in the chart and in its words: `numbers` by how long ago; None is a gap."""
    page = browser.opens(f"/customers/{customer.public_id}/usage/")
    browser.sees(f"{LATEST} of {SEATS} licences assigned")
    browser.sees(f"Usage last reported on {formats.format_date(day(0))}")
    page.locator("summary").first.click()
    table = page.get_by_role("table", name="Licences assigned")
    for back, number in numbers.items():
        row = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name=formats.format_date(day(back))))
        expect(row.get_by_role("cell").first).to_have_text("–" if number is None else f"{number}")
    chart = page.get_by_role("img", name="Licences assigned").locator("visible=true")
    points = chart.get_attribute("data-points").split(";")
    known = [not point.endswith(" -") for point in points[-DAYS:]]
    assert [DAYS - 1 - at for at, is_known in enumerate(known) if not is_known] == [
        back for back, number in numbers.items() if number is None
    ]
    words = re.compile(f"between {least} and {LATEST}, latest {LATEST}, peak {LATEST} \\(")
    expect(chart).to_have_accessible_description(words)
    chart.focus()
    page.keyboard.press("End")
    expect(page.get_by_role("status").filter(has_text=f"Assigned: {LATEST}")).to_be_visible()
