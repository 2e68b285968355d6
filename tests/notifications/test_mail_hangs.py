"""The mail server takes connections and says nothing, or too little: a worker waits for one mail, and no other."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from smtplib import SMTPConnectError, SMTPDataError, SMTPException, SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from notifications.actions.secret_mails import queue_secret_mail, send_secret_mails
from partnerportal.lib.mail_server import MAIL_SERVER, is_mail_server_failure
from tests.threads import join_all
from tests.world import World


class HangingServer:
    """Takes connections, and says `words` on each, a byte every twentieth of a second."""

    def __init__(self, words: bytes = b"") -> None:
        self.words = words
        self.taken: list[socket.socket] = []
        self.closing = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.threads = [threading.Thread(target=self._take, daemon=True)]
        self.threads[0].start()

    def _take(self) -> None:
        while not self.closing.is_set():
            link, _address = self.socket.accept()
            self.taken.append(link)
            self.threads.append(threading.Thread(target=self._speak, args=(link,), daemon=True))
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
        join_all(self.threads)
        for link in self.taken:
            link.close()
        self.socket.close()
        deadline = time.monotonic() + 60
        while MAIL_SERVER._overdue:
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.fixture(params=[b"", b"220 " + b"x" * 2000], ids=["silent", "trickling"])
def hanging(request: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[HangingServer]:
    server = HangingServer(request.param)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 60
    monkeypatch.setattr(MAIL_SERVER, "within", 0.3)
    yield server
    server.close()


def test_a_worker_waits_once_however_many_are_due(hanging: HangingServer, world: World) -> None:
    for email in ("ada", "bea", "cleo"):
        queue_secret_mail(EmailMessage("A code", "XYZ-123", to=[f"{email}@example.com"]))
    assert (send_secret_mails(), send_secret_mails()) == (0, 0)
    assert len(hanging.taken) == 1


def test_half_a_minute_after_it_has_gone_mails_are_sent_again(
    hanging: HangingServer, world: World, settings: Any
) -> None:
    queue_secret_mail(EmailMessage("A code", "XYZ-123", to=["ada@example.com"]))
    assert send_secret_mails() == 0
    hanging.close()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert send_secret_mails() == 0
    MAIL_SERVER._failed_at -= MAIL_SERVER.pause  # type: ignore[operator]
    assert send_secret_mails() == 1
    assert [message.to for message in mail.outbox] == [["ada@example.com"]]


def silent() -> SMTPException:
    """What smtplib makes of a server that said nothing in time."""
    error = SMTPServerDisconnected("Connection unexpectedly closed: timed out")
    error.__context__ = TimeoutError()
    return error


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (ConnectionRefusedError(), True),
        (SMTPConnectError(421, "too busy"), True),
        (silent(), True),
        (SMTPServerDisconnected("after so many mails"), False),
        (SMTPDataError(550, "not this one"), False),
        (ValueError(), False),
    ],
    ids=repr,
)
def test_what_a_server_says_of_one_mail_is_no_absence(error: Exception, away: bool) -> None:
    assert is_mail_server_failure(error) is away
