"""An upgrade under traffic: a migration, then one web after the other, and no request lost or slow."""

import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from tests.conftest import PageClient, sign_in
from tests.operations.conftest import Site

SECONDS, RATE = 60, 5
PAGES = ("/", "/customers/", "/inbox/", "/sign-in/login/", "/api/v1/customers/")


class Traffic(threading.Thread):
    """Five requests a second, whether those before have been answered or not; the fifth saves a form."""

    def __init__(self, site: Site, cookies: dict[str, str]) -> None:
        super().__init__()
        self.site, self.cookies = site, cookies
        self.answers: list[tuple[float, str, int | str, float]] = []
        self.over = threading.Event()

    def run(self) -> None:
        with ThreadPoolExecutor(32) as pool:
            started = time.monotonic()
            for number in range(SECONDS * RATE):
                time.sleep(max(0, started + number / RATE - time.monotonic()))
                pool.submit(self.ask, number, time.monotonic() - started)
        self.over.set()

    def ask(self, number: int, at: float) -> None:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        path, method, body = PAGES[number % len(PAGES)], "GET", None
        if number % RATE == RATE - 1:
            path, method = "/account/edit/", "POST"
            token = self.cookies["__Host-csrf"]
            body = urlencode({"name": f"Saved {number}", "country": "DE", "csrfmiddlewaretoken": token})
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Referer": self.site.origin}
        started = time.monotonic()
        try:
            status: int | str = self.site.ask(method, path, body, **headers)[0]
        except Exception as error:
            status = repr(error)
        self.answers.append((at, f"{method} {path}", status, time.monotonic() - started))


@pytest.mark.promise("O-2")
def test_an_upgrade_loses_no_request(site: Site) -> None:
    client = PageClient()
    sign_in(client, "partner.admin")
    key = client.cookies["portal-sid"].value
    traffic = Traffic(site, {"__Host-sid": key, "__Host-csrf": "x" * 32})
    traffic.start()
    time.sleep(5)
    migrate(site)
    for number in (0, 1):
        site.stop_web(number)
        site.start_web(number)
    done = not traffic.over.is_set()
    traffic.join()
    answers = traffic.answers
    failed = [answer for answer in answers if answer[2] not in (200, 302)]
    slow = [answer for answer in answers if answer[3] > 2]
    times = sorted(answer[3] for answer in answers)
    figures = f"median {statistics.median(times):.3f} s, longest {times[-1]:.2f} s"
    sys.stdout.write(f"{len(answers)} requests, {len(failed)} failed, {len(slow)} over 2 s, {figures}\n")
    sys.stdout.writelines(f"{answer}\n" for answer in failed + slow)
    assert done, "the restarts took longer than the traffic"
    assert (len(answers), failed, slow) == (SECONDS * RATE, [], [])


def migrate(site: Site) -> None:
    environment = site.plant.environment | {"PORTAL_PROCESS": "owner"}
    command = [sys.executable, "manage.py", "migrate", "upgrade", "--verbosity", "0"]
    subprocess.run(command, check=True, env=environment)
