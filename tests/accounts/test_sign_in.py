"""Sign-up, sign-in, second factors and sessions, through the pages."""

import re
import time
from html import unescape
from html.parser import HTMLParser

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.conf import settings
from django.test import override_settings

from accounts.forms.sign_in import ChangePasswordForm, ResetPasswordKeyForm, SetPasswordForm
from accounts.models import Person
from tests.accounts.passkey import Passkey
from tests.conftest import PageClient
from tests.mails import sent
from tests.world import address

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
NEW = {"name": "Maya New", "email": "maya@fresh.example", "password1": "seven violet otters"}


def sign_in(client, who="customer.admin", password=PASSWORD, **options):
    return client.post("/sign-in/login/", {"login": address(who), "password": password}, **options)


def is_signed_in(client):
    return client.get("/help/roles/").status_code == 200


def code_in(message):
    return re.search(r"^([A-Z0-9]{3,4}-[A-Z0-9]{3,4})$", message.body, re.MULTILINE).group(1)


def totp(secret):
    return format_hotp_value(hotp_value(secret, int(time.time() // 30)))


@pytest.fixture
def client(db):
    return PageClient()


def test_sign_up_by_code_keeps_the_way(client, world):
    way = f"/i/{world.token('partner')}/"
    response = client.post(f"/sign-in/signup/?next={way}", {**NEW, "next": way})
    assert response["Location"] == "/sign-in/confirm-email/"
    assert not is_signed_in(client)
    [message] = sent()
    assert (message.to, "Partner portal" in message.body) == ([NEW["email"]], True)
    assert client.post("/sign-in/confirm-email/", {"code": "AAAA-AAAA"}).status_code == 200
    response = client.post("/sign-in/confirm-email/", {"code": code_in(message)})
    assert response["Location"] == way
    assert "Create your organisation" in client.get(way).content.decode()
    assert Person.objects.get(email=NEW["email"]).name == "Maya New"


def test_a_code_is_guessed_at_most_a_few_times(client):
    client.post("/sign-in/signup/", NEW)
    code = code_in(sent()[0])
    for _ in range(6):
        client.post("/sign-in/confirm-email/", {"code": "AAAA-AAAA"})
    client.post("/sign-in/confirm-email/", {"code": code})
    assert not is_signed_in(client)


@pytest.mark.parametrize("password", ["short", "password1234", "maya@fresh.example", ""])
def test_weak_passwords_are_refused(client, password):
    response = client.post("/sign-in/signup/", {**NEW, "password1": password})
    assert response.status_code == 200 and 'aria-invalid="true"' in response.content.decode()
    assert not Person.objects.filter(email=NEW["email"]).exists()


def neutral(response, *words):
    """A page without what differs between any two requests."""
    page = response.content.decode()
    for word in words:
        page = page.replace(word, "…")
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page)


def test_sign_up_does_not_tell_who_has_an_account(world):
    pages = []
    for email in ("maya@fresh.example", address("customer.admin")):
        client = PageClient()
        response = client.post("/sign-in/signup/", {**NEW, "email": email}, follow=True)
        pages.append((response.redirect_chain, neutral(response, email)))
    assert pages[0] == pages[1]
    assert "You already have one" in sent()[1].body
    assert Person.objects.filter(email=address("customer.admin")).count() == 1


def test_neither_sign_in_nor_reset_tells_who_has_an_account(world):
    known, unknown = address("customer.admin"), "nobody-at-all@example.com"
    pages = []
    for email in (known, unknown):
        response = PageClient().post("/sign-in/login/", {"login": email, "password": "wrong password 1"})
        reset = PageClient().post("/sign-in/password/reset/", {"email": email}, follow=True)
        pages.append((neutral(response, email), reset.redirect_chain, neutral(reset, email)))
    assert pages[0] == pages[1]


def test_a_new_password_by_a_link_that_is_kept_secret(world):
    client = PageClient(enforce_csrf_checks=True)
    PageClient().post("/sign-in/password/reset/", {"email": address("customer.admin")})
    link = re.search(r"https?://[^/]+(/sign-in/password/reset/key/\S+)", sent()[0].body).group(1)
    first = client.get(link)
    assert (first["Cache-Control"], first["Referrer-Policy"]) == ("no-store", "no-referrer")
    page = client.get(first["Location"]).content.decode()
    assert (
        '<meta name="referrer" content="same-origin">' in page
    )  # else the browser sends "Origin: null" and is refused
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page).group(1)
    form = {"password1": NEW["password1"], "password2": NEW["password1"], "csrfmiddlewaretoken": token}
    assert client.post(first["Location"], form).status_code == 302
    assert "no longer valid" in PageClient().get(link, follow=True).content.decode()
    assert sign_in(PageClient()).status_code == 200
    fresh = PageClient()
    sign_in(fresh, password=NEW["password1"])
    assert is_signed_in(fresh)


def test_a_foreign_host_writes_no_links(client):
    for host in ("evil.example", "localhost.evil.example", "localhost@evil.example"):
        response = client.post("/sign-in/password/reset/", {"email": address("customer.admin")}, headers={"host": host})
        assert response.status_code == 400
    assert sent() == []


def test_sign_in_changes_the_session_and_leads_only_within_the_portal(client, world):
    client.get("/sign-in/login/")
    before = client.cookies.get(settings.SESSION_COOKIE_NAME)
    response = client.post(
        "/sign-in/login/?next=https://evil.example/",
        {"login": address("customer.admin"), "password": PASSWORD, "next": "https://evil.example/"},
    )
    assert response["Location"] == "/"
    assert not before or client.cookies[settings.SESSION_COOKIE_NAME].value != before.value


def test_guessing_from_one_network_locks_nobody_out_elsewhere(world):
    guesser = {"REMOTE_ADDR": "203.0.113.9"}
    for _ in range(8):
        sign_in(PageClient(), password="wrong password 1", **guesser)
    for neighbour in ("203.0.113.9", "203.0.113.77"):
        client = PageClient()
        sign_in(client, REMOTE_ADDR=neighbour)
        assert not is_signed_in(client), "the guesser's network is held"
    owner = PageClient()
    sign_in(owner, REMOTE_ADDR="198.51.100.4")
    assert is_signed_in(owner)


def attempts_until_held(forwarded):
    for number in range(20):
        header = {"HTTP_X_FORWARDED_FOR": forwarded(number)}
        sign_in(PageClient(), password="wrong password 1", REMOTE_ADDR="10.0.0.1", **header)
    client = PageClient()
    sign_in(client, REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded(99))
    return is_signed_in(client)


def test_without_a_trusted_proxy_the_header_is_not_believed(world):
    assert not attempts_until_held(lambda number: f"198.51.{number}.1")


@override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=1)
def test_behind_one_proxy_only_its_own_word_counts(world):
    assert not attempts_until_held(lambda number: f"198.51.{number}.1, 203.0.113.9")


