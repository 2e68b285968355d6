"""Every page: accessible by axe, no fault in the console, one heading, a title of its own, nothing too wide."""

import pytest
from playwright.sync_api import expect

from tests.house.machine import every_pattern
from tests.journeys import inspection, pages, people
from tests.journeys.visitor import E_MAIL
from tests.world import World


@pytest.fixture
def values(stack):
    return stack.cast


def inspected(browser, shown, values):
    """Faults of these pages, and their titles by pattern."""
    found, titles = [], {}
    for one in shown:
        page = browser.opens(one.address.format(**values), status=one.status)
        assert one.status != 200 or page.url.partition("?")[0].endswith(one.address.format(**values).partition("?")[0])
        found += [f"{one.address} {fault}" for fault in inspection.faults(browser)]
        titles.setdefault(page.title(), set()).add((one.pattern, one.status))
    found += [f"“{title}” is the title of {which}" for title, which in titles.items() if len(which) > 1]
    return found


def test_every_address_is_listed():
    listed = {shown.pattern for each in (*pages.PAGES.values(), pages.SIGNED_IN) for shown in each}
    ours = {pattern for pattern in every_pattern() if not pattern.startswith("api/")} | {"api/docs/"}
    assert listed | set(pages.NOT_PAGES) == ours
    assert not listed & set(pages.NOT_PAGES)


@pytest.mark.parametrize("who", pages.PAGES)
def test_pages(who, visitor, values):
    found = inspected(visitor().arrives_as(who), pages.PAGES[who], values)
    assert not found, "\n".join(found)


def test_a_partner_without_customers(visitor, values):
    browser = visitor().arrives_as(people.operator(people.partner()))
    found = inspected(browser, [pages.Shown("", "/"), pages.Shown("customers/"), pages.Shown("inbox/")], values)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("who", sorted({who for who, *_ in pages.OPENINGS}))
def test_dialogs_and_menus(who, visitor, values):
    browser, found = visitor().arrives_as(who), []
    for path, names in [(path, names) for one, path, names in pages.OPENINGS if one == who]:
        page = browser.opens(path.format(**values))
        for name in names:
            pressable = page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name))
            pressable.locator("visible=true").first.click()
        expect(page.locator("dialog[open], [popover]:popover-open").first).to_be_visible()
        found += [f"{path} {names} {fault}" for fault in inspection.faults(browser)]
    assert not found, "\n".join(found)


def test_the_drawer_of_a_phone(visitor):
    browser = visitor(viewport={"width": 390, "height": 800}).arrives_as("partner.admin")
    page = browser.opens("/customers/")
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    browser.press("Menu")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    assert list(inspection.violations(browser)) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Menu")).to_be_focused()


def test_an_error_shown_on_a_form(visitor):
    browser = visitor().arrives_as("nobody")
    page = browser.opens("/organizations/new/")
    page.get_by_label("Contact email").fill("nobody")
    browser.press("Create organisation")
    expect(page.locator(".error-summary")).to_be_focused()
    found = list(inspection.faults(browser))
    assert not found, "\n".join(found)


def test_a_form_that_has_expired(visitor):
    browser = visitor()
    page = browser.opens("/sign-in/login/")
    page.evaluate("document.querySelectorAll('[name=csrfmiddlewaretoken]').forEach((field) => (field.value = 'old'))")
    page.get_by_role("textbox", name=E_MAIL).fill("ada@example.com")
    page.get_by_role("textbox", name="Password").fill("wrong")
    browser.press("Sign in")
    expect(browser.heading).to_have_text("The form has expired")
    found = list(inspection.faults(browser))
    assert not found, "\n".join(found)


IN_OTHER_LANGUAGES = {
    "partner": (
        "/",
        "/customers/",
        "/customers/{customer}/",
        "/customers/{customer}/usage/",
        "/usage/customers/",
        "/renewals/",
        "/renewals/?show=calendar",
        "/exports/",
        "/me/notices/",
        "/help/roles/",
        "/account/",
        "/invite/",
        "/inbox/",
        "/me/",
        "/operators/",
        "/marketplace/offers/",
        "/marketplace/offers/{offer}/",
        "/marketplace/simulator/?plan={plan}&customer={customer}",
        "/requests/",
    ),
    "publisher": (
        "/",
        "/offers/",
        "/offers/new/",
        *(f"/offers/{{offer}}/{tab}" for tab in ("", *pages.OFFER_TABS)),
        "/offers/{offer}/prices/",
        "/offers/{offer}/prices/basic/change/",
        "/offers/{offer_specific}/audience/",
        "/offers/{offer_specific}/audience/select/",
        "/offers/{offer_specific}/audience/sync/",
        "/offers/{offer_specific}/health/",
        "/imports/new/audience/?target={offer}",
        "/requests/{request_publisher}/",
    ),
    "vendor": (
        "/marketplace/all/",
        "/marketplace/all/{offer}/",
        "/marketplace/settings/",
        "/marketplace/settings/categories/",
        "/requests/queue/",
        "/requests/{request_partner}/",
        "/requests/{request_partner}/decline/",
    ),
}


