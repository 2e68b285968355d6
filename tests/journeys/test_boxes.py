"""Measured boxes: rows on a laptop, heads over their columns, what is covered, and what a thumb hits."""

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Person, Program, Role
from entitlements.actions.portfolio_months import count_all_portfolio_months
from entitlements.models import ActivationLink
from tests.journeys import people
from tests.world import World

LAPTOP = {"width": 1280, "height": 720}
PHONE = {"width": 390, "height": 844}
ROW, HEAD = 52, 36
LISTS = {
    "partner": ("/customers/", "/renewals/?within=90", "/usage/customers/", "/operators/", "/marketplace/offers/"),
    "distributor": ("/customers/", "/partners/", "/customers/pending/", "/partners/pending/"),
    "vendor": ("/customers/", "/partners/", "/trials/", "/trials/?state=running", "/publishers/"),
    "publisher": ("/offers/", "/products/"),
}
WITH_TICKS = [
    ("partner", "/customers/"),
    ("partner", "/renewals/?within=90"),
    ("distributor", "/partners/"),
    ("vendor", "/customers/"),
    ("vendor", "/trials/"),
    ("vendor", "/trials/?state=running"),
]
ON_ONE_LINE = [
    ("/customers/", 1024),
    ("/usage/customers/", 1024),
    ("/renewals/?within=90", 1024),
    ("/activity/", 1440),
    ("/activity/", 1700),
]
DECIDED = ("/requests/queue/", "/partners/pending/?state=unconfirmed")  # in their rows
ON_A_PHONE = {
    "partner": (
        *LISTS["partner"],
        "/",
        "/inbox/",
        "/account/",
        "/help/",
        *(f"/customers/{{customer}}/{tab}" for tab in ("", "services/", "usage/", "orders/", "activity/")),
    ),
    "vendor": ("/", *LISTS["vendor"], "/trials/offers/", *DECIDED, "/programmes/"),
    "customer": ("/", "/services/", "/usage/", "/orders/"),
}

# Rows of lists; those of the table beneath a chart, which stands closed, are lower.
HEIGHTS = """() => [...document.querySelectorAll("main :is(thead, tbody) > tr:not(.chart-table *)")]
    .map((row) => row.getBoundingClientRect()).map((box) => [Math.round(box.top * 10) / 10, Math.round(box.height)])"""
# Where the filters begin that are in sight.
TOPS = """(bar) => [...bar.children].map((one) => one.getBoundingClientRect())
    .filter((box) => box.width > 1 && box.height > 1).map((box) => box.top)"""
