"""The log line and the counts of each task that a worker runs. `celery.py` imports this, which connects the signals."""

import logging
import logging.config
import time
from typing import Any

from celery.signals import setup_logging, task_postrun, task_prerun
from django.conf import settings
from django.db import Error, connection

from partnerportal.lib import logs

log = logging.getLogger("portal.tasks")

FREQUENT = {"notifications.tasks.seal_events"}

# Adds one run to the row of its task.
COUNT = """
INSERT INTO partnerportal_taskrun AS known (task, runs, failures, seconds, last_finished_at, last_succeeded_at)
VALUES (%(task)s, 1, %(failures)s, %(seconds)s, now(), CASE WHEN %(failures)s = 0 THEN now() END)
ON CONFLICT (task) DO UPDATE SET
    runs = known.runs + 1, failures = known.failures + excluded.failures, seconds = known.seconds + excluded.seconds,
    last_finished_at = excluded.last_finished_at,
    last_succeeded_at = coalesce(excluded.last_succeeded_at, known.last_succeeded_at)"""


@setup_logging.connect
def configure_logs(**_signal: Any) -> None:
    """Set up the logs of Celery's processes as those of the web process, in place of Celery's own."""
    logging.config.dictConfig(settings.LOGGING)


@task_prerun.connect
def begin_task_log(task_id: str, task: Any, **_signal: Any) -> None:
    """Add the task's name and id to all its log lines, and keep the time at which it began."""
    task.request.began = time.perf_counter()
    task.request.log_token = logs.begin_log_field_block(task=task.name, task_id=task_id)


@task_postrun.connect
def finish_task_log(task: Any, state: str, **_signal: Any) -> None:
    """Write a log line about the finished task, and count it as a run.

    The success of a task that runs each few seconds is told at level DEBUG, so that it does not fill the log.
    A database that is away raises nothing here, so that a task that is done is not run again.
    """
    seconds = time.perf_counter() - task.request.began
    queue = (task.request.delivery_info or {}).get("routing_key")
    outcome = state.lower()
    fields = {"queue": queue, "outcome": outcome, "seconds": round(seconds, 3)}
    level = logging.DEBUG if task.name in FREQUENT and outcome == "success" else logging.INFO
    try:
        log.log(level, "%s %s %.3f s", task.name, outcome, seconds, extra={"fields": fields})
        count_task_run(task.name, seconds=seconds, failed=outcome != "success")
    finally:
        logs.end_log_field_block(task.request.log_token)


def count_task_run(task: str, *, seconds: float, failed: bool) -> None:
    """Add one run of a task to its counts in the database: the run, its seconds, and whether it failed.

    If the database is away, that is only logged.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(COUNT, {"task": task, "seconds": seconds, "failures": int(failed)})
    except Error as error:
        log.warning("A run of %s was not counted: %s", task, error)
