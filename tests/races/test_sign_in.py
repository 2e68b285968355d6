"""One proof lets in once: codes, links and passkeys that are posted many times at the same moment, each time the best
that a thief could do with it."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn.internal.auth import WebAuthn
from allauth.usersessions.models import UserSession
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from accounts.actions.attempts import Attempt, record_failed_sign_in
from accounts.models import Person
from accounts.policies import ATTEMPTS_A_DAY
from partnerportal.celery import app as celery_app
from tests.accounts.passkey import Passkey
from tests.accounts.test_sign_in import NEW, PASSWORD, code_in, is_signed_in, sign_in, totp
from tests.conftest import PageClient
from tests.counts import count
from tests.mails import sent
from tests.threads import PATIENCE
from tests.world import World, address

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]
AT_ONCE = 16
ROUNDS = count(5, at_least=2)
TRIES = 3  # of one mailed code
SECRET = "A" * 32
SECOND_STEP = "/sign-in/two-factor/authenticate/"
CODE_OF_AN_ADDRESS, CODE_OF_A_SIGN_IN = "/sign-in/confirm-email/", "/sign-in/login/code/confirm/"

Send = Callable[[Client], HttpResponse]


@pytest.fixture
def person(own_database: dict[str, str]) -> Person:
    return World().person("customer.admin")


@pytest.fixture
def at_once(own_database: dict[str, str]) -> Iterator[Callable[[list[Client], Send], list[HttpResponse]]]:
    """Send the same from each of these browsers, all at the same moment."""
    pool = ThreadPoolExecutor(AT_ONCE)

    def run(browsers: list[Client], send: Send) -> list[HttpResponse]:
        barrier = threading.Barrier(len(browsers))

        def one(browser: Client) -> HttpResponse:
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SET lock_timeout = '60s'")  # sixteen wait for one another, also on a busy machine
                barrier.wait(timeout=60)
                return send(browser)
            finally:
                connection.close()

        return list(pool.map(one, browsers, timeout=PATIENCE))

    yield run
    pool.shutdown()
    celery_app.control.purge()  # the wake-ups: nobody works them off here


@pytest.fixture
def half_a_minute(time_machine: Any) -> None:
    """A code of an app has just begun to hold."""
    time_machine.move_to(time.time() // 30 * 30 + 1)


def tabs(browser: Client) -> list[Client]:
    """So many tabs of one browser: they share its session."""
    copies = [PageClient(raise_request_exception=False) for _ in range(AT_ONCE)]
    for copy in copies:
        copy.cookies.load({name: morsel.value for name, morsel in browser.cookies.items()})
    return copies


def browsers(prepare: Send, number: int = AT_ONCE) -> list[Client]:
    """So many browsers, each in a network of its own, each of which has sent that."""
    made = [PageClient(raise_request_exception=False, REMOTE_ADDR=f"198.51.{n}.7") for n in range(number)]
    for browser in made:
        prepare(browser)
    return made


def posts(path: str, **form: str) -> Send:
    return lambda browser: browser.post(path, form)


def signed_up() -> tuple[Client, str, str]:
    """A browser that has signed up, where it types the code, and the code."""
    browser = PageClient()
    browser.post("/sign-in/signup/", {**NEW, "email": f"maya{time.time_ns()}@fresh.example"})
    return browser, CODE_OF_AN_ADDRESS, code_in(sent()[-1])


def guessed() -> tuple[Client, str, str]:
    """The same for one that owes a mailed code, because the password is being guessed."""
    person = Person.objects.get(email=address("customer.admin"))
    for _attempt in range(ATTEMPTS_A_DAY):
        record_failed_sign_in(person.pk, Attempt.PASSWORD)
    sent().clear()
    browser = PageClient()
    sign_in(browser)
    return browser, CODE_OF_A_SIGN_IN, code_in(sent()[-1])


@pytest.mark.parametrize("owe_a_code", [signed_up, guessed])
def test_a_mailed_code_opens_one_session(person: Person, at_once: Any, owe_a_code: Any) -> None:
    for _round in range(ROUNDS if owe_a_code is signed_up else 1):
        browser, path, code = owe_a_code()
        before = UserSession.objects.count()
        of_all = tabs(browser)
        answers = at_once(of_all, posts(path, code=code))
        assert {answer.status_code for answer in answers} <= {200, 302}
        assert [is_signed_in(tab) for tab in of_all].count(True) == 1
        assert UserSession.objects.count() == before + 1


@pytest.mark.parametrize("owe_a_code", [signed_up, guessed])
def test_a_mailed_code_is_tried_three_times(person: Person, at_once: Any, owe_a_code: Any) -> None:
    """After a try that is not the last the form is shown again; after the last, or without a code, it is not."""
    for _round in range(ROUNDS if owe_a_code is signed_up else 1):
        browser, path, code = owe_a_code()
        answers = at_once(tabs(browser), posts(path, code="AAA-AAA"))
        assert [answer.status_code for answer in answers].count(200) == TRIES - 1
        assert {answer.status_code for answer in answers} == {200, 302}
        browser.post(path, {"code": code})
        assert not is_signed_in(browser)


def test_tries_are_not_lost_to_a_tab_that_writes_something_else(person: Person, at_once: Any) -> None:
    """A page that was read before a try and saved after it does not bring the count back."""
    browser, path, code = signed_up()
    stale = browser.session
    stale["seen"] = True
    for _try in range(TRIES):
        browser.post(path, {"code": "AAA-AAA"})
    stale.save()
    browser.post(path, {"code": code})
    assert not is_signed_in(browser)
    assert browser.session["seen"] is True


@pytest.mark.parametrize("proof", ["app", "recovery code"])
@pytest.mark.parametrize("share", ["a session", "nothing"])
def test_a_second_factor_opens_one_session(
    person: Person, at_once: Any, proof: str, share: str, half_a_minute: None
) -> None:
    TOTP.activate(person, SECRET)
    codes = RecoveryCodes.activate(person).generate_codes()
    if share == "nothing":
        of_all = browsers(sign_in)
    else:
        browser = PageClient()
        sign_in(browser)
        of_all = tabs(browser)
    code = totp(SECRET) if proof == "app" else codes[0]
    answers = at_once(of_all, posts(SECOND_STEP, code=code))
    assert {answer.status_code for answer in answers} <= {200, 302}
    assert [is_signed_in(each) for each in of_all].count(True) == 1
    assert UserSession.objects.filter(user=person).count() == 1


def test_wrong_codes_of_a_second_factor_are_all_counted(person: Person, at_once: Any) -> None:
    """Five of one network, however many come at once."""
    TOTP.activate(person, SECRET)
    of_all = [PageClient(raise_request_exception=False) for _ in range(AT_ONCE)]
    for browser in of_all:
        sign_in(browser)
    answers = at_once(of_all, posts(SECOND_STEP, code="000000"))
    texts = [answer.content.decode() for answer in answers]
    assert sum("Incorrect code." in text for text in texts) == 5


@pytest.mark.parametrize("path", ["/sign-in/two-factor/webauthn/login/", SECOND_STEP])
def test_what_a_passkey_has_signed_opens_one_session(person: Person, at_once: Any, path: str) -> None:
    passkey = Passkey(person)
    WebAuthn.add(person, "Key", passkey.registration)
    browser = PageClient()
    if path == SECOND_STEP:
        sign_in(browser)
        challenge = browser.get(path).context["js_data"]["request_options"]
    else:
        challenge = browser.get(path, headers={"X-Requested-With": "XMLHttpRequest"}).json()["request_options"]
    of_all = tabs(browser)
    answers = at_once(of_all, posts(path, credential=passkey.sign(challenge)))
    assert {answer.status_code for answer in answers} <= {200, 302, 429}
    assert [is_signed_in(each) for each in of_all].count(True) == 1
    assert UserSession.objects.filter(user=person).count() == 1


def test_a_link_sets_one_password(person: Person, at_once: Any) -> None:
    browser = PageClient()
    browser.post("/sign-in/password/reset/", {"email": person.email})
    link = re.search(r"https?://[^/]+(/sign-in/password/reset/key/\S+)", sent()[-1].body).group(1)  # type: ignore[union-attr]
    opened: dict[Client, str] = {}
    of_all = browsers(lambda each: opened.update({each: each.get(link)["Location"]}))  # type: ignore[arg-type,return-value]
    passwords = {each: f"seven violet otters {number}" for number, each in enumerate(of_all)}
    at_once(of_all, lambda each: each.post(opened[each], dict.fromkeys(("password1", "password2"), passwords[each])))
    done = [message for message in sent() if "password" in message.subject.lower()]
    assert len(done) == 2, "the link, and that the password was changed, once"


@pytest.mark.parametrize("share", ["a session", "nothing"])
def test_an_app_is_added_once(person: Person, at_once: Any, share: str, half_a_minute: None) -> None:
    path = "/sign-in/two-factor/totp/activate/"
    codes: dict[Client, str] = {}

    def ask(browser: Client) -> HttpResponse:
        sign_in(browser)
        browser.post("/sign-in/reauthenticate/", {"password": PASSWORD})
        page = browser.get(path)
        codes[browser] = totp(page.context["form"].secret)
        return page

    if share == "nothing":
        of_all = browsers(ask, 5)  # a password is confirmed so often
    else:
        ask(browser := PageClient())
        of_all = tabs(browser)
        codes = dict.fromkeys(of_all, codes[browser])
    answers = at_once(of_all, lambda each: each.post(path, {"code": codes[each]}))
    assert {answer.status_code for answer in answers} <= {200, 302, 429}
    assert Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).count() == 1
