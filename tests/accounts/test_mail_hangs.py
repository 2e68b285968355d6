"""The mail server takes connections and says nothing, or too little: one form waits, for a while; the next does not."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.core import mail

from accounts.actions import Attempt, tell_owners
from accounts.models import FailedAttempts
from partnerportal.lib.days import today
from partnerportal.lib.mail_server import MAIL_SERVER
from tests.accounts.test_mail_away import AWAY
from tests.accounts.test_sign_in import NEW
from tests.conftest import PageClient
from tests.world import World, address


class HangingServer:
    """Takes connections, and says `words` on each, a byte every twentieth of a second."""

    def __init__(self, words: bytes = b"") -> None:
        self.words = words
        self.taken: list[socket.socket] = []
        self.closing = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.threads = [threading.Thread(target=self._take)]
        self.threads[0].start()

    def _take(self) -> None:
        while not self.closing.is_set():
            link, _address = self.socket.accept()
            self.taken.append(link)
            self.threads.append(threading.Thread(target=self._speak, args=(link,)))
            self.threads[-1].start()

    def _speak(self, link: socket.socket) -> None:
        with suppress(OSError):
            for number in range(len(self.words)):
                link.sendall(self.words[number : number + 1])
                if self.closing.wait(0.05):
                    return

    def close(self) -> None:
        """And until nobody waits for an answer any more."""
        if self.closing.is_set():
            return
        self.closing.set()
        socket.create_connection(("127.0.0.1", self.port)).close()
        for thread in self.threads:
            thread.join()
        for link in self.taken:
            link.close()
        self.socket.close()
        while MAIL_SERVER._overdue:
            time.sleep(0.01)


@pytest.fixture(params=[b"", b"220 " + b"x" * 2000], ids=["silent", "trickling"])
def hanging(request: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[HangingServer]:
    server = HangingServer(request.param)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 60
    monkeypatch.setattr(MAIL_SERVER, "within", 0.3)
    yield server
    server.close()


def test_only_the_first_form_waits(hanging: HangingServer, world: World) -> None:
    client = PageClient()
    answers = [
        client.post("/sign-in/signup/", NEW),
        client.post("/sign-in/password/reset/", {"email": address("customer.admin")}),
        client.post("/sign-in/signup/", NEW),
    ]
    assert [AWAY in answer.content.decode() for answer in answers] == [True] * 3
    assert len(hanging.taken) == 1


def test_a_worker_waits_once_however_many_owners_are_to_be_told(hanging: HangingServer, world: World) -> None:
    """The work of all other kinds that share its queue waits with it."""
    for who in ("customer.admin", "partner.admin", "vendor.admin"):
        FailedAttempts.objects.create(person=world.person(who), kind=Attempt.CODE, day=today(), failures=9)
    assert (tell_owners(), tell_owners()) == (3, 0)
    assert len(hanging.taken) == 1
    assert not FailedAttempts.objects.exclude(told_at=None).exists()


def test_half_a_minute_after_it_has_gone_mails_are_sent_again(
    hanging: HangingServer, world: World, settings: Any
) -> None:
    client = PageClient()
    assert AWAY in client.post("/sign-in/signup/", NEW).content.decode()
    hanging.close()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert AWAY in client.post("/sign-in/signup/", NEW).content.decode()
    MAIL_SERVER._failed_at -= MAIL_SERVER.pause  # type: ignore[operator]
    assert client.post("/sign-in/signup/", NEW)["Location"] == "/sign-in/confirm-email/"
    assert [message.to for message in mail.outbox] == [[NEW["email"]]]
