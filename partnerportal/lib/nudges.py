"""Waking a worker. A nudge may be lost: whatever it should have told of is found by a sweep each minute."""

import logging

from celery import current_app

log = logging.getLogger(__name__)


def nudge(task: str) -> None:
    """Send a task by its name, for actions stand below the tasks. Never raises and never waits for a broker."""
    try:
        current_app.send_task(task, retry=False)
    except Exception:
        log.warning("The broker did not take the nudge for %s; the sweep will find the work.", task, exc_info=True)
