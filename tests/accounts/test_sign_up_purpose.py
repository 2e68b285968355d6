"""What a sign-up is for stands on each of its pages; a new code can be requested after a while."""

import time

import pytest
from django.conf import settings

from accounts.views.sign_in import RESEND_WAIT
from tests.accounts.test_sign_in import NEW, PASSWORD, code_in, neutral, sign_in
from tests.conftest import PageClient
from tests.mails import sent
from tests.world import address

pytestmark = pytest.mark.django_db

CODE_PAGE = "/sign-in/confirm-email/"


@pytest.fixture
def client(db):
    return PageClient()


def page(client, path, **options):
    response = client.get(path, **options)
    assert response.status_code == 200
    return response.content.decode()


def test_each_step_says_what_it_is_for(client, world):
    way, name = f"/i/{world.token('partner')}/", world.partner.name
    first = page(client, f"/sign-in/signup/?next={way}")
    assert f"Step 1 of 3 to connect with {name}" in first and "set up your organisation" not in first
    assert f"Connect with {name}" in page(client, f"/sign-in/login/?next={way}")
    client.post(f"/sign-in/signup/?next={way}", {**NEW, "next": way})
    assert f"Step 2 of 3 to connect with {name}" in page(client, CODE_PAGE)
    client.post(CODE_PAGE, {"code": code_in(sent()[0])})
    form = page(client, f"/organizations/new/?next={way}")
    assert f"Step 3 of 3 to connect with {name}" in form
    assert f'href="{way}"' in form and "Sign out" in form and 'lang="ja"' in form
    assert "to connect" not in page(client, "/organizations/new/").lower()


def test_no_step_without_an_invitation(client, world):
    for way in ("/customers/", "/i/unknown/", "//evil.example/", "/i/" + "x" * 43 + "/", "http://[", ""):
        shown = page(client, "/sign-in/signup/", data={"next": way} if way else {})
        assert "Step 1" not in shown and "Next, you’ll set up your organisation." in shown


def test_a_person_chooses_the_language_where_there_is_no_menu(client, world):
    client.post("/sign-in/signup/", NEW)
    client.post(CODE_PAGE, {"code": code_in(sent()[0])})
    form = page(client, "/organizations/new/")
    assert 'action="/me/set/"' in form
    client.post("/me/set/", {"language": "fr", "next": "/organizations/new/"})
    assert '<html lang="fr"' in page(client, "/organizations/new/")


def pass_time(client, monkeypatch, seconds=RESEND_WAIT):
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + seconds)


def test_a_new_code_comes_after_a_wait_and_ends_the_earlier_one(client, monkeypatch):
    client.post("/sign-in/signup/", NEW)
    first = code_in(sent()[0])
    assert 'data-wait="' in page(client, CODE_PAGE)
    refused = client.post(CODE_PAGE, {"action": "resend"}, follow=True).content.decode()
    assert "You can get a new code in" in refused and len(sent()) == 1
    pass_time(client, monkeypatch)
    assert "data-wait" not in page(client, CODE_PAGE)
    answer = client.post(CODE_PAGE, {"action": "resend"}, follow=True).content.decode()
    assert "A new code is on its way" in answer and 'data-wait="' in answer
    second = code_in(sent()[1])
    assert second != first
    assert client.post(CODE_PAGE, {"code": first}).status_code == 200
    assert client.post(CODE_PAGE, {"code": second}).status_code == 302


def test_a_new_code_does_not_tell_who_has_an_account(world, monkeypatch):
    pages, now = [], time.time()
    for email in ("maya@fresh.example", address("customer.admin")):
        monkeypatch.setattr(time, "time", lambda: now)
        client = PageClient()
        client.post("/sign-in/signup/", {**NEW, "email": email})
        monkeypatch.setattr(time, "time", lambda: now + RESEND_WAIT)
        response = client.post(CODE_PAGE, {"action": "resend"}, follow=True)
        pages.append((response.redirect_chain, neutral(response, email)))
    assert pages[0] == pages[1]


def test_new_codes_are_limited(client, monkeypatch):
    client.post("/sign-in/signup/", NEW)
    now = time.time()
    for number in range(1, 9):
        monkeypatch.setattr(time, "time", lambda later=now + number * (RESEND_WAIT + 1): later)
        client.post(CODE_PAGE, {"action": "resend"})
    assert 1 < len(sent()) <= 1 + settings.ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND


@pytest.mark.parametrize(
    ("path", "field", "keys"),
    [
        ("/sign-in/login/", "login", "email"),
        ("/sign-in/signup/", "name", None),
        ("/sign-in/password/reset/", "email", "email"),
    ],
)
def test_the_first_field_has_the_cursor_and_the_right_keys(client, path, field, keys):
    shown = page(client, path)
    assert shown.count(" autofocus") == 1
    [tag] = [tag for tag in shown.split("<input")[1:] if f'name="{field}"' in tag.split(">")[0]]
    assert "autofocus" in tag.split(">")[0]
    assert keys is None or f'inputmode="{keys}"' in tag.split(">")[0]


def test_browsers_know_every_field_of_an_organisation(web, world):
    shown = page(web("customer.admin"), "/account/edit/")
    for name in ("organization", "country", "street-address", "postal-code", "address-level2", "tel", "email", "url"):
        assert f'autocomplete="{name}"' in shown
    for keys in ("tel", "email", "url"):
        assert f'inputmode="{keys}"' in shown


def test_passkeys_are_offered_by_the_browser_and_never_by_the_address(client, world):
    shown = page(client, "/sign-in/login/")
    assert 'autocomplete="username webauthn"' in shown
    known, unknown = (
        client.get(f"/sign-in/two-factor/webauthn/login/?login={email}", headers={"accept": "application/json"}).json()
        for email in (address("customer.admin"), "nobody-at-all@example.com")
    )
    assert known["request_options"].keys() == unknown["request_options"].keys()
    assert not known["request_options"]["publicKey"].get("allowCredentials")
    assert sign_in(client, password=PASSWORD).status_code == 302