# Cells that are not over or under one another, by the text of the head: "Owner" over what is the state, say.
OUT_OF_LINE = """() => [...document.querySelectorAll("main .table-region > table")].flatMap((table) => {
    const seen = (cell) => cell.getBoundingClientRect().width > 0;
    const heads = [...table.querySelectorAll("thead th")].filter(seen);
    return [...table.querySelectorAll("tbody tr")].slice(0, 5).flatMap((row) => {
        const cells = [...row.children].filter(seen);
        const rest = heads.slice(heads.length - cells.length); // a head of its rows that stands over several of them
        const edge = (cell) => Math.round(cell.getBoundingClientRect().right);
        return rest.length === cells.length && cells.every((cell, at) => Math.abs(edge(cell) - edge(rest[at])) <= 1)
            ? [] : [rest.map((cell) => cell.innerText), cells.map((cell) => cell.innerText)];
    });
})"""
# What can be pressed and is less than 24 pixels, which text of a sentence may be (WCAG 2.5.8).
SMALL = """() => [...document.querySelectorAll("main :is(a[href], button, input, select, summary)")].filter((one) => {
    const box = one.getBoundingClientRect();
    if (!box.width || one.closest("[popover]:not(:popover-open), .visually-hidden, .filter-submit")) return false;
    const text = (element) => element.innerText.trim();
    const stands = getComputedStyle(one).display === "inline" && text(one.parentElement) !== text(one);
    const room = one.matches("[type=checkbox], [type=radio]") && one.closest("label, .cell-select, .column-list");
    return !stands && !room && (box.width < 23.5 || box.height < 23.5);
}).map((one) => `${one.outerHTML.slice(0, 110)} ${JSON.stringify(one.getBoundingClientRect())}`)"""
# The tab that says where one is, and what stands over it.
HIDDEN_TABS = """() => [...document.querySelectorAll("main .tabs > [aria-current]")].filter((tab) => {
    const box = tab.getBoundingClientRect();
    const points = [box.left + 8, box.right - 8].map((x) => document.elementFromPoint(x, box.top + box.height / 2));
    return box.top < innerHeight && !points.every((at) => at && (tab === at || tab.contains(at)));
}).map((tab) => tab.outerHTML)"""
# Two that can be pressed and lie on one another.
OVERLAPS = """() => {
    const all = [...document.querySelectorAll("main :is(a[href], button, input, select)")].filter((one) => {
        const box = one.getBoundingClientRect();
        return box.width && !one.closest("[popover], .visually-hidden, .filter-submit, .tabs, .cards > thead");
    });
    const lies = (one, other) => {
        const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
        const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        return x > 1 && y > 4 && !one.contains(other) && !other.contains(one);
    };
    return all.flatMap((one, at) => all.slice(at + 1).filter((other) => lies(one, other))
        .map((other) => `${one.outerHTML.slice(0, 110)} lies on ${other.outerHTML.slice(0, 110)}`));
}"""
# What a card holds and its row does not: the panel cuts it off.
CUT_OFF = """() => [...document.querySelectorAll("main .table.cards > tbody > tr > :is(td, th) *")].filter((one) => {
    const edge = one.closest("tr").getBoundingClientRect().right + 1;
    return !one.closest(".visually-hidden, [popover]") && one.getBoundingClientRect().right > edge;
}).map((one) => `${one.outerHTML.slice(0, 110)} is cut off`)"""

# What holds more than it shows and does not scroll: its end is cut off.
CLIPPED = """() => [...document.querySelectorAll("main :is(.panel, .stat, .settings-nav)")]
    .filter((one) => getComputedStyle(one).overflowX !== "auto" && one.scrollWidth > one.clientWidth + 1)
    .map((one) => `${one.outerHTML.slice(0, 110)}: ${one.scrollWidth} pixels in ${one.clientWidth}`)"""
IN_ALL_LANGUAGES = (
    *("/", "/customers/", "/usage/customers/", "/renewals/?within=90", "/account/", "/operators/", "/me/notices/"),
    *("/customers/{customer}/", "/customers/{customer}/usage/", "/help/roles/"),
)
# Texts of two cells of a card that lie on one another.
TEXTS_ON_TEXTS = """() => [...document.querySelectorAll("main .table.cards > tbody > tr")].flatMap((row) => {
    const texts = [...row.children].flatMap((cell) => {
        const found = [], walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const parent = walker.currentNode.parentElement, range = document.createRange();
            if (parent.closest(".visually-hidden, [popover]")) continue;
            range.selectNodeContents(walker.currentNode);
            const whole = getComputedStyle(parent).overflowX !== "hidden";
            const cut = whole ? Infinity : parent.getBoundingClientRect().right;
            for (const {left, right, top, bottom} of range.getClientRects())
                if (right > left) found.push([cell, {left, right: Math.min(right, cut), top, bottom}]);
        }
        const dots = cell.querySelector(".dots");
        return dots ? [...found, [cell, dots.getBoundingClientRect()]] : found;
    });
    const lies = ([one, a], [other, b]) => one !== other
        && Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
    return texts.some((one, at) => texts.slice(at + 1).some((other) => lies(one, other)))
        ? [`texts lie on one another: ${row.innerText.replaceAll("\\n", " | ")}`] : [];
})"""
# What a laptop cuts off of rows that are decided: the end of the table, a number.
CUT_DECISIONS = """() => [...document.querySelectorAll("main .table-region, main .cell-name a[translate=no]")]
    .filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== "visible")
    .map((one) => one.innerText)"""


@pytest.fixture
def reader_of():
    return lambda who: people.operator(World()[who], role=Role.ADMIN)


