"""Wakes the outbox. Tasks carry nothing: the rows say what is due."""

import time
from collections.abc import Callable

from celery import shared_task

from notifications import actions
from partnerportal.lib.nudges import nudge

SECONDS = 60  # below the task time limit; what is left waits for the next sweep, which comes each minute


@shared_task
def fan_out() -> None:
    """Empty the fan-out queue, then have the mails sent."""
    if _until_empty(actions.fan_out_due):
        nudge("notifications.tasks.send_emails")


@shared_task
def send_emails() -> None:
    """Send codes and links of the sign-in, then single notices, then summaries."""
    actions.forget_secret_mails()
    _until_empty(actions.send_secret_mails)
    _until_empty(actions.send_due_emails)
    _until_empty(actions.send_due_summaries)


@shared_task
def sweep() -> None:
    """Delete old notices, what was mailed long ago and what no mail server took in time."""
    actions.sweep_notices()
    actions.sweep_deliveries()
    actions.forget_secret_mails()


def _until_empty(work: Callable[[], int]) -> int:
    """How many were taken."""
    end = time.monotonic() + SECONDS
    taken = batch = work()
    while batch and time.monotonic() < end:
        batch = work()
        taken += batch
    return taken
