"""Mails with codes and links: no page waits for the mail server, none is lost, and nobody else has one sent."""

import datetime as dt
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from smtplib import SMTPDataError
from typing import Any

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.models import Person
from connections.actions import accept_invitation
from notifications.actions.outbox import send_due_emails, write_due_notices
from notifications.actions.secret_mails import (
    delete_expired_secret_mails,
    queue_secret_mail,
    send_secret_mails,
)
from notifications.models import SecretMail
from notifications.tasks import send_emails
from partnerportal.lib.actors import ANONYMOUS, Actor
from partnerportal.lib.mail_server import MAIL_SERVER
from partnerportal.lib.scopes import ALL
from tests.accounts.test_sign_in import NEW, code_in, is_signed_in
from tests.conftest import PageClient
from tests.mails import sent
from tests.world import World

pytestmark = pytest.mark.django_db
AsTenant = Callable[[Actor], AbstractContextManager[None]]


class Backend(EmailBackend):
    """Refuses, with an answer of its own, the mails to an address that begins with "later"."""

    refused: list[str] = []

    def send_messages(self, messages: list[Any]) -> int:
        for message in messages:
            if message.to[0].startswith("later"):
                self.refused.append(message.extra_headers["Message-ID"])
                raise SMTPDataError(451, b"greylisted")
        return super().send_messages(messages)


@pytest.fixture
def away(settings: Any) -> Callable[[], None]:
    """Nothing listens where the settings say. `away()` ends it, half a minute later."""
    sends, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    def back() -> None:
        settings.EMAIL_BACKEND = sends
        MAIL_SERVER.reset()

    return back


def queue(to: str = "ada@example.com", **more: Any) -> None:
    queue_secret_mail(EmailMessage("Your code", "XYZ-123", to=[to], **more))


def test_it_is_sent_once_and_says_nothing_where_it_lies() -> None:
    queue()
    row = SecretMail.objects.get()
    assert not any(word in row.sealed for word in ("XYZ-123", "ada@example.com", "Your code"))
    assert (send_secret_mails(), send_secret_mails()) == (1, 0)
    [message] = mail.outbox
    assert (message.to, message.subject, message.body) == (["ada@example.com"], "Your code", "XYZ-123")
    assert not SecretMail.objects.exists()


def test_it_goes_with_the_transaction_that_it_tells_of() -> None:
    with transaction.atomic():
        queue()
        transaction.set_rollback(True)
    assert sent() == []


def test_a_sign_up_goes_on_while_the_mail_server_is_away(away: Callable[[], None], world: World) -> None:
    client = PageClient()
    assert client.post("/sign-in/signup/", NEW)["Location"] == "/sign-in/confirm-email/"
    assert send_secret_mails() == 0 and SecretMail.objects.count() == 1
    assert MAIL_SERVER.is_open and send_secret_mails() == 0
    away()
    [message] = sent()
    client.post("/sign-in/confirm-email/", {"code": code_in(message)})
    assert is_signed_in(client) and Person.objects.filter(email=NEW["email"]).exists()


def test_one_that_is_refused_keeps_nobody_waiting_and_is_tried_again(settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Backend"
    Backend.refused.clear()
    for to in ("later@example.com", "ada@example.com"):
        queue(to)
    assert (send_secret_mails(), send_secret_mails()) == (2, 0)
    assert [message.to for message in mail.outbox] == [["ada@example.com"]]
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=4)):
        assert send_secret_mails() == 0
    assert len(Backend.refused) == 2 and len(set(Backend.refused)) == 1, "the same mail under the same Message-ID"


def test_many_that_are_refused_keep_nobody_waiting(settings: Any) -> None:
    """Anybody may sign up with addresses that the mail server refuses: each is tried again every minute of an hour."""
    settings.EMAIL_BACKEND = f"{__name__}.Backend"
    Backend.refused.clear()
    for number in range(12):
        queue(f"later{number}@example.com")
    queue("ada@example.com")
    send_emails()
    assert [message.to for message in mail.outbox] == [["ada@example.com"]]
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=4)):
        queue("bea@example.com")
        send_emails()
    assert [message.to for message in mail.outbox] == [["ada@example.com"], ["bea@example.com"]]
    assert len(Backend.refused) > len(set(Backend.refused)) == 12, "they too are tried again"


