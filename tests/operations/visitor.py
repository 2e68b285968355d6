"""A person with a browser, as far as the tests of the page need one: cookies, forms, files, and a count of failures."""

import re
import ssl
import time
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from threading import Event, Thread
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, HTTPSHandler, Request, build_opener


class Visitor:
    """Visits the portal at an origin, whose certificate `authority` vouches for."""

    def __init__(self, origin: str, authority: Path | None = None) -> None:
        self.origin = origin
        context = ssl.create_default_context(cafile=str(authority) if authority else None)
        self._open = build_opener(HTTPCookieProcessor(CookieJar()), HTTPSHandler(context=context)).open
        self.address = origin  # of the page that is shown

    def get(self, path: str) -> str:
        """Return the page. Raises HTTPError unless it is one."""
        return self._answer(Request(urljoin(self.origin, path)))

    def submit(self, page: str, path: str, **fields: str) -> str:
        """Send a form of the page and return the page that follows."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token, f"no form on the page:\n{page[:2000]}"
        body = urlencode({"csrfmiddlewaretoken": token[1], **fields}).encode()
        return self._answer(Request(urljoin(self.address, path), body, {"Referer": self.address}))

    def sign_in(self, email: str, password: str) -> str:
        page = self.submit(self.get("/sign-in/"), "", login=email, password=password)
        assert "/sign-in" not in self.address, f"{email} is not signed in: {self.address}\n{page}"
        return page

    def _answer(self, request: Request) -> str:
        with self._open(request, timeout=30) as answer:
            self.address = answer.url
            return str(answer.read().decode())


@dataclass
class Traffic:
    """Asks for one thing after another, five times a second, on connections of its own, until it is stopped."""

    origin: str
    authority: Path
    paths: list[str]
    taken: list[float] = field(default_factory=list)  # seconds, of each answer
    failures: list[str] = field(default_factory=list)
    forms: int = 0

    def __enter__(self) -> "Traffic":
        self._stop = Event()
        self._threads = [Thread(target=self._ask, args=(number,)) for number in range(5)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        """One request a second, and the style sheet of each page: that of the release which drew the page.

        Where there is a form, one is sent too: a proxy may ask for a page again, and must not send a form again.
        """
        visitor = Visitor(self.origin, self.authority)
        self._stop.wait(number / 5)
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                page = visitor.get(self.paths[len(self.taken) % len(self.paths)])
                self.taken.append(time.monotonic() - began)
                for sheet in re.findall(r'href="(/static/[^"]+\.css)"', page)[:1]:
                    visitor.get(sheet)
                if "csrfmiddlewaretoken" in page:
                    visitor.submit(page, "/language/", language="en", next="/healthz")
                    self.forms += 1
            except (HTTPError, URLError, OSError) as error:
                self.failures.append(f"{time.strftime('%X')} {error!r} {getattr(error, 'url', '')}")
            self._stop.wait(max(0.0, 1 - (time.monotonic() - began)))
