"""What must hold on every page, in both themes, at a desk and on a phone."""

from collections.abc import Iterator
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.journeys.visitor import Visitor

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Without what costs a third of the time and nobody reads: selectors of every node, a search for frames, loaded media.
EVERYTHING = {
    "runOnly": WCAG, "resultTypes": ["violations"], "preload": False, "selectors": False, "iframes": False,
    "rules": {"landmark-unique": {"enabled": True}},  # a region is found by its name
}  # fmt: skip
COLOURS = EVERYTHING | {"runOnly": ["color-contrast", "link-in-text-block"], "rules": {}}
DESK, PHONE, SMALL_PHONE = 1440, 390, 320
STRUCTURE = "[document.querySelectorAll('h1').length, document.documentElement.lang, document.title]"
# Of two values the last counts: a hidden field that is written twice may arrive empty.
TWICE = """[...document.forms].flatMap((form) => {
    const fields = [...form.querySelectorAll("input[type=hidden]")];
    const empty = fields.filter((field) => field.value === "").map((field) => field.name);
    return empty.filter((name) => fields.filter((field) => field.name === name).length > 1);
})"""
TOO_WIDE = """() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > width + 1)
        .slice(-3).map((e) => e.outerHTML.slice(0, 120)).concat("scrolls sideways");
}"""


def faults(browser: Visitor, *, language: str = "en") -> Iterator[str]:
    """The page as it is now, with what is open on it."""
    page = browser.page
    yield from _structure(page, language)
    page.evaluate("new Promise(requestAnimationFrame)")  # what the page itself does wrong is said by now
    for width in (DESK, PHONE):
        page.set_viewport_size({"width": width, "height": 900})
        yield from (f"{width}: {fault}" for fault in page.evaluate(TOO_WIDE))
        for scheme, rules in (("light", EVERYTHING), ("dark", COLOURS)):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            yield from (f"{width} {scheme}: {fault}" for fault in violations(browser, rules))
    yield from narrow(page)
    page.set_viewport_size({"width": DESK, "height": 900})


def violations(browser: Visitor, rules: dict[str, Any] = EVERYTHING) -> Iterator[str]:
    """What axe finds. It measures with inline styles, which the policy reports: nobody listens from here on."""
    browser.is_deaf = True
    if not browser.page.evaluate("'axe' in window"):
        browser.page.evaluate(Axe().axe_script)
    found = browser.page.evaluate("rules => axe.run(document, rules).then((result) => result.violations)", rules)
    return (fault for violation in found for fault in _readable(violation))


def narrow(page: Page) -> Iterator[str]:
    page.set_viewport_size({"width": SMALL_PHONE, "height": 700})
    yield from (f"{SMALL_PHONE}: {fault}" for fault in page.evaluate(TOO_WIDE))


def _structure(page: Page, language: str) -> Iterator[str]:
    headings, spoken, title = page.evaluate(STRUCTURE)
    if headings != 1:
        yield f"{headings} headings of the first level"
    if spoken != language:
        yield f"language {spoken}"
    if not title.partition(" · ")[0].strip():
        yield "no title"
    yield from (f"hidden field {name} twice in a form, and empty" for name in page.evaluate(TWICE))


def _readable(violation: dict[str, Any]) -> Iterator[str]:
    for node in violation["nodes"]:
        yield f"{violation['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
