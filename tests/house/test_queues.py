"""Each task has a queue that a shipped worker reads, and no task that may take long shares one with another kind."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from partnerportal.celery import app
from tests.house.ours import tree_of

PROJECT = Path(__file__).resolve().parents[2]
PROCFILE = dict(re.findall(r"^(\w+): (.+)$", (PROJECT / "Procfile").read_text(), re.MULTILINE))
SERVICES = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]
COMMANDS = {
    "Procfile": list(PROCFILE.values()),
    "docker-compose.yml": [service.get("command", "") for service in SERVICES.values()],
}
LONG = 120  # seconds: CELERY_TASK_TIME_LIMIT


def queue_of(task: str) -> str:
    return str(app.amqp.router.route({}, task)["queue"].name)


def own_tasks() -> set[str]:
    app.loader.import_default_modules()
    return {name for name in app.tasks if not name.startswith("celery.")}


def queues_read(file: str) -> list[str]:
    return [
        queue
        for command in COMMANDS[file]
        for found in re.findall(r"worker --queues (\S+)", command)
        for queue in found.split(",")
    ]


@cache  # it reads every file of the project
def woken_tasks() -> frozenset[str]:
    """What is sent by name: `wake_worker("…")` and `partial(wake_worker, "…")`."""
    names = set()
    for path in PROJECT.glob("[a-z]*/**/*.py"):
        if path.is_relative_to(PROJECT / "tests"):
            continue
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and "wake_worker" in [
                getattr(n, "id", "") for n in (node.func, *node.args[:1])
            ]:
                names |= {a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return frozenset(names)


def scheduled_tasks() -> set[str]:
    return {entry["task"] for entry in app.conf.beat_schedule.values()}


@pytest.mark.parametrize("file", COMMANDS)
def test_a_shipped_worker_reads_the_queue_of_each_task(file: str) -> None:
    assert {queue_of(task) for task in own_tasks()} == set(queues_read(file))
    assert len(queues_read(file)) == len(set(queues_read(file))), "a queue of its own has a process of its own"


def test_what_is_woken_scheduled_and_routed_is_there() -> None:
    assert len(woken_tasks()) >= 4
    assert woken_tasks() | scheduled_tasks() | set(app.conf.task_routes) <= own_tasks()


def test_each_wake_up_has_a_sweep() -> None:
    """A wake-up may be lost: beat sends the same, a minute later at most, and for figures that lists sort by, five."""
    sweeps = {entry["task"]: entry["schedule"] for entry in app.conf.beat_schedule.values()}
    late = {task for task in woken_tasks() if sweeps.get(task) != 60.0}
    assert late == {"entitlements.tasks.merge_portfolio_figure_changes"}
    assert sweeps[late.pop()] == 300.0


def test_a_beat_that_is_started_anew_each_half_hour_forgets_nothing() -> None:
    """It counts an interval from its start, a time of day by the clock."""
    intervals = [entry["schedule"] for entry in app.conf.beat_schedule.values() if isinstance(entry["schedule"], float)]
    assert intervals and max(intervals) <= 600


def test_what_may_take_longer_than_the_others_shares_no_queue() -> None:
    long = {name for name in own_tasks() if (app.tasks[name].time_limit or 0) > LONG}
    assert long == {"entitlements.tasks.ingest_uploads", "exports.tasks.make_exports", "imports.tasks.run_imports"}
    for task in (*long, "notifications.tasks.send_emails"):
        assert [other for other in own_tasks() if queue_of(other) == queue_of(task)] == [task]