def test_a_laptop_shows_eight_customers_and_ticking_one_moves_nothing(visitor):
    partner, name = people.partner("Boxes"), "Grünwald & Partner Vermögensverwaltung"
    people.connect(partner, *(people.customer(f"{name} {number}") for number in range(9)))
    page = visitor(viewport=LAPTOP).arrives_as(people.operator(partner)).opens("/customers/")
    before = page.evaluate(HEIGHTS)
    assert [height for _top, height in before] == [HEAD, *[ROW] * 9]
    assert len([top for top, height in before[1:] if top + height <= LAPTOP["height"]]) >= 8
    page.get_by_role("checkbox", name="Select Grünwald").first.check()
    expect(page.locator("#bulk-bar")).to_be_visible()
    assert page.evaluate(HEIGHTS) == before
    page.get_by_label("Country").select_option("DE")
    expect(page.locator(".filter-count").first).to_contain_text("9 customers")
    assert page.evaluate(HEIGHTS) == before


@pytest.mark.parametrize("who", LISTS)
@pytest.mark.parametrize("width", [1024, 1280, 1440, 1920])
def test_rows_of_lists_have_one_height_and_heads_stand_over_their_columns(width, who, visitor, reader_of, stack):
    count_all_portfolio_months()  # a list may stand beneath a chart
    browser = visitor(viewport={"width": width, "height": 800}).arrives_as(reader_of(who))
    for path in LISTS[who]:
        page = browser.opens(path.format(**stack.cast))
        assert page.evaluate(OUT_OF_LINE) == [], path
        heights = [height for _top, height in page.evaluate(HEIGHTS)]
        assert set(heights) <= {HEAD, ROW, ROW + 1}, (path, heights)


@pytest.mark.parametrize(
    "who, path", [("partner", "/customers/"), ("vendor", "/trials/"), ("vendor", "/requests/queue/")]
)
def test_a_row_opens_what_its_name_leads_to(who, path, visitor, reader_of):
    page = visitor(viewport=LAPTOP).arrives_as(reader_of(who)).opens(path)
    row = page.locator("main tbody tr").first
    name = row.locator(".cell-name a").get_attribute("href").split("?")[0]
    row.locator(".cell-a").click(position={"x": 4, "y": 4})
    expect(page).to_have_url(re.compile(re.escape(name.strip("/"))))


