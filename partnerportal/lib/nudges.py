"""Waking a worker. A nudge may be lost: whatever it should have told of is found by a sweep each minute."""

import logging
from functools import partial

import kombu.transport.redis  # noqa: F401 - with the process, not with the first nudge, which would wait for it
from celery import current_app

from partnerportal.lib.breaker import Breaker
from partnerportal.lib.metrics import count_skipped_nudge

log = logging.getLogger(__name__)

BROKER = Breaker("The broker", within=0.25)


def nudge(task: str) -> None:
    """Send a task by its name, for actions stand below the tasks. Never raises, and waits a quarter of a second at
    most: a broker that hangs, is full or is away costs the first nudge that long, and none of the next half minute."""
    try:
        BROKER.call(partial(current_app.send_task, task, retry=False))
    except Exception as error:
        count_skipped_nudge()
        log.warning("The broker did not take the nudge for %s; the sweep will find the work: %s", task, error)
