"""The message that wakes a worker. If it is lost, a job that runs each minute finds the work all the same."""

import logging
from functools import partial

import kombu.transport.redis  # noqa: F401 - loaded with the process, because the first call would wait for it
from celery import current_app

from partnerportal.lib.breaker import CircuitBreaker
from partnerportal.lib.metrics import count_lost_worker_wake_up

log = logging.getLogger(__name__)

BROKER = CircuitBreaker("The broker", within=0.25)


def wake_worker(task_name: str) -> None:
    """Wake a background worker by sending it the Celery task of this name.

    Actions name tasks by strings, because the layering of the code does not let them import tasks. The function never
    raises and takes a quarter of a second at most. When the message broker does not answer, this message is lost, and
    those of the next half minute are dropped at once.
    """
    try:
        BROKER.call(partial(current_app.send_task, task_name, retry=False))
    except Exception as error:
        count_lost_worker_wake_up()
        log.warning("The broker did not take the wake-up for %s; the sweep will find the work: %s", task_name, error)
