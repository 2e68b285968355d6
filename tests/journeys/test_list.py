"""The customer list as somebody's tool: views saved and shared, columns kept, rows ticked; a large export with its
progress."""

import csv
import io
import re

import pytest
from django.db import connection, transaction
from playwright.sync_api import expect

from accounts.models import Role
from tests.journeys import people
from tests.world import free_org_ids
from tools.bench.data import followed_at_once

ROWS = 20_000


@pytest.fixture
def partner():
    partner = people.partner("Lists")
    for number in range(3):
        people.connect(partner, people.customer(f"Client {number}"))
    return partner


@pytest.mark.promise("G-14")
def test_a_view_is_shared_with_a_colleague_and_nobody_else(visitor, partner):
    ada, colleague = people.operator(partner), people.operator(partner, role=Role.READER, name="Rita")
    elsewhere = people.partner("Elsewhere")
    people.connect(elsewhere, people.customer("Theirs"))
    one = visitor().arrives_as(ada)
    page = one.opens("/customers/?country=DE&sort=-name")
    page.get_by_role("button", name="Views", exact=True).click()
    page.get_by_role("link", name="Save as view…").click()
    dialog = page.get_by_role("dialog", name="Save the view")
    dialog.get_by_label("Name").fill("Germany, backwards")
    dialog.get_by_label("Share with everyone in the organisation").check()
    dialog.get_by_role("button", name="Save view").click()
    one.sees("View “Germany, backwards” saved.")
    expect(
        page.get_by_role("navigation", name="Views").get_by_role("link", name="Germany, backwards 3")
    ).to_be_visible()
    page.get_by_label("Country").select_option("")
    one.sees("“Germany, backwards” has unsaved changes.")
    page.get_by_role("link", name="Reset").click()
    expect(page.get_by_label("Country")).to_have_value("DE")

    other = visitor().arrives_as(colleague)
    page = other.opens("/customers/")
    page.get_by_role("button", name="Views", exact=True).click()
    page.locator("#view-menu").get_by_role("link", name="Germany, backwards").click()
    expect(page).to_have_url(re.compile("country=DE.*view="))
    address = page.url
    stranger = visitor().arrives_as(people.operator(elsewhere))
    stranger.opens(f"/lists/views/{re.search('view=([0-9a-f-]{36})', address)[1]}/", status=404)
    page = stranger.opens(address)
    stranger.sees_no("Germany, backwards")
    page.get_by_role("button", name="Views", exact=True).click()
    stranger.sees("No saved views yet")


def heads(page):
    return [text.strip() for text in page.locator("thead th").all_inner_texts() if text.strip()]


def test_columns_are_kept_after_signing_in_again(visitor, partner):
    ada = people.operator(partner)
    page = visitor().arrives_as(ada).opens("/customers/")
    page.get_by_role("link", name="Columns").click()
    dialog = page.get_by_role("dialog", name="Columns and density")
    dialog.get_by_role("checkbox", name="ORGID").uncheck()
    dialog.get_by_role("button", name="Move Next expiry up").click()
    expect(dialog.locator('[name="column"]').nth(4)).to_have_value("expires_on")
    expect(dialog.get_by_role("button", name="Move Next expiry up")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.locator('[name="column"]').nth(3)).to_have_value("expires_on")
    expect(dialog.get_by_role("checkbox", name="ORGID")).not_to_be_checked()  # moving forgets nothing
    dialog.get_by_label("Compact").check()
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("table.compact")).to_be_visible()
    wanted = ["Customer", "Country", "Services", "Next expiry", "Licences assigned", "Trend", "Connected", "Actions"]
    assert heads(page) == wanted
    again = visitor()
    again.opens("/customers/")
    again.signs_in(ada)
    expect(again.page.locator("table.compact")).to_be_visible()
    assert heads(again.page) == wanted


@pytest.mark.parametrize("script", [True, False])
def test_ticked_rows_are_exported(script, visitor, partner):
    one = visitor(java_script_enabled=script).arrives_as(people.operator(partner))
    page = one.opens("/customers/")
    boxes = page.get_by_role("checkbox", name=re.compile("^Select Client"))
    if script:
        page.get_by_role("checkbox", name="Select all rows on this page").check()
        expect(page.locator("[data-count]")).to_have_text("3")
        page.get_by_role("button", name="Clear selection").click()
        expect(page.locator("#bulk-bar")).to_be_hidden()
    boxes.nth(0).check()
    boxes.nth(2).check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export selected").click()
    assert len(rows_of(download.value)) == 2


