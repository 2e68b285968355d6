"""`/metrics` for Prometheus: what web processes count, and what the database knows of background work."""

import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path

from celery.schedules import crontab
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from partnerportal.celery import app
from partnerportal.lib import metrics
from partnerportal.models import TaskRun

# The kinds of background work that the database function `portal_waiting()` counts.
WAITING = ("fan_out", "email", "digest", "secret_mails", "exports", "imports", "uploads", "unsealed_events")
HOUR, DAY = 3600.0, 24 * 3600.0  # seconds


class MetricsMiddleware:
    """Middleware that answers `/metrics` to requests with METRICS_TOKEN as their bearer token.

    Without that setting the URL does not exist. The middleware stands before the host check and the redirect to HTTPS,
    because Prometheus asks each web process by itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        if settings.METRICS_TOKEN:
            metrics.start_request_metrics(_own_folder(settings.METRICS_DIR))

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path != "/metrics" or not settings.METRICS_TOKEN:
            return self.get_response(request)
        if not secrets.compare_digest(request.headers.get("Authorization", "").encode(), _expected()):
            return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
        text = generate_latest(metrics.build_metrics_registry(BackgroundWorkCollector()))
        return HttpResponse(text, content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


class BackgroundWorkCollector(Collector):
    """A Prometheus collector of background tasks and waiting work, as the database knows them.

    It takes two SQL statements, however much work there is.
    """

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics of tasks, periodic jobs and waiting work.

        While the database is away, there is only one metric, which says so.
        """
        try:
            runs, waiting = {run.task: run for run in TaskRun.objects.all()}, _waiting()
        except Error:
            yield GaugeMetricFamily("portal_database_up", "Whether the database answers.", value=0)
            return
        yield GaugeMetricFamily("portal_database_up", "Whether the database answers.", value=1)
        yield from _task_metrics(runs)
        yield from _job_metrics(runs)
        yield from _waiting_metrics(waiting)


def _own_folder(folder: Path) -> Path:
    """Create the folder where it is missing, and return it.

    Raises ImproperlyConfigured when it belongs to another user, because anybody could have made one in /tmp.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.geteuid():
        raise ImproperlyConfigured(f"METRICS_DIR is {folder}, which belongs to another user.")
    return folder


def _expected() -> bytes:
    return f"Bearer {settings.METRICS_TOKEN}".encode()


def _waiting() -> dict[str, tuple[int, float]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, waiting, oldest_seconds FROM portal_waiting()")
        return {kind: (waiting, seconds) for kind, waiting, seconds in cursor.fetchall()}


def _task_metrics(runs: dict[str, TaskRun]) -> Iterable[Metric]:
    for name, help_text, values in (
        ("runs", "Runs of a background task.", {task: run.runs for task, run in runs.items()}),
        ("failures", "Those of them that failed.", {task: run.failures for task, run in runs.items()}),
        ("seconds", "Time that all runs took.", {task: run.seconds for task, run in runs.items()}),
    ):
        family = CounterMetricFamily(f"portal_task_{name}", help_text, labels=["task"])
        for task, value in values.items():
            family.add_metric([task], value)
        yield family


def _job_metrics(runs: dict[str, TaskRun]) -> Iterable[Metric]:
    """Yield when each entry of the schedule last succeeded, and how often it is due.

    An entry that never ran has 0 as its last success, which is long ago. The label is not named "job", because
    Prometheus uses that name for what it scrapes.
    """
    succeeded = GaugeMetricFamily(
        "portal_job_last_success_timestamp_seconds", "When a periodic job last succeeded.", labels=["name", "task"]
    )
    interval = GaugeMetricFamily("portal_job_interval_seconds", "How often it is due.", labels=["name", "task"])
    for job, entry in app.conf.beat_schedule.items():
        run = runs.get(entry["task"])
        moment = run.last_succeeded_at.timestamp() if run and run.last_succeeded_at else 0
        succeeded.add_metric([job, entry["task"]], moment)
        interval.add_metric([job, entry["task"]], _interval(entry["schedule"]))
    yield succeeded
    yield interval


def _interval(due: float | crontab) -> float:
    """Return the seconds between two runs. An entry with a time of day is due hourly or daily."""
    if isinstance(due, float):
        return due
    return HOUR if len(due.hour) == 24 else DAY  # type: ignore[attr-defined]


def _waiting_metrics(known: dict[str, tuple[int, float]]) -> Iterable[Metric]:
    number = GaugeMetricFamily("portal_waiting", "Rows of background work that are not done.", labels=["kind"])
    oldest = GaugeMetricFamily("portal_oldest_waiting_seconds", "Age of the oldest of them.", labels=["kind"])
    for kind in WAITING:
        waiting, seconds = known.get(kind, (0, 0.0))
        number.add_metric([kind], waiting)
        oldest.add_metric([kind], seconds)
    yield number
    yield oldest
