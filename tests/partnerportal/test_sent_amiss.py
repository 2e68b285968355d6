"""What strangers send amiss is a line in the log, and neither a traceback nor a report to the error tracker."""

import io
import logging
from collections.abc import Callable

import pytest
from django.http import HttpResponse

from tests.conftest import PageClient

pytestmark = pytest.mark.django_db
SIGN_IN = "/sign-in/login/"
FORM, PARTS = "application/x-www-form-urlencoded", "multipart/form-data"
HALF_A_PART = b"--x\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\nA\r\n"
AMISS: dict[str, Callable[[PageClient], HttpResponse]] = {
    "another host": lambda browser: browser.get(SIGN_IN, headers={"Host": "evil.example"}),
    "no host": lambda browser: browser.get(SIGN_IN, headers={"Host": "x" * 300 + ".é"}),
    "another host for the API": lambda browser: browser.get("/api/v1/notices/", headers={"Host": "evil.example"}),
    "many fields": lambda browser: browser.post(SIGN_IN, "a=1&" * 2000, content_type=FORM),
    "many words to look for": lambda browser: browser.get(f"{SIGN_IN}?{'a=1&' * 2000}"),
    "a large body": lambda browser: browser.post(SIGN_IN, "a" * 4_000_000, content_type=FORM),
    "many files": lambda browser: browser.post(SIGN_IN, {f"f{n}": io.BytesIO(b"x") for n in range(200)}),
    "parts without an end": lambda browser: browser.post(SIGN_IN, "x", content_type=PARTS),
    "an end that is no text": lambda browser: browser.post(SIGN_IN, "x", content_type=f"{PARTS}; boundary=é"),
    "half a part": lambda browser: browser.post(SIGN_IN, HALF_A_PART, content_type=f"{PARTS}; boundary=x"),
    "a strange method": lambda browser: browser.generic("BREW", SIGN_IN),
    "an address that is none": lambda browser: browser.get("/nothing/%00/%ff"),
    "a proxy that is none": lambda browser: browser.get(SIGN_IN, headers={"X-Forwarded-For": "x"}),
    "no token": lambda _browser: PageClient(enforce_csrf_checks=True).post(SIGN_IN, {}),
}


@pytest.mark.parametrize("what", AMISS)
def test_what_is_sent_amiss_leaves_no_traceback(what: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    answer = AMISS[what](PageClient(raise_request_exception=False))
    assert answer.status_code < 500
    assert [record.name for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR] == []
    told = [record.name for record in caplog.records if not record.name.startswith("portal.")]
    assert len(told) <= 1, told


def test_an_error_of_ours_leaves_one(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        logging.getLogger("django.request").error("Internal Server Error", exc_info=True, extra={"status_code": 500})
    [record] = caplog.records
    assert record.exc_info and record.levelno == logging.ERROR