def test_one_of_a_new_key_waits_until_the_worker_has_it_too(settings: Any) -> None:
    old, new = settings.SECRETS_KEYS, Fernet.generate_key().decode()
    settings.SECRETS_KEYS = [new, *old]
    queue()
    settings.SECRETS_KEYS = old
    assert (send_secret_mails(), send_secret_mails()) == (1, 0) and mail.outbox == []
    settings.SECRETS_KEYS = [new, *old]
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=4)):
        assert send_secret_mails() == 1


def test_one_whose_worker_died_is_sent_when_its_lease_has_run_out() -> None:
    queue()
    SecretMail.objects.update(leased_until=timezone.now() + dt.timedelta(minutes=3))
    assert send_secret_mails() == 0
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=4)):
        assert send_secret_mails() == 1


def test_what_waits_for_longer_than_its_code_is_of_use_is_given_up(
    away: Callable[[], None], caplog: pytest.LogCaptureFixture, time_machine: Any
) -> None:
    queue()
    time_machine.move_to(timezone.now() + dt.timedelta(minutes=58))
    send_emails()
    assert SecretMail.objects.count() == 1
    time_machine.move_to(timezone.now() + dt.timedelta(minutes=4))
    send_emails()
    assert not SecretMail.objects.exists()
    assert [record.levelno for record in caplog.records if "given up" in record.message] == [logging.ERROR]


def test_news_without_a_code_goes_last_and_is_kept_for_longer(away: Callable[[], None], time_machine: Any) -> None:
    """An import of thousands keeps nobody who signs in waiting for their code."""
    now = timezone.now()
    for number in range(7):
        queue_secret_mail(EmailMessage("News", "You act for them", to=[f"{number}@example.com"]), can_wait=True)
    time_machine.move_to(now + dt.timedelta(days=2, hours=23))
    queue()
    SecretMail.objects.filter(can_wait=False).update(created_at=timezone.now())
    send_emails()
    assert SecretMail.objects.count() == 8
    away()
    send_emails()
    assert [message.subject for message in mail.outbox] == ["Your code", *["News"] * 7]
    queue_secret_mail(EmailMessage("News", "", to=["ada@example.com"]), can_wait=True)
    time_machine.move_to(now + dt.timedelta(days=6))
    delete_expired_secret_mails()
    assert not SecretMail.objects.exists()


def test_who_can_write_to_the_database_has_no_mail_of_theirs_sent(
    as_tenant: AsTenant, caplog: pytest.LogCaptureFixture
) -> None:
    queue("first@example.com")
    with as_tenant(ANONYMOUS), connection.cursor() as cursor:
        cursor.execute('SELECT queue_secret_mail(\'{"to": ["everybody@example.com"]}\')')
    queue()
    assert [message.to for message in sent()] == [["first@example.com"], ["ada@example.com"]]
    assert "No key of SECRETS_KEYS opens" in caplog.text
    [forged] = SecretMail.objects.all()
    assert forged.leased_until, "it keeps nobody waiting until it is given up"


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO notifications_secretmail (sealed, created_at) VALUES ('x', now() + interval '1 year')",
        "UPDATE notifications_secretmail SET leased_until = now() + interval '1 year'",
        "DELETE FROM notifications_secretmail",
        "SELECT queue_secret_mail(repeat('x', 100000))",
    ],
)
def test_requests_write_none_but_by_the_function_nor_a_huge_one(statement: str, as_tenant: AsTenant) -> None:
    queue()
    with pytest.raises(DatabaseError), transaction.atomic(), as_tenant(ANONYMOUS), connection.cursor() as cursor:
        cursor.execute(statement)
    with as_tenant(ANONYMOUS):
        assert not SecretMail.objects.exists(), "nor read one"


def test_they_go_before_the_notices(world: World, actor_for: Any) -> None:
    send_due_emails()
    mail.outbox.clear()
    accept_invitation(actor=actor_for("stranger.admin"), token=world.token("partner"), scopes=ALL)
    write_due_notices()
    queue()
    send_due_emails()
    assert [message.subject == "Your code" for message in mail.outbox] == [True, False, False]
