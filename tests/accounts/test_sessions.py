"""The page of a person's sessions: which there are, and how one is ended."""

import datetime as dt

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from partnerportal.lib.sessions import SessionStore
from partnerportal.lib.user_agents import describe_user_agent
from tests.accounts.test_sign_in import is_signed_in, sign_in
from tests.conftest import PageClient

pytestmark = pytest.mark.django_db

PAGE = "/sign-in/sessions/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605 Version/18.5 Mobile/1 Safari/604"


def signed_in(user_agent, who="customer.admin"):
    client = PageClient(headers={"user-agent": user_agent})
    assert sign_in(client, who).status_code == 302
    return client


def number_of(user_agent):
    return UserSession.objects.get(user_agent=user_agent).pk


def test_each_has_browser_and_version_and_the_present_one_no_button(world):
    here, _other = signed_in(FIREFOX), signed_in(SAFARI)
    page = here.get(PAGE).content.decode()
    assert page.index("Firefox 140 on Windows") < page.index("This session") < page.index("Safari 18 on iPhone")
    assert "last active" in page
    assert page.count('name="session"') == 1 and f'value="{number_of(SAFARI)}"' in page


def test_one_is_ended_and_the_others_go_on(world):
    here, other, third = signed_in(FIREFOX), signed_in(SAFARI), signed_in("Chrome/139.0 Linux")
    answer = here.post(PAGE, {"session": number_of(SAFARI)}, follow=True).content.decode()
    assert "Session signed out." in answer and "Safari" not in answer
    assert [is_signed_in(client) for client in (here, other, third)] == [True, False, True]


def test_all_others_are_ended(world):
    here, other, third = signed_in(FIREFOX), signed_in(SAFARI), signed_in("Chrome/139.0 Linux")
    assert "not signed in anywhere else" in here.post(PAGE, follow=True).content.decode()
    assert [is_signed_in(client) for client in (here, other, third)] == [True, False, False]


def test_nobody_ends_another_s(world):
    other = signed_in(SAFARI, "partner.admin")
    here, number = signed_in(FIREFOX), number_of(SAFARI)
    for wrong in (number, 0, "x", "", "9" * 30, "-1"):
        assert here.post(PAGE, {"session": wrong}).status_code == 404
    assert is_signed_in(other) and Session.objects.count() == 2


def test_it_says_when_it_was_last_active(world):
    here, _other = signed_in(FIREFOX), signed_in(SAFARI)
    session = SessionStore(UserSession.objects.get(user_agent=SAFARI).session_key)
    session["seen_at"] = int((timezone.now() - dt.timedelta(hours=3)).timestamp())
    session.save()
    assert "3 hours ago" in here.get(PAGE).content.decode()


def test_it_needs_a_sign_in(client):
    assert client.get(PAGE)["Location"].startswith("/sign-in/login/")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/139.0.0.0 Safari/537.36", "Chrome 139 on macOS"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0", "Edge 139 on Windows"),
        ("Mozilla/5.0 (X11; Linux) Chrome/139.0 Safari/537.36 OPR/120.0", "Opera 120 on Linux"),
        ("Firefox/ X", "Firefox"),
        ("Safari/604", "Safari"),
        ("curl/8", "curl/8"),
        ("", "Unknown browser"),
    ],
)
def test_browsers_are_named(header, words):
    assert describe_user_agent(header) == words
