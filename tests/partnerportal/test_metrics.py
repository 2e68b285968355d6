"""`/metrics`: guarded, exact over all processes, and complete."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone
from prometheus_client import values
from prometheus_client.parser import text_string_to_metric_families

from entitlements.models import IngestToken, IngestUpload
from exports.models import Export
from imports.models import Import
from notifications.actions.sealing import seal_next_events
from notifications.actions.secret_mails import queue_secret_mail
from notifications.models import Delivery, UnsealedEvent
from partnerportal.celery import app
from partnerportal.lib import metrics
from partnerportal.lib.actors import ANONYMOUS
from partnerportal.lib.waking import wake_worker
from partnerportal.metrics import WAITING, _own_folder
from partnerportal.models import TaskRun
from tests.faults.disk import no_room
from tests.faults.plant import Plant
from tests.partnerportal.test_database_away import nothing_listens

TOKEN = "a-token-of-this-test-alone"
Sample = dict[tuple[str, ...], float]


@pytest.fixture
def counting(settings, monkeypatch, tmp_path) -> Iterator[Path]:
    """As in a web process with METRICS_TOKEN; afterwards nothing is counted any more."""
    settings.METRICS_TOKEN, settings.METRICS_DIR = TOKEN, tmp_path / "metrics"
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    monkeypatch.setattr(metrics, "_metrics", None)
    monkeypatch.setattr(metrics, "_held", {})
    yield settings.METRICS_DIR
    for _number, file in metrics._held.values():
        file.close()


def scrape(client: Client | None = None) -> Callable[..., float]:
    """What Prometheus reads, as a question: the value with that name and those labels, else 0."""
    response = (client or Client()).get(
        "/metrics", headers={"authorization": f"Bearer {TOKEN}", "host": "10.0.0.7:8000"}
    )
    assert response.status_code == 200
    return values_of(response.content.decode())


def values_of(text: str) -> Callable[..., float]:
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def ask(metric: str, /, **labels: str) -> float:
        return sum(s.value for s in samples if s.name == metric and labels.items() <= s.labels.items())

    return ask


def test_without_the_setting_there_is_no_such_address(web):
    assert web("partner.admin").get("/metrics").status_code == 404
    assert Client().get("/metrics", headers={"authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("given", ["", TOKEN, "Bearer", "Bearer x", f"bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer é"])
def test_only_the_token_opens_it(db, counting, given):
    response = Client().get("/metrics", headers={"authorization": given})
    assert (response.status_code, response["WWW-Authenticate"], response.content) == (401, "Bearer", b"")


def test_a_folder_that_another_user_has_laid_there_is_refused(tmp_path, monkeypatch):
    assert _own_folder(tmp_path / "mine").is_dir()
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    with pytest.raises(ImproperlyConfigured, match="belongs to another user"):
        _own_folder(tmp_path / "mine")


def test_requests_are_counted_by_view_method_and_status(web, counting):
    client = web("partner.admin")
    for path in ("/customers/", "/customers/", "/nothing/", "/invented/"):
        client.get(path)
    client.generic("INVENTED", "/customers/")
    value = scrape()
    assert value("portal_request_seconds_count", view="customers", method="GET", status="200") == 2
    assert value("portal_request_seconds_bucket", view="customers", method="GET", status="200", le="+Inf") == 2
    assert value("portal_request_seconds_count", view="none", status="404") == 2
    assert value("portal_request_seconds_count", method="other") == 1
    assert value("portal_database_queries_total", view="customers") > 4
    assert value("portal_database_seconds_total", view="customers") > 0


def test_wake_ups_that_nobody_took_are_counted(db, counting, monkeypatch):
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError("no broker")

    before = scrape()("portal_wakeups_skipped_total")
    monkeypatch.setattr("partnerportal.lib.waking.BROKER.call", refuse)
    wake_worker("notifications.tasks.write_notices")
    assert scrape()("portal_wakeups_skipped_total") == before + 1


COUNT = """import sys; from pathlib import Path; from partnerportal.lib import metrics
metrics.start_request_metrics(Path(sys.argv[1]))
for _ in range(100):
    metrics.observe_request_metrics(view="v", method="GET", status=200, seconds=0.1, queries=2, query_seconds=0.5)
