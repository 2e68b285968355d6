"""An action of a partner appears in its customer's log: expanded, filtered, opened, exported, and checked."""

import io
import re

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from connections.models import Connection
from notifications.actions.sealing import seal_next_events
from tests.journeys import people


@pytest.fixture
def pair(stack):
    partner, customer = people.partner("Logwind"), people.customer("Logged Foods")
    people.connect(partner, customer)
    return partner, customer


def test_what_a_partner_did_stands_in_the_log_of_its_customer(visitor, pair, tmp_path):
    partner, customer = pair
    pia, cleo = people.operator(partner, name="Pia Partner"), people.operator(customer, name="Cleo Customer")
    acting, reading = visitor().arrives_as(pia), visitor().arrives_as(cleo)
    connected = Connection.objects.get(partner=partner, customer=customer)
    acting.opens(f"/connections/{connected.public_id}/end/")
    acting.press("End connection")
    while seal_next_events():
        pass

    page = reading.opens("/")
    reading.follow("Activity")
    row = page.get_by_role("row").filter(has_text="ended the connection")
    expect(row).to_contain_text(partner.name)
    expect(page.get_by_text("Pia Partner")).to_have_count(0)
    row.locator("summary").click()
    expect(row.get_by_text("Exact time")).to_be_visible()

    page.get_by_label("Topic").select_option(label="Requests")
    expect(page.get_by_text("Nothing matches these filters")).to_be_visible()
    page.get_by_label("Topic").select_option(label="Connections and sharing")
    expect(page.get_by_role("row").filter(has_text="ended the connection")).to_be_visible()
    page.get_by_role("searchbox").fill(partner.name)
    expect(page).to_have_url(re.compile("q="))

    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    file = tmp_path / "log.csv"
    download.value.save_as(file)
    said = io.StringIO()
    call_command("verify_export", str(file), stdout=said)
    assert said.getvalue().startswith("Checked ")
    assert "ended the connection" in file.read_text("utf-8-sig") and "Pia Partner" not in file.read_text("utf-8-sig")

    page.get_by_role("row").filter(has_text="ended the connection").get_by_role("link").first.click()
    expect(page.get_by_role("region", name="Seal", exact=True)).to_contain_text("Digest")
