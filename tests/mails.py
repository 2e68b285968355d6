"""Mails of a test, with those about accounts that a worker would send within a second."""

from typing import Any

from django.core import mail

from notifications.actions.secret_mails import send_secret_mails


def sent() -> list[Any]:
    """All mails until now, in their order; the list itself, to clear or to take from."""
    send_secret_mails()
    return mail.outbox
