"""Celery tasks of the outbox. They carry no arguments: the rows in the database say what is due."""

import time
from collections.abc import Callable

from celery import shared_task

from notifications.actions.outbox import send_due_daily_summary, send_due_emails, write_due_notices
from notifications.actions.sealing import BATCH, log_checkpoint, prune_old_events, seal_next_events
from notifications.actions.secret_mails import delete_expired_secret_mails, send_secret_mails
from notifications.actions.sweeping import delete_old_deliveries, delete_old_notices
from partnerportal.lib.waking import wake_worker

SECONDS = 60  # how long a task goes on, below its time limit; the rest waits for the sweep of the next minute


@shared_task
def write_notices() -> None:
    """Write the notices of all due events, then wake the task that sends e-mails."""
    if _until_empty(write_due_notices):
        wake_worker("notifications.tasks.send_emails")


@shared_task
def send_emails() -> None:
    """Send all due mails.

    Codes and links of the sign-in go first, then single notices, then daily summaries.
    """
    delete_expired_secret_mails()
    _until_empty(send_secret_mails)
    _until_empty(send_due_emails)
    _until_empty(send_due_daily_summary)


@shared_task
def seal_events() -> None:
    """Seal all events that were committed and wait for it."""
    _until_empty(seal_next_events, full=BATCH)


@shared_task
def write_event_checkpoint() -> None:
    """Write a checkpoint of the sealed events into the program's log."""
    log_checkpoint()


@shared_task
def delete_old_notifications() -> None:
    """Delete old notices and deliveries, mails about accounts that have waited too long, and old events.

    Events are kept unless PORTAL_EVENTS_KEPT is set.
    """
    delete_old_notices()
    delete_old_deliveries()
    delete_expired_secret_mails()
    prune_old_events()


def _until_empty(work: Callable[[], int], *, full: int = 1) -> int:
    """Call `work` until it returns less than `full` or SECONDS have passed; return the sum of what it returned.

    `full` is what it takes at most at a time: less than that leaves nothing, and asking again would be in vain.
    """
    end = time.monotonic() + SECONDS
    taken = batch = work()
    while batch >= full and time.monotonic() < end:
        batch = work()
        taken += batch
    return taken
