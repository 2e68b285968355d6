"""A mail server for tests: what it is given really went through SMTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from notifications.actions.outbox import send_due_emails, write_due_notices
from tests.faults.plant import free_port


class Sink:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.taken: list[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.taken.append(envelope)
        return "250 OK"


@pytest.fixture
def sink(settings: Any) -> Iterator[Sink]:
    handler = Sink()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    yield handler
    controller.stop()


def send_all() -> None:
    """Write the notices of all events, and send all mails."""
    while write_due_notices():
        pass
    while send_due_emails():
        pass