@override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=1)
def test_behind_one_proxy_clients_are_told_apart(world):
    for _ in range(8):
        sign_in(PageClient(), password="wrong password 1", HTTP_X_FORWARDED_FOR="203.0.113.9")
    owner = PageClient()
    sign_in(owner, HTTP_X_FORWARDED_FOR="198.51.100.4")
    assert is_signed_in(owner)


@pytest.fixture
def with_totp(client, world, time_machine):
    """A signed-in client with an authenticator app and recovery codes: (client, secret, codes). A code holds for half a
    minute, which must not end between its making and its use."""
    time_machine.move_to(time.time(), tick=False)
    sign_in(client)
    response = client.get("/sign-in/two-factor/totp/activate/")
    assert response["Location"].startswith("/sign-in/reauthenticate/")
    client.post(response["Location"], {"password": PASSWORD})
    page = client.get("/sign-in/two-factor/totp/activate/").content.decode()
    secret = re.search(r'id="totp-secret" value="([A-Z2-7]+)"', page).group(1)
    assert "<svg" in page and "data:image" not in page
    assert client.post("/sign-in/two-factor/totp/activate/", {"code": totp(secret)}).status_code == 302
    time_machine.shift(30)  # that code is used
    codes = client.get("/sign-in/two-factor/recovery-codes/").content.decode()
    listed = unescape(re.search(r"<textarea[^>]*>([^<]+)</textarea>", codes).group(1)).split()
    return client, secret, listed


def test_an_authenticator_app_is_asked_for(with_totp):
    _client, secret, _codes = with_totp
    other = PageClient()
    response = sign_in(other)
    assert response["Location"] == "/sign-in/two-factor/authenticate/"
    assert not is_signed_in(other)
    assert "Second step" in other.get(response["Location"]).content.decode()
    code = totp(secret)
    for wrong in ("", "12345", code[::-1] + "0"):
        assert other.post(response["Location"], {"code": wrong}).status_code == 200
        assert not is_signed_in(other)
    other.post(response["Location"], {"code": code})
    assert is_signed_in(other)
    thief = PageClient()
    sign_in(thief)
    thief.post(response["Location"], {"code": code})
    assert not is_signed_in(thief), "a code counts once"


