"""The mail server is away: nothing listens where the settings say. The form says so, and nothing is half-made."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail

from accounts.models import Person
from partnerportal.lib.mail_server import MAIL_SERVER
from tests.accounts.test_sign_in import NEW, PASSWORD
from tests.conftest import PageClient
from tests.world import World, address

AWAY = "The mail could not be sent just now."


@pytest.fixture
def client(db: None) -> PageClient:
    return PageClient()


@pytest.fixture
def mail_server(settings: Any) -> Any:
    """`away()` and `back()`."""

    class Server:
        def away(self) -> None:
            settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
            settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

        def back(self) -> None:
            """And half a minute later."""
            MAIL_SERVER.reset()
            settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    return Server()


def test_sign_up_can_be_repeated(client: PageClient, mail_server: Any, world: World) -> None:
    mail_server.away()
    refused = client.post("/sign-in/signup/", NEW)
    assert (refused.status_code, AWAY in refused.content.decode()) == (200, True)
    assert f'value="{NEW["email"]}"' in refused.content.decode()
    assert not Person.objects.filter(email=NEW["email"]).exists()
    assert client.get("/sign-in/signup/").status_code == 200  # and does not lead on to a code that never came
    assert client.get("/sign-in/confirm-email/").status_code == 302
    mail_server.back()
    assert client.post("/sign-in/signup/", NEW)["Location"] == "/sign-in/confirm-email/"
    assert [message.to for message in mail.outbox] == [[NEW["email"]]]
    assert Person.objects.filter(email=NEW["email"]).count() == 1


def test_an_address_that_is_known_looks_the_same(client: PageClient, mail_server: Any, world: World) -> None:
    mail_server.away()
    answers = [
        client.post("/sign-in/signup/", {**NEW, "email": email}).content.decode()
        for email in (NEW["email"], address("customer.admin"))
    ]
    assert all(AWAY in answer for answer in answers)
    answers = [
        client.post("/sign-in/password/reset/", {"email": email}).content.decode()
        for email in (NEW["email"], address("customer.admin"))
    ]
    assert all(AWAY in answer for answer in answers)


@pytest.mark.parametrize(("language", "words"), [("fr", "n’a pas pu être envoyé"), ("ja", "メールを送信できません")])
def test_password_reset_in_the_readers_language(
    client: PageClient, mail_server: Any, world: World, language: str, words: str
) -> None:
    mail_server.away()
    headers = {"Accept-Language": language}
    asked = {"email": address("customer.admin")}
    assert words in client.post("/sign-in/password/reset/", asked, headers=headers).content.decode()
    mail_server.back()
    assert client.post("/sign-in/password/reset/", asked)["Location"] == "/sign-in/password/reset/done/"
    assert len(mail.outbox) == 1


def test_sign_in_of_who_has_not_verified(client: PageClient, mail_server: Any, world: World) -> None:
    EmailAddress.objects.filter(email=address("customer.admin")).update(verified=False)
    mail_server.away()
    values = {"login": address("customer.admin"), "password": PASSWORD}
    assert AWAY in client.post("/sign-in/login/", values).content.decode()
    assert client.get("/me/").status_code == 302
    mail_server.back()
    assert client.post("/sign-in/login/", values)["Location"] == "/sign-in/confirm-email/"


def test_what_has_no_form_of_its_own_is_a_page(web: Any, mail_server: Any, world: World) -> None:
    """A new password is told by mail; without the mail it is not set."""
    client = web("customer.admin")
    mail_server.away()
    values = {"oldpassword": PASSWORD, "password1": "nine violet otters", "password2": "nine violet otters"}
    answer = client.post("/sign-in/password/change/", values)
    assert (answer.status_code, AWAY in answer.content.decode()) == (503, True)
    assert world.person("customer.admin").check_password(PASSWORD)