@pytest.mark.parametrize("path, width", ON_ONE_LINE)
def test_filters_stand_on_one_line(path, width, visitor):
    person = people.operator(World()["partner"])
    Person.objects.filter(pk=person.pk).update(time_zone="Europe/London")  # beside UTC, a choice of the activity
    page = visitor(viewport={"width": width, "height": 800}).arrives_as(person).opens(path)
    tops = page.locator(".list-head > .filter-bar").evaluate(TOPS)
    assert max(tops) - min(tops) < 16, (path, tops)
    page.set_viewport_size({"width": 900, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 900


@pytest.mark.parametrize("who, path", WITH_TICKS)
def test_ticked_rows_bring_what_can_be_done_with_them(who, path, visitor, reader_of):
    page = visitor().arrives_as(reader_of(who)).opens(path)
    page.locator("main tbody input[name=row]").first.check()
    bar = page.locator("#bulk-bar")
    expect(bar).to_be_in_viewport()
    expect(bar).to_contain_text("Selected 1")
    page.get_by_role("checkbox", name="Select all rows on this page").check()
    expect(bar.locator("[data-count]")).to_have_text(str(page.locator("main tbody input[name=row]").count()))


def test_orgids_of_ticked_customers_are_copied(visitor):
    partner, customers = people.partner("Copying"), [people.customer(f"Copied {number}") for number in range(3)]
    people.connect(partner, *customers)
    browser = visitor(permissions=["clipboard-read", "clipboard-write"]).arrives_as(people.operator(partner))
    page = browser.opens("/customers/")
    for one in (customers[0], customers[2]):
        page.get_by_role("checkbox", name=f"Select {one.name}").check()
    page.get_by_role("button", name="Copy ORGIDs").click()
    expect(page.get_by_role("button", name="Copied", exact=True)).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.split("\n") == [customers[0].org_id, customers[2].org_id]


@pytest.mark.parametrize("who", ON_A_PHONE)
def test_on_a_phone_tabs_are_in_sight_and_targets_large_enough(who, visitor, reader_of, stack):
    browser = visitor(viewport=PHONE, has_touch=True).arrives_as(reader_of(who))
    found = []
    for path in ON_A_PHONE[who]:
        page = browser.opens(path.format(**stack.cast))
        for fault in (SMALL, HIDDEN_TABS, OVERLAPS, CUT_OFF, TEXTS_ON_TEXTS):
            found += [f"{path} {one}" for one in page.evaluate(fault)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("language", ["en", "fr", "ja"])
def test_rows_that_are_decided_are_whole_on_a_laptop_and_on_a_phone(language, visitor):
    activated, long_ago = people.partner("Boxed", badge=False), timezone.now() - dt.timedelta(days=20)
    ActivationLink.objects.create(
        organization=World()["distributor"],
        sender_name="Distributor",
        kind="partner",
        name=activated.name,
        country="FR",
        email="it-department@boxed-partners.example.com",
        program=Program.objects.get(code="solution_advisor"),
        account=activated,
        state="accepted",
        opened_at=long_ago,
        signed_in_at=long_ago,
        closed_at=long_ago,
        expires_at=long_ago,
    )
    staff = people.operator(World()["vendor"], role=Role.ADMIN, language=language)
    browser = visitor(viewport=LAPTOP).arrives_as(staff)
    for path in ("/trials/", *DECIDED):
        page = browser.opens(path)
        expect(page.locator(".decisions").first).to_be_visible()
        assert page.evaluate(CUT_DECISIONS) == [], path
        assert {height for _top, height in page.evaluate(HEIGHTS)} <= {HEAD, ROW, ROW + 1}, path
        page.set_viewport_size(PHONE)
        expect(page.locator(".decisions").first).to_be_visible()
        assert page.evaluate(TEXTS_ON_TEXTS) == [], path
        page.set_viewport_size(LAPTOP)


def test_on_a_phone_the_first_row_of_a_list_is_on_the_first_screen(visitor, reader_of):
    browser = visitor(viewport=PHONE).arrives_as(reader_of("partner"))
    for path in ("/customers/", "/renewals/?within=90"):
        page = browser.opens(path)
        assert page.locator("main tbody tr").first.bounding_box()["y"] < PHONE["height"] / 2, path
        page.get_by_role("button", name="Filters").click()
        assert page.get_by_role("main").get_by_role("searchbox").bounding_box()["width"] > 120, path
        bar, export = page.locator(".filter-bar"), page.locator(".list-actions > :visible").last.bounding_box()
        ends = [one.bounding_box()["x"] + one.bounding_box()["width"] for one in bar.locator("select:visible").all()]
        assert max(ends) >= export["x"] + export["width"] - 2, f"{path}: beside open filters is a gap"
        toggle = bar.locator(".filters-toggle").bounding_box()
        assert toggle["x"] + toggle["width"] <= export["x"] and abs(toggle["y"] - export["y"]) < 2, path


@pytest.mark.parametrize("language", ["en", "fr", "ja"])
@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_nothing_is_cut_off_in_any_language(language, size, visitor, stack):
    person = people.operator(World()["partner"], language=language)
    browser = visitor(viewport=size).arrives_as(person)
    found = []
    for path in IN_ALL_LANGUAGES:
        page = browser.opens(path.format(**stack.cast))
        found += [f"{path} {one}" for one in page.evaluate(CLIPPED)]
    assert not found, "\n".join(found)


def test_rows_are_no_higher_in_japanese(visitor):
    person = people.operator(World()["partner"], language="ja")
    browser = visitor(viewport=LAPTOP).arrives_as(person)
    for path in ("/customers/", "/renewals/?within=90"):
        heights = {height for _top, height in browser.opens(path).evaluate(HEIGHTS)}
        assert heights == {HEAD, ROW}, path
