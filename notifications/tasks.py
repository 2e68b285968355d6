"""Wakes the outbox. Tasks carry nothing: the rows say what is due."""

from celery import shared_task

from notifications import actions


@shared_task
def fan_out() -> None:
    """Empty the fan-out queue, then have the mails sent."""
    while actions.fan_out_due():
        pass
    send_emails.apply_async(retry=False)


@shared_task
def send_emails() -> None:
    while actions.send_due_emails():
        pass