@pytest.mark.promise("G-18")
@pytest.mark.parametrize("who", IN_OTHER_LANGUAGES)
@pytest.mark.parametrize("language", ["fr", "ja"])
def test_other_languages_fit(language, who, visitor, values):
    """Titles and headings in longer and in wider words."""
    reader = people.operator(World()[who], language=language)
    assert_they_fit(visitor().arrives_as(reader), IN_OTHER_LANGUAGES[who], language, values)


@pytest.mark.promise("G-18")
@pytest.mark.parametrize("language", ["fr", "ja"])
def test_other_languages_fit_for_guests(language, visitor, values):
    assert_they_fit(visitor(locale=language), ("/sign-in/login/", "/i/{token_partner}/"), language, values)


def assert_they_fit(browser, paths, language, values):
    found = []
    for path in paths:
        page = browser.opens(path.format(**values))
        expect(page.locator("html")).to_have_attribute("lang", language)
        found += [f"{path} {fault}" for fault in inspection.narrow(page)]
    assert not found, "\n".join(found)


CUT_OFF = """[...document.querySelectorAll("main .table-region")]
    .filter((region) => region.scrollWidth > region.clientWidth + 1 && getComputedStyle(region).overflowX === "visible")
    .map((region) => region.getAttribute("aria-label"))"""


WIDEST_DAYS = """document.querySelectorAll("main .table-region :is(td, small, time)").forEach((cell) => {
    const day = cell.firstChild;
    if (day?.nodeType === Node.TEXT_NODE) {
        day.textContent = day.textContent.replace(/\\d+\\s[a-zéû]+\\.?\\s\\d{4}/, "28 sept. 2026");
    }
})"""


WIDEST_OFFERS = """() => {
    const write = (cells, text) =>
        document.querySelectorAll(`main td${cells}`).forEach((cell) => (cell.textContent = text));
    write(":is(.cell-a:not(.num), .cell-b)", "Dynamics 365 Business Central");
    write(".cell-c > .status", "En ligne, modifications à publier");
    write(":last-child:not([class])", "il y a 32 minutes");
}"""


def test_no_list_is_cut_off_on_a_laptop(visitor):
    """Its last column holds the actions. French heads are the longest, and so are September's days. Browsers round a
    part of a pixel up."""
    reader = people.operator(World().partner, language="fr")
    browser = visitor().arrives_as(reader)
    for path in ("/customers/", "/renewals/?within=90"):
        page = browser.opens(path)
        page.evaluate(WIDEST_DAYS)
        assert "28 sept. 2026" in page.locator("main .table-region").first.inner_text()
        assert_nothing_is_cut_off(page)


WIDEST_CHANNEL = """() => {
    const write = (cells, markup) =>
        document.querySelectorAll(`main tbody ${cells}`).forEach((cell) => (cell.innerHTML = markup));
    write(".cell-status:has(> .status)", "<span class='status info'>Non confirmé</span>");
    write("td.num:not(.cell-a)", "<a href='/'>1 234</a><small> 1 234 partagent</small>");
    write(".cell-a.num", "<span class='usage'><span><b>10 611</b> / 13 885</span><small>+90</small></span>");
    write(".cell-c", "<time>dans 24 jours</time><small> 28 sept. 2026</small>");
    write(".cell-status:not(:has(> .status))", "Royaume-Uni");
    write(".name > a", "Nordostniedersächsische Softwarevertriebsgesellschaft mbH");
}"""


@pytest.mark.parametrize(
    "who, path", [("vendor", "/partners/"), ("vendor", "/customers/"), ("distributor", "/customers/")]
)
def test_no_list_of_the_channel_is_cut_off_on_a_laptop(visitor, who, path):
    """Names, sums and states are the longest there are, and a name keeps room for twenty letters."""
    page = visitor().arrives_as(people.operator(World()[who], language="fr")).opens(path)
    page.evaluate(WIDEST_CHANNEL)
    assert "Nordostniedersächsische" in page.locator("main .table-region").inner_text()
    assert_nothing_is_cut_off(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    assert page.locator("main tbody .cell-name").first.bounding_box()["width"] >= 176


@pytest.mark.parametrize("who, path", [("publisher", "/offers/"), ("partner", "/marketplace/offers/")])
def test_no_list_of_offers_is_cut_off_on_a_laptop(visitor, who, path):
    """Types and states have their longest names."""
    page = visitor().arrives_as(people.operator(World()[who], language="fr")).opens(path)
    page.evaluate(WIDEST_OFFERS)
    assert_nothing_is_cut_off(page)


def assert_nothing_is_cut_off(page):
    for width in (1200, 1280, 1366, 1401, 1440, 1501):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(CUT_OFF) == [], (page.url, width)


def test_the_api_reference_runs(visitor):
    page = visitor().arrives_as("partner.admin").opens("/api/docs/")
    expect(page.get_by_role("heading", name="partnerportal API")).to_be_visible()
    page.get_by_role("link", name="Back to the portal").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
