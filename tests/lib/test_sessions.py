"""Sessions in the database: who reads a row or copies it is not signed in by it."""

import base64
from uuid import uuid4

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import RequestFactory

from partnerportal.lib.sessions import SessionMiddleware, SessionStore
from tests.accounts.test_sign_in import PASSWORD, is_signed_in, sign_in
from tests.conftest import PageClient

pytestmark = pytest.mark.django_db
NAME = settings.SESSION_COOKIE_NAME


@pytest.fixture
def signed_in(world):
    client = PageClient()
    sign_in(client)
    assert is_signed_in(client)
    return client


def row_of(client):
    return Session.objects.get(pk=client.session.session_key)


def test_what_the_tables_hold_is_no_cookie(signed_in):
    """Nor does it stand in the list of a person's sessions."""
    tables = str([*Session.objects.values_list(), *UserSession.objects.values_list()])
    assert signed_in.cookies[NAME].value not in tables
    for key in (row_of(signed_in).pk, UserSession.objects.get().session_key):
        thief = PageClient()
        thief.cookies[NAME] = key
        assert not is_signed_in(thief)
    assert is_signed_in(signed_in)


def test_what_a_session_holds_is_not_read(signed_in):
    """A mailed code, for one."""
    session = signed_in.session
    session["code"] = "ABCDEF"
    session.save()
    assert SessionStore(session.session_key)["code"] == "ABCDEF"
    stored = row_of(signed_in)
    assert stored.get_decoded() == {}, "as Django would read it"
    kept = base64.urlsafe_b64decode(stored.session_data)
    assert b"ABCDEF" not in kept and b"_auth_user" not in kept


def test_the_content_of_somebody_elses_session_is_worth_nothing_in_ones_own(signed_in):
    thief = PageClient()
    assert thief.session.session_key
    Session.objects.filter(pk=row_of(thief).pk).update(session_data=row_of(signed_in).session_data)
    assert not is_signed_in(thief)
    assert is_signed_in(signed_in)


def test_a_key_of_before_opens_sessions_and_any_other_does_not(signed_in, settings):
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [old]
    session = SessionStore(signed_in.session.session_key)
    assert session["_auth_user_id"]
    settings.SECRET_KEY_FALLBACKS = []
    assert dict(SessionStore(session.session_key).items()) == {}


def test_a_session_that_began_under_a_key_of_before_goes_on_and_can_be_ended(signed_in, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [settings.SECRET_KEY]
    other_tab = PageClient()
    other_tab.cookies[NAME] = signed_in.cookies[NAME].value
    assert signed_in.get(f"/api/v1/customers/{uuid4()}/").status_code in (403, 404), "also if this is rolled back"
    assert is_signed_in(signed_in) and is_signed_in(other_tab)
    settings.SECRET_KEY_FALLBACKS = []
    assert "This session" in signed_in.get("/sign-in/sessions/").content.decode()
    other = PageClient()
    sign_in(other)
    other.post("/sign-in/sessions/")
    assert is_signed_in(other) and not is_signed_in(signed_in)


@pytest.mark.parametrize("cookie", [None, "", "x", "chosen-by-somebody-else" * 3, "\0", "ü"])
def test_a_cookie_that_leads_nowhere_gets_a_new_key(cookie):
    request = RequestFactory().get("/")
    request.COOKIES = {} if cookie is None else {NAME: cookie}

    def view(request):
        request.session["about"] = "something"
        return HttpResponse()

    response = SessionMiddleware(view)(request)
    given = response.cookies[NAME]
    assert given.value != cookie and len(given.value) == 43 and given["httponly"]
    assert SessionStore.from_cookie(given.value)["about"] == "something"


def test_signing_in_and_out_changes_the_cookie(signed_in):
    before = signed_in.cookies[NAME].value
    signed_in.post("/sign-in/logout/")
    assert not is_signed_in(signed_in)
    replayed = PageClient()
    replayed.cookies[NAME] = before
    assert not is_signed_in(replayed)


def test_another_password_voids_a_cookie_that_somebody_has_taken(signed_in):
    thief = PageClient()
    thief.cookies[NAME] = signed_in.cookies[NAME].value
    assert is_signed_in(thief)
    new = {"oldpassword": PASSWORD, "password1": "nine violet otters", "password2": "nine violet otters"}
    assert signed_in.post("/sign-in/password/change/", new).status_code == 302
    assert not is_signed_in(thief) and not is_signed_in(signed_in), "whoever has set it signs in with it"


def test_a_request_that_comes_too_late_takes_no_new_cookie_away(signed_in):
    """Of two at once, the first may give the session another key, and the second then finds none."""
    late = PageClient()
    late.cookies[NAME] = "given-to-the-browser-before-the-new-one"
    assert NAME not in late.get("/me/").cookies
    assert signed_in.post("/sign-in/logout/").cookies[NAME]["max-age"] == 0


def test_every_other_session_is_ended_and_this_one_stays(signed_in):
    other = PageClient()
    sign_in(other)
    page = signed_in.get("/sign-in/sessions/").content.decode()
    assert page.count("This session") == 1 and "Sign out of all other sessions" in page
    signed_in.post("/sign-in/sessions/")
    assert is_signed_in(signed_in) and not is_signed_in(other)
    assert Session.objects.filter(pk=row_of(signed_in).pk).exists()
    assert UserSession.objects.get().session_key == row_of(signed_in).pk
