"""Each finished task leaves a line, and is counted."""

import json
from datetime import timedelta
from types import SimpleNamespace

from django.utils import timezone

from entitlements.tasks import merge_portfolio_figure_changes
from partnerportal import task_log
from partnerportal.lib import logs
from partnerportal.models import TaskRun
from tests.faults.plant import Plant
from tests.partnerportal.test_database_away import nothing_listens

NAME = "entitlements.tasks.merge_portfolio_figure_changes"


def tasks(written):
    return [line for line in written() if line["logger"] == "portal.tasks"]


def test_a_task_that_is_done(db, lines):
    before = timezone.now() - timedelta(minutes=1)
    done = merge_portfolio_figure_changes.apply()
    [line] = tasks(lines)
    assert (line["task"], line["task_id"], line["outcome"]) == (NAME, done.id, "success")
    assert 0 <= line["seconds"] < 60 and "queue" in line
    run = TaskRun.objects.get(task=NAME)
    assert (run.runs, run.failures) == (1, 0) and before < run.last_succeeded_at == run.last_finished_at
    assert logs.get_log_fields() == {}


def test_a_task_that_fails_is_counted_and_its_last_success_stays(db, lines, monkeypatch):
    merge_portfolio_figure_changes.apply()
    succeeded = TaskRun.objects.get(task=NAME).last_succeeded_at

    def fail():
        raise ValueError("no")

    monkeypatch.setattr("entitlements.actions.figures.merge_portfolio_figure_changes", fail)
    merge_portfolio_figure_changes.apply()
    assert tasks(lines)[-1]["outcome"] == "failure"
    run = TaskRun.objects.get(task=NAME)
    assert (run.runs, run.failures, run.last_succeeded_at) == (2, 1, succeeded)
    [line] = [line for line in lines() if "Traceback" in line.get("exc_info", "")]
    assert line["task"] == NAME


def test_what_a_task_writes_names_the_task(db, lines, monkeypatch):
    monkeypatch.setattr(
        "entitlements.actions.figures.merge_portfolio_figure_changes", lambda: task_log.log.warning("in the middle")
    )
    done = merge_portfolio_figure_changes.apply()
    [line] = [line for line in lines() if line["message"] == "in the middle"]
    assert (line["task"], line["task_id"]) == (NAME, done.id)


def test_a_task_of_every_few_seconds_tells_its_failures_alone(db, lines):
    request = SimpleNamespace(delivery_info={"routing_key": "celery"})
    task = SimpleNamespace(name="notifications.tasks.seal_events", request=request)
    for state in ("SUCCESS", "FAILURE"):
        task_log.begin_task_log(task_id="1", task=task)
        task_log.finish_task_log(task=task, state=state)
    assert [line["outcome"] for line in tasks(lines)] == ["failure"]


def test_a_database_that_is_away_makes_no_task_undone(own_database, lines):
    request = SimpleNamespace(delivery_info={"routing_key": "exports"})
    task = SimpleNamespace(name=NAME, request=request)
    with nothing_listens():
        task_log.begin_task_log(task_id="1", task=task)
        task_log.finish_task_log(task=task, state="SUCCESS")
    [line, warning] = tasks(lines)
    assert (line["queue"], line["outcome"]) == ("exports", "success")
    assert "was not counted" in warning["message"]
    assert logs.get_log_fields() == {}


def test_a_worker_and_beat_write_json_lines_alone(own_database, tmp_path):
    plant = Plant(own_database, tmp_path)
    # Celery warns root before any log is set up.
    plant.environment |= {"LOG_FORMAT": "json", "LOG_LEVEL": "INFO", "PYTHONWARNINGS": "ignore"}
    celery = ("celery", "--quiet", "--app", "partnerportal")  # as in the Procfile: without a banner
    schedule = ("--schedule", str(tmp_path / "schedule"), "--pidfile=")
    try:
        plant.start("beat", *celery, "beat", *schedule, process="job")
        plant.start("w1", *celery, "worker", "--hostname", "celery@w1", "--concurrency", "1", process="job")
        plant.wait_for_worker("w1")
        plant.sweep()
        plant._until("w1", lambda: TaskRun.objects.filter(task="notifications.tasks.write_notices").exists())
        plant._until("beat", lambda: "beat: Starting" in (tmp_path / "beat.log").read_text())
    finally:
        plant.stop()
    said = "".join((tmp_path / f"{name}.log").read_text() for name in ("w1", "beat"))
    written = [json.loads(line) for line in said.splitlines() if line.strip()]
    done = next(line for line in written if line.get("task") == "notifications.tasks.write_notices")
    assert (done["outcome"], done["queue"]) == ("success", "celery")