def test_the_second_step_names_what_the_person_has(with_totp, world):
    client, _secret, _codes = with_totp
    other = PageClient()
    step = sign_in(other)["Location"]
    page = other.get(step).content.decode()
    assert "Enter the code from your authenticator app" in page and "The passkey was not used." in page
    person = world.person("customer.admin")
    WebAuthn.add(person, "Key", Passkey(person).registration)
    Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).delete()
    assert "Use your passkey or security key, or enter one of your recovery codes." in other.get(step).content.decode()
    page = client.get("/sign-in/two-factor/webauthn/add/").content.decode()
    assert "The passkey or security key was not added." in page and "choose another method" not in page


def test_a_recovery_code_works_once(with_totp):
    _client, _secret, codes = with_totp
    outcomes = []
    for _ in range(2):
        other = PageClient()
        sign_in(other)
        other.post("/sign-in/two-factor/authenticate/", {"code": codes[1]})
        outcomes.append(is_signed_in(other))
    assert outcomes == [True, False]


def test_other_sessions_are_ended(client, world):
    sign_in(client, HTTP_USER_AGENT="Mozilla/5.0 (Windows NT 10.0) Firefox/140.0")
    other = PageClient()
    sign_in(other, HTTP_USER_AGENT="Mozilla/5.0 (iPhone; like Mac OS X) Version/18 Safari/604.1")
    page = client.get("/sign-in/sessions/").content.decode()
    assert "Firefox 140 on Windows" in page and "Safari 18 on iPhone" in page
    assert is_signed_in(other)
    client.post("/sign-in/sessions/")
    assert is_signed_in(client) and not is_signed_in(other)
    assert "You’re not signed in anywhere else." in client.get("/sign-in/sessions/").content.decode()


def test_a_changed_password_signs_out_everywhere(client, world):
    sign_in(client)
    other = PageClient()
    sign_in(other)
    form = {"oldpassword": PASSWORD, "password1": NEW["password1"], "password2": NEW["password1"]}
    page = client.get("/sign-in/password/change/").content.decode()
    assert all(f">{label}<" in page for label in ("Current password", "New password", "New password again"))
    assert client.post("/sign-in/password/change/", form).status_code == 302
    assert not is_signed_in(other)


@pytest.mark.parametrize("form_class", [ChangePasswordForm, ResetPasswordKeyForm, SetPasswordForm])
def test_a_new_password_is_asked_for_in_our_words(form_class, world):
    fields = form_class(user=world.person("partner.admin")).fields
    assert (fields["password1"].label, fields["password2"].label) == ("New password", "New password again")
    assert [name for name, field in fields.items() if "placeholder" in field.widget.attrs] == []


def test_signing_out_is_a_deliberate_act(client, world):
    sign_in(client)
    client.get("/sign-in/logout/")
    assert is_signed_in(client)
    client.post("/sign-in/logout/")
    assert not is_signed_in(client)


class Inline(HTMLParser):
    """What a strict content security policy would block, and images it would not load."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        runs = tag == "script" and "src" not in values and values.get("type") != "application/json"
        if runs or tag == "style" or "style" in values or any(name.startswith("on") for name in values):
            self.found.append(self.get_starttag_text())
        if tag in ("img", "script") and not (values.get("src") or "/").startswith("/"):
            self.found.append(self.get_starttag_text())


OPEN = ["login/", "signup/", "password/reset/", "password/reset/done/", "inactive/", "password/reset/key/1-x/"]
OWN = [
    *("email/", "password/change/", "logout/", "reauthenticate/", "sessions/", "two-factor/", "two-factor/webauthn/"),
    *("two-factor/webauthn/add/", "two-factor/totp/activate/"),
]


@pytest.mark.parametrize(("who", "path"), [("anonymous", path) for path in OPEN] + [("customer.admin", p) for p in OWN])
def test_pages_hold_under_the_strict_policy(client, world, who, path):
    if who != "anonymous":
        sign_in(client, who)
    response = client.get(f"/sign-in/{path}", follow=True)
    assert response.status_code == 200
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]
    page = response.content.decode()
    parser = Inline()
    parser.feed(page)
    assert parser.found == []
    assert page.count("<h1") == 1 and "portal.css" in page
