"""A browser with one person in front of it, which writes down everything the browser complains about."""

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from playwright.sync_api import Browser, ConsoleMessage, Frame, Locator, Page, Request, Response, expect

from accounts.models import Organization, Person
from tests.conftest import PageClient, sign_in
from tests.journeys.people import PASSWORD
from tests.journeys.stack import PATIENCE, Stack, eventually

E_MAIL = re.compile("^E-?mail", re.IGNORECASE)
REPORT_CSP = """addEventListener("securitypolicyviolation", (event) =>
    console.error(`CSP ${event.violatedDirective}: ${event.blockedURI} ${event.sample}`))"""


class Visitor:
    def __init__(self, browser: Browser, stack: Stack, **options: Any) -> None:
        self.stack = stack
        self.complaints: list[str] = []
        self.is_deaf = False  # until another page is there
        self.context = browser.new_context(
            base_url=stack.origin, **{"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"} | options
        )
        self.context.set_default_timeout(PATIENCE * 1000 / 2)
        self.context.add_init_script(REPORT_CSP)
        self.context.on("console", self._console)
        self.context.on("weberror", lambda error: self._complain(f"script: {error.error}"))
        self.context.on("requestfailed", self._request_failed)
        self.context.on("response", self._response)
        self.page: Page = self.context.new_page()
        self.page.on("framenavigated", self._arrived)

    def _arrived(self, frame: Frame) -> None:
        """What the page before said about its inspection was said before this."""
        if frame == self.page.main_frame:
            self.is_deaf = False

    def _complain(self, text: str) -> None:
        if not self.is_deaf:
            self.complaints.append(text)

    def _console(self, message: ConsoleMessage) -> None:
        """What could not be loaded is judged by its response."""
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self._complain(f"console: {message.text} ({message.page.url if message.page else ''})")

    def _request_failed(self, request: Request) -> None:
        """A page that is left aborts what it was still loading."""
        if request.failure != "net::ERR_ABORTED":
            self._complain(f"failed: {request.url} {request.failure}")

    def _response(self, response: Response) -> None:
        is_page = response.request.is_navigation_request()
        if response.status >= (500 if is_page else 400):
            self._complain(f"status {response.status}: {response.url}")

    def arrives_as(self, who: str | Person, organization: Organization | None = None) -> "Visitor":
        """Signed in already: one of the world's cast by name, or a person acting for an organisation."""
        client = PageClient()
        if isinstance(who, str):
            sign_in(client, who)
        else:
            client.begin_session(who, **({"organization": organization.pk} if organization else {}))
        name = settings.SESSION_COOKIE_NAME
        if name in client.cookies:
            self.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": self.stack.origin}])
        return self

    def signs_in(self, person: Person) -> None:
        """By the form that is open."""
        self.page.get_by_role("textbox", name=E_MAIL).fill(person.email)
        self.page.get_by_role("textbox", name="Password").fill(PASSWORD)
        self.press("Sign in")

    def signs_up(self, email: str, name: str) -> None:
        """By the page that is open, which offers it: a new account, whose address the mailed code proves."""
        self.follow("Create an account")
        self.page.get_by_label("Your name").fill(name)
        self.page.get_by_role("textbox", name=E_MAIL).fill(email)
        self.page.get_by_role("textbox", name="Password").fill(PASSWORD)
        self.press("Create account")
        expect(self.heading).to_have_text("Enter the code")
        self.page.get_by_label("Code").fill(self.stack.code(email))
        self.press("Confirm")

    def opens(self, path: str, *, status: int = 200) -> Page:
        response = self.page.goto(path)
        assert response and response.status == status, f"{path}: {response and response.status}"
        return self.page

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).click()

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(text).locator("visible=true").first).to_be_visible()

    def sees_no(self, text: str) -> None:
        expect(self.page.get_by_text(text).locator("visible=true")).to_have_count(0)

    def reloads_until(self, locator: Locator) -> None:
        """For what the worker brings."""

        def is_there() -> bool:
            self.page.reload()
            return locator.count() > 0

        eventually(is_there, f"{locator} on {self.page.url}")

    def is_remembered_in(self, folder: Path, name: str) -> None:
        """What was on the screen when a test failed."""
        picture = folder / f"{name}-{len(list(folder.glob('*.png')))}.png"
        self.page.screenshot(path=picture)
        text = self.page.locator("body").inner_text()
        print(f"\n{self.page.url} · {self.page.title()} · {picture}\n{text[:1500]}")  # noqa: T201

    @property
    def heading(self) -> Locator:
        return self.page.get_by_role("heading", level=1)