print("done", flush=True); sys.stdin.read()"""


@pytest.mark.slow  # it starts processes
def test_processes_add_up_and_a_restarted_one_goes_on_where_one_ended(counting):
    """Also one that was killed: what it counted stays, and its file is used again."""
    counting.mkdir()
    for _round in range(3):
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", COUNT, str(counting)],
                cwd=django_settings.BASE_DIR,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            for _number in range(2)
        ]
        for process in processes:
            assert process.stdout.readline() == b"done\n"
        for process in processes:
            process.kill()
            process.communicate()
    metrics.start_request_metrics(counting)
    registry = metrics.build_metrics_registry()
    assert registry.get_sample_value("portal_database_queries_total", {"view": "v"}) == 3 * 2 * 100 * 2
    labels = {"view": "v", "method": "GET", "status": "200"}
    assert registry.get_sample_value("portal_request_seconds_count", labels) == 3 * 2 * 100
    assert len(list(counting.glob("*.db"))) == 4  # counters and histograms of two


def test_numbers_have_room_that_nobody_else_can_take(counting):
    counting.mkdir()
    metrics.start_request_metrics(counting)
    files = [path.stat() for path in counting.glob("*.db")]
    assert len(files) == 2
    assert all(file.st_blocks * 512 >= metrics.FILE_BYTES for file in files), "there are holes"


def test_a_process_without_room_for_numbers_answers_all_the_same(own_database, counting):
    """A leaving process would be followed by one that leaves too, and the portal would be gone."""
    with no_room(os.getpid()):
        assert Client().get("/readyz").status_code == 200
        assert scrape()("portal_database_up") == 1
    assert scrape()("portal_request_seconds_count") == 0


def test_every_job_of_the_schedule_appears_with_its_last_success(own_database, counting):
    value = scrape()
    jobs = {job: entry["task"] for job, entry in app.conf.beat_schedule.items()}
    frequent = {job for job in jobs if value("portal_job_interval_seconds", name=job, task=jobs[job]) < 60}
    assert frequent == {"seals"}
    intervals = {name: value("portal_job_interval_seconds", name=name) for name in ("figures", "trials", "sessions")}
    assert intervals == {"figures": 300, "trials": 3600, "sessions": 24 * 3600}
    assert not any(value("portal_job_last_success_timestamp_seconds", name=job) for job in jobs)
    app.loader.import_default_modules()  # as a worker does
    for task in set(jobs.values()):
        app.tasks[task].apply()
    value = scrape()
    hour_ago = (timezone.now() - timedelta(hours=1)).timestamp()
    assert all(value("portal_job_last_success_timestamp_seconds", name=job) > hour_ago for job in jobs)
    assert all(value("portal_task_runs_total", task=task) == 1 for task in jobs.values())


@pytest.mark.promise("O-13")
def test_what_waits_and_for_how_long(world, counting):
    Delivery.objects.update(done_at=timezone.now())
    while seal_next_events():
        pass
    value = scrape()
    assert [value("portal_waiting", kind=kind) for kind in WAITING] == [0] * len(WAITING)
    queue_secret_mail(EmailMessage("A code", "XYZ-123", to=["ada@example.com"]))
    event = Delivery.objects.filter(channel="fan_out").earliest("event__at").event
    Delivery.objects.filter(event=event).update(done_at=None)
    hours = timezone.now() - timedelta(hours=3)
    Export.objects.update(state=Export.State.QUEUED, asked_at=hours)
    last = Export.objects.latest("pk")
    Export.objects.filter(pk=last.pk).update(state=Export.State.RUNNING)
    Export.objects.create(organization=last.organization, person_id=last.person_id, list=last.list)  # now
    for state in ("uploaded", "checking", "confirmed", "applying", "checked"):  # the last one waits for its person
        waits = {"organization": last.organization, "person_id": last.person_id, "state": state}
        Import.objects.create(**waits, kind="goods", asked_at=hours)
    upload = {"token": IngestToken.objects.first(), "kind": "usage", "fingerprint": "", "size": 1}
    IngestUpload.objects.create(**upload, idempotency_key="first", received_at=hours)
    IngestUpload.objects.create(**upload, idempotency_key="second")
    Delivery.objects.filter(channel="email").update(done_at=None, dead_at=timezone.now())  # given up
    UnsealedEvent.objects.create(event_id=event.pk, stored_at=hours)
    value = scrape()
    assert value("portal_waiting", kind="fan_out") == 1
    age, inaccuracy = (timezone.now() - event.at).total_seconds(), 600  # the database's clock stands in a transaction
    assert age - inaccuracy < value("portal_oldest_waiting_seconds", kind="fan_out") <= age
    assert value("portal_waiting", kind="exports") == Export.objects.count() > 2
    assert [value("portal_waiting", kind=kind) for kind in ("imports", "uploads", "email")] == [4, 2, 0]
    for kind in ("exports", "imports", "uploads", "unsealed_events"):
        assert 3 * 3600 - inaccuracy < value("portal_oldest_waiting_seconds", kind=kind) < 3 * 3600 + 60
    assert value("portal_waiting", kind="secret_mails") == 1
    assert value("portal_waiting", kind="unsealed_events") == 1


def test_it_costs_the_same_however_much_there_is(world, counting, count_queries):
    client = Client()
    scrape(client)
    with count_queries() as few:
        scrape(client)
    TaskRun.objects.bulk_create(
        TaskRun(task=f"t{n}", runs=1, failures=0, seconds=1, last_finished_at=timezone.now()) for n in range(50)
    )
    with count_queries() as many:
        scrape(client)
    assert len(few) == len(many) == 2


def test_the_web_role_reads_the_numbers_and_writes_none(world, as_tenant):
    for statement in ("SELECT * FROM portal_waiting()", "SELECT * FROM partnerportal_taskrun"):
        with as_tenant(ANONYMOUS), connection.cursor() as cursor:
            cursor.execute(statement)
    for statement in (
        "DELETE FROM partnerportal_taskrun",
        "INSERT INTO partnerportal_taskrun VALUES ('x', 1, 1, 1, now())",
    ):
        with pytest.raises(DatabaseError, match="permission denied"), as_tenant(ANONYMOUS):
            connection.cursor().execute(statement)


def test_without_a_database_it_says_so(own_database, counting):
    client = Client()
    assert scrape(client)("portal_database_up") == 1
    with nothing_listens():
        value = scrape(client)
    assert value("portal_database_up") == 0 and value("portal_request_seconds_count", view="metrics") >= 1


@pytest.mark.slow
def test_a_real_server_answers_for_all_its_processes(own_database, tmp_path):
    plant = Plant(own_database, tmp_path)
    plant.environment |= {"METRICS_TOKEN": TOKEN, "METRICS_DIR": str(tmp_path / "metrics"), "WEB_CONCURRENCY": "2"}
    origin = f"http://127.0.0.1:{plant.port}"

    def counted() -> float:
        asked = urllib.request.Request(f"{origin}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        value = values_of(urllib.request.urlopen(asked, timeout=30).read().decode())
        return value("portal_request_seconds_count", view="roles_help", method="GET", status="302")

    try:
        plant.start_web()
        before = counted()
        for _number in range(30):  # for a stranger, who is sent to sign in
            urllib.request.urlopen(f"{origin}/help/roles/", timeout=30).close()
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"{origin}/metrics", timeout=30)
        assert counted() - before == 30
    finally:
        plant.stop()