def rows_of(download):
    assert re.fullmatch(r"[a-z-]+-\d{4}-\d\d-\d\d\.csv", download.suggested_filename)
    text = download.path().read_text("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def crowd(partner):
    """So many customers more, by SQL."""
    with followed_at_once(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO accounts_organization
                   (public_id, kind, name, name_folded, org_id, tenant_id, country, street, postal_code, city, phone,
                    contact_email, website, account_manager_name, account_manager_email, account_manager_phone,
                    requires_second_factor, created_at)
               SELECT gen_random_uuid(), 'customer', 'Crowd ' || org_id, 'crowd ' || org_id, org_id,
                   gen_random_uuid(), 'FR', '', '', '', '', '', '', '', '', '', false, now()
               FROM unnest(%s) org_id""",
            [free_org_ids(ROWS - 3)],
        )
        cursor.execute(
            """INSERT INTO connections_connection
                   (public_id, partner_id, customer_id, partner_name, customer_name, state, scopes, connected_at)
               SELECT gen_random_uuid(), %s, id, '', name, 'active', 63, now() FROM accounts_organization
               WHERE name LIKE 'Crowd %%'""",
            [partner.pk],
        )
    return partner


def test_twenty_thousand_rows_with_progress(visitor, crowd):
    one = visitor(accept_downloads=True).arrives_as(people.operator(crowd))
    page = one.opens("/customers/")
    page.get_by_role("button", name="Export", exact=True).click()
    one.sees("Export started.")
    expect(page.get_by_text(re.compile(r"of 20,000 rows|^20,000 rows")).first).to_be_visible()
    one.opens("/inbox/")  # it goes on without the page
    one.sees("Your export is ready on the “Exports” page.")
    page = one.opens("/exports/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    rows = rows_of(download.value)
    assert len(rows) == ROWS and len({row["org_id"] for row in rows}) == ROWS
    assert [row["name"].lower() for row in rows] == sorted(row["name"].lower() for row in rows)


def test_a_row_opens_as_a_whole_and_the_way_back_keeps_the_address(visitor, partner):
    page = visitor().arrives_as(people.operator(partner)).opens("/customers/?country=DE&sort=-name")
    page.locator("tbody tr").nth(1).locator("td").nth(3).click()  # its country: no link, no button
    expect(page.get_by_role("heading", name="Client 1", level=1)).to_be_visible()
    page.get_by_role("navigation", name="Customer").get_by_role("link", name="Usage").click()
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Customers").click()
    expect(page).to_have_url(re.compile(r"/customers/\?country=DE&sort=-name$"))


def test_a_laptop_shows_eight_rows_and_nothing_jumps(visitor, partner):
    for number in range(3, 12):
        people.connect(
            partner, people.customer(f"Client {number} with a name that is as long as names of companies are")
        )
    page = visitor(viewport={"width": 1280, "height": 720}).arrives_as(people.operator(partner)).opens("/customers/")
    first = page.locator("tbody tr").first
    top = first.bounding_box()["y"]
    heights = {row.bounding_box()["height"] for row in page.locator("tbody tr").all()}
    assert heights == {52.0} and top + 8 * 52 <= 720
    page.locator("tbody input[type=checkbox]").first.check()
    assert first.bounding_box()["y"] == top, "a tick moves nothing"
    page.get_by_label("Country").select_option("DE")
    expect(page.locator(".filter-count")).to_be_visible()
    assert first.bounding_box()["y"] == top, "a filter moves nothing"
    page.get_by_role("link", name="Save view").click()
    dialog = page.get_by_role("dialog", name="Save the view")
    dialog.get_by_label("Name").fill("Germany")
    dialog.get_by_role("button", name="Save view").click()
    expect(page.get_by_role("navigation", name="Views").get_by_role("link", name="Germany")).to_be_visible()
    page.get_by_label("Country").select_option("")
    expect(page.get_by_text("“Germany” has unsaved changes.")).to_be_visible()
    assert first.bounding_box()["y"] == top, "a changed view moves nothing"


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("partner.admin", "/customers/"),
        ("partner.admin", "/renewals/?within=90"),
        ("partner.admin", "/inbox/"),
        ("vendor.admin", "/trials/?state=running"),
        ("vendor.admin", "/releases/?state=released"),
    ],
)
def test_each_list_begins_on_the_first_screen(visitor, who, path):
    one = visitor(viewport={"width": 1280, "height": 720}).arrives_as(who)
    page = one.opens(path)
    rows = page.locator("main tbody tr, main .notices li")
    assert {row.bounding_box()["height"] for row in rows.all()} == {52.0}, "one line for each fact"
    assert rows.first.bounding_box()["y"] + 8 * 52 <= 720
    for width in (390, 420):
        page.set_viewport_size({"width": width, "height": 700})
        box = rows.first.bounding_box()
        assert box["y"] <= 300 and box["y"] + box["height"] <= 700, f"{width}: {box}"


def test_filters_stand_behind_a_button_on_a_phone(visitor, partner):
    page = visitor(viewport={"width": 390, "height": 844}).arrives_as(people.operator(partner)).opens("/customers/")
    expect(page.get_by_label("Country")).to_be_hidden()
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Country").select_option("DE")
    expect(page).to_have_url(re.compile("country=DE"))
    expect(page.get_by_role("button", name="Filters 1", expanded=True)).to_be_visible()
    expect(page.get_by_label("Country")).to_be_visible()  # the answer leaves them open
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_label("Country")).to_be_hidden()


def test_a_notice_opens_as_a_whole_and_the_way_back_keeps_the_view(visitor):
    page = visitor().arrives_as("partner.admin").opens("/inbox/")
    page.get_by_label("Type").select_option(label="Customer connected")
    expect(page.get_by_role("link", name="Save view")).to_be_visible()
    page.get_by_role("link", name="Save view").click()
    dialog = page.get_by_role("dialog", name="Save the view")
    dialog.get_by_label("Name").fill("Of one type")
    dialog.get_by_role("button", name="Save view").click()
    views = page.get_by_role("navigation", name="Views")
    expect(views.get_by_role("link", name="Of one type")).to_have_attribute("aria-current", "page")
    address = page.url
    page.locator(".notices li time").first.click()  # no link, no button
    expect(page).not_to_have_url(re.compile("/inbox/"))
    page.go_back()
    expect(page).to_have_url(address)
