"""What workers tell of each task: a log line, and a row that counts. Connected to Celery's signals by `celery.py`."""

import logging
import logging.config
import time
from typing import Any

from celery.signals import setup_logging, task_postrun, task_prerun
from django.conf import settings
from django.db import Error, connection

from partnerportal.lib import logs

log = logging.getLogger("portal.tasks")

COUNT = """
INSERT INTO partnerportal_taskrun AS known (task, runs, failures, seconds, last_finished_at, last_succeeded_at)
VALUES (%(task)s, 1, %(failures)s, %(seconds)s, now(), CASE WHEN %(failures)s = 0 THEN now() END)
ON CONFLICT (task) DO UPDATE SET
    runs = known.runs + 1, failures = known.failures + excluded.failures, seconds = known.seconds + excluded.seconds,
    last_finished_at = excluded.last_finished_at,
    last_succeeded_at = coalesce(excluded.last_succeeded_at, known.last_succeeded_at)"""


@setup_logging.connect
def configure_logs(**_signal: Any) -> None:
    """Keep Celery from setting up logs of its own: workers and beat write the same lines as the web process."""
    logging.config.dictConfig(settings.LOGGING)


@task_prerun.connect
def begin(task_id: str, task: Any, **_signal: Any) -> None:
    """Put the task's name and id on all its lines."""
    task.request.began = time.perf_counter()
    task.request.log_token = logs.open_fields(task=task.name, task_id=task_id)


@task_postrun.connect
def end(task: Any, state: str, **_signal: Any) -> None:
    """Write the line of the finished task, and count it. A database that is away must not make a done task undone."""
    seconds = time.perf_counter() - task.request.began
    queue = (task.request.delivery_info or {}).get("routing_key")
    outcome = state.lower()
    fields = {"queue": queue, "outcome": outcome, "seconds": round(seconds, 3)}
    try:
        log.info("%s %s %.3f s", task.name, outcome, seconds, extra={"fields": fields})
        count_run(task.name, seconds=seconds, failed=outcome != "success")
    finally:
        logs.close_fields(task.request.log_token)


def count_run(task: str, *, seconds: float, failed: bool) -> None:
    """Add a run to the task's row, in a transaction of its own unless one is open."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(COUNT, {"task": task, "seconds": seconds, "failures": int(failed)})
    except Error as error:
        log.warning("A run of %s was not counted: %s", task, error)
