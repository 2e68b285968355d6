"""Somebody guesses a password or a code: the owner is told and gets in, whoever guesses does not."""

import base64
import datetime as dt
import json
import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import LoginWebAuthnForm
from django.db.models import F
from django.urls import reverse

from accounts.actions.attempts import (
    Attempt,
    delete_old_failed_sign_in_counts,
    record_failed_sign_in,
    send_failed_sign_in_warnings,
)
from accounts.models import FailedAttempts, Person
from accounts.policies import ATTEMPTS_A_DAY
from tests.accounts.test_sign_in import NEW, client, code_in, is_signed_in, sign_in, totp, with_totp
from tests.conftest import PageClient
from tests.mails import sent
from tests.world import World, address

__all__ = ["client", "with_totp"]  # fixtures
pytestmark = [pytest.mark.django_db, pytest.mark.slow]  # one attempt after another

SECOND_STEP = "/sign-in/two-factor/authenticate/"


def network(number: int) -> dict[str, str]:
    return {"REMOTE_ADDR": f"198.51.{number}.7"}


def guess_passwords(times: int, *, after: int = 0) -> None:
    """Five from each network, as many as the brake of one network lets through; `after` so many others. All but the
    last few are counted as the sign-in counts them, without its pages."""
    person = Person.objects.get(email=address("customer.admin"))
    for number in range(after, after + times):
        if number < after + times - 3:
            record_failed_sign_in(person.pk, Attempt.PASSWORD)
        else:
            assert sign_in(PageClient(), password="wrong password 1", **network(number // 5)).status_code == 200


@pytest.mark.promise("S-7")
def test_an_account_guessed_from_many_networks_asks_for_a_mailed_code(world: World) -> None:
    for number in range(ATTEMPTS_A_DAY - 1):
        assert sign_in(PageClient(), password="wrong password 1", **network(number // 5)).status_code == 200
    assert is_signed_in(signed_in_from(90)), "one guess less: nothing is asked"
    guess_passwords(1, after=ATTEMPTS_A_DAY)
    owner = PageClient()
    sent().clear()
    answer = sign_in(owner, **network(91))
    assert answer["Location"] == reverse("account_confirm_login_code")
    assert not is_signed_in(owner)
    page = owner.get(answer["Location"]).content.decode()
    assert "Enter the code" in page and address("customer.admin") in page
    [message] = sent()
    assert message.to == [address("customer.admin")]
    owner.post(answer["Location"], {"code": code_in(message)})
    assert is_signed_in(owner)


def test_a_passkey_is_enough_while_the_password_is_guessed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The device's own answer is the library's business: it is taken for right here."""
    passkey = Authenticator(user=world.person("customer.admin"), type=Authenticator.Type.WEBAUTHN, data={})
    passkey.save()
    monkeypatch.setattr(LoginWebAuthnForm, "clean_credential", lambda self: Authenticator.objects.get(pk=passkey.pk))
    monkeypatch.setattr(Authenticator, "record_usage", lambda self: None)
    guess_passwords(ATTEMPTS_A_DAY)
    owner = PageClient()
    owner.post("/sign-in/two-factor/webauthn/login/", {"credential": '{"id": 1}'}, **network(90))
    assert is_signed_in(owner)


def signed_in_from(number: int) -> PageClient:
    browser = PageClient()
    sign_in(browser, **network(number))
    return browser


def test_the_code_is_not_guessed_either(world: World) -> None:
    guess_passwords(ATTEMPTS_A_DAY)
    thief = signed_in_from(90)
    code = code_in(sent()[-1])
    for _attempt in range(3):
        thief.post(reverse("account_confirm_login_code"), {"code": "AAA-AAA"})
    thief.post(reverse("account_confirm_login_code"), {"code": code})
    assert not is_signed_in(thief)


def a_day_passes() -> None:
    """The day is the database's."""
    FailedAttempts.objects.update(day=F("day") - dt.timedelta(days=1))


def test_nobody_else_is_asked_and_the_day_ends(world: World) -> None:
    guess_passwords(ATTEMPTS_A_DAY)
    assert is_signed_in_as("partner.admin", 90)
    assert not is_signed_in(signed_in_from(91))
    a_day_passes()
    assert is_signed_in(signed_in_from(91))


def is_signed_in_as(who: str, number: int) -> bool:
    browser = PageClient()
    sign_in(browser, who, **network(number))
    return is_signed_in(browser)


@pytest.mark.promise("S-7")
def test_the_owner_is_told_once_a_day_by_the_worker(world: World) -> None:
    owner = world.person("customer.admin")
    Person.objects.filter(pk=owner.pk).update(language="fr")
    guess_passwords(ATTEMPTS_A_DAY - 1)
    assert send_failed_sign_in_warnings() == 0
    guess_passwords(1, after=ATTEMPTS_A_DAY)
    assert sent() == [], "not by the page: its time would tell who has an account"
    assert send_failed_sign_in_warnings() == 1
    guess_passwords(5, after=2 * ATTEMPTS_A_DAY)
    assert send_failed_sign_in_warnings() == 0
    [message] = sent()
    assert message.to == [owner.email] and "/sign-in/password/change/" in message.body and "50" in message.body
    a_day_passes()
    guess_passwords(ATTEMPTS_A_DAY, after=3 * ATTEMPTS_A_DAY)
    assert send_failed_sign_in_warnings() == 1


def test_unknown_addresses_are_counted_nowhere_and_nobody_unproved_is_mailed(world: World) -> None:
    PageClient().post("/sign-in/signup/", NEW)
    sent().clear()
    for number in range(6):
        for email in (NEW["email"], "nobody-at-all@example.com"):
            form = {"login": email, "password": "wrong password 1"}
            PageClient().post("/sign-in/login/", form, **network(number // 3))
    assert FailedAttempts.objects.get().failures == 6
    FailedAttempts.objects.update(failures=ATTEMPTS_A_DAY)
    assert send_failed_sign_in_warnings() == 1 and sent() == []


def test_nobody_who_is_locked_is_mailed(world: World) -> None:
    guess_passwords(ATTEMPTS_A_DAY)
    Person.objects.filter(email=address("customer.admin")).update(is_active=False)
    assert send_failed_sign_in_warnings() == 1 and sent() == []


@pytest.mark.promise("S-12")
def test_wrong_codes_of_one_network_lock_nobody_out_elsewhere(with_totp: Any) -> None:
    """S-12: by somebody who knows the password. The owner is told at the fifth."""
    _client, secret, _codes = with_totp
    thief = PageClient()
    sign_in(thief, **network(1))
    for number in range(7):
        assert send_failed_sign_in_warnings() == (number == 5)
        thief.post(SECOND_STEP, {"code": "000000"}, **network(1))
    thief.post(SECOND_STEP, {"code": totp(secret)}, **network(1))
    assert not is_signed_in(thief), "their network is held"
    owner = PageClient()
    sign_in(owner, **network(2))
    owner.post(SECOND_STEP, {"code": totp(secret)}, **network(2))
    assert is_signed_in(owner)
    [message] = [message for message in sent() if "may know your password" in message.subject]
    assert message.to == [address("customer.admin")] and "/sign-in/password/change/" in message.body


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


FORGED = {  # in the shape of a device's answer
    "id": encoded(b"x"),
    "rawId": encoded(b"x"),
    "type": "public-key",
    "response": {
        "clientDataJSON": encoded(b'{"type": "webauthn.get", "challenge": "eA", "origin": "https://localhost"}'),
        "authenticatorData": encoded(bytes(37)),
        "signature": encoded(b"x"),
    },
}


def test_bad_passkeys_use_up_nothing_of_the_owners(with_totp: Any) -> None:
    _client, secret, _codes = with_totp
    thief, owner = PageClient(), PageClient()
    sign_in(thief, **network(1))
    for _attempt in range(7):
        answer = thief.post(SECOND_STEP, {"credential": json.dumps(FORGED)}, **network(1))
        assert answer.context["webauthn_form"].errors == {"credential": ["Incorrect code."]}
    sign_in(owner, **network(2))
    owner.post(SECOND_STEP, {"code": totp(secret)}, **network(2))
    assert is_signed_in(owner)


def test_codes_guessed_from_many_networks_ask_for_a_mailed_code(with_totp: Any) -> None:
    """A browser that passed the password before is sent back: a right code alone no longer lets it in."""
    signed_in, secret, _codes = with_totp
    early = PageClient()
    sign_in(early, **network(99))
    thief = PageClient()
    sign_in(thief, **network(1))
    for _guess in range(ATTEMPTS_A_DAY - 3):
        record_failed_sign_in(World().person("customer.admin").pk, Attempt.CODE)
    for number in range(3):
        thief.post(SECOND_STEP, {"code": "000000"}, **network(number))
    page = early.post(SECOND_STEP, {"code": totp(secret)}, **network(99)).content.decode()
    assert "Sign in again" in page and not is_signed_in(early)
    again = signed_in.post("/sign-in/two-factor/reauthenticate/", {"code": totp(secret)}, **network(98))
    assert "Use your password" in again.content.decode()
    sent().clear()
    owner = PageClient()
    assert sign_in(owner, **network(97))["Location"] == reverse("account_confirm_login_code")
    answer = owner.post(reverse("account_confirm_login_code"), {"code": code_in(sent()[0])}, **network(97))
    assert answer["Location"] == SECOND_STEP
    owner.post(SECOND_STEP, {"code": totp(secret)}, **network(97))
    assert is_signed_in(owner)


@pytest.mark.promise("S-13")
def test_the_code_that_activated_an_app_is_used(client: PageClient, world: World, time_machine: Any) -> None:
    """S-13: whoever looked over the shoulder has half a minute."""
    time_machine.move_to(time.time(), tick=False)
    sign_in(client)
    client.post("/sign-in/reauthenticate/", {"password": "correct horse battery"})
    page = client.get("/sign-in/two-factor/totp/activate/").content.decode()
    secret = re.search(r'id="totp-secret" value="([A-Z2-7]+)"', page)[1]
    code = totp(secret)
    assert client.post("/sign-in/two-factor/totp/activate/", {"code": code}).status_code == 302
    thief = PageClient()
    sign_in(thief)
    thief.post(SECOND_STEP, {"code": code})
    assert not is_signed_in(thief)


@pytest.mark.promise("S-14")
def test_a_second_code_within_seconds_is_said_to_be_on_its_way(client: PageClient, world: World) -> None:
    """S-14: the password was right, and nothing failed."""
    client.post("/sign-in/signup/", NEW)
    other = PageClient()
    form = {"login": NEW["email"], "password": NEW["password1"]}
    page = other.post("/sign-in/login/", form).content.decode()
    assert "sent you a code by email" in page and "Too many" not in page
    assert len(sent()) == 1
    page = other.post("/sign-in/login/", form | {"password": "wrong password 1"}).content.decode()
    assert "sent you a code by email" not in page, "nobody else learns that there is such an account"


def test_counts_are_forgotten_after_a_month(world: World, time_machine: Any) -> None:
    guess_passwords(1)
    assert delete_old_failed_sign_in_counts() == 0
    time_machine.move_to(time.time() + 31 * 24 * 3600)
    assert (delete_old_failed_sign_in_counts(), FailedAttempts.objects.count()) == (1, 0)
