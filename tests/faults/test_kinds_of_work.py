"""Feed, exports, mails and everything else: each is done though the workers of all the others stand still."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import OrganizationDomain
from entitlements.ingest import upload_files
from entitlements.models import IngestToken, IngestUpload
from exports.models import Export
from imports.models import Import
from notifications.models import Delivery, DeliveryChannel
from partnerportal.lib.tokens import digest_secret
from tests.faults.plant import Plant
from tests.queues import EVERY_QUEUE
from tests.world import World

pytestmark = [pytest.mark.slow]
QUEUES = EVERY_QUEUE.split(",")
WAIT_SECONDS = 120


@pytest.fixture
def plant(own_database: dict[str, str], settings: Any, tmp_path: Path) -> Iterator[Plant]:
    settings.PRIVATE_ROOT = tmp_path / "private"
    plant = Plant(own_database | {"PRIVATE_ROOT": str(settings.PRIVATE_ROOT)}, tmp_path)
    for queue in QUEUES:
        plant.start_worker(queue, queue)
    for queue in QUEUES:
        plant.wait_for_worker(queue)
    yield plant
    plant.stop()


@contextmanager
def others_stand_still(plant: Plant, kind: str) -> Iterator[None]:
    still = [process.pid for name, process in plant.processes.items() if name != kind]
    for pid in still:
        os.killpg(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in still:
            os.killpg(pid, signal.SIGCONT)


def a_delivery(channel: DeliveryChannel) -> Callable[[], bool]:
    """One that was done is due again."""
    same = Delivery.objects.filter(pk=Delivery.objects.filter(channel=channel).earliest("pk").pk)
    same.update(done_at=None, next_at=timezone.now())
    return same.exclude(done_at=None).exists


def an_export() -> Callable[[], bool]:
    world = World()
    person = world.person("partner.admin")
    export = Export.objects.create(organization=world.partner, person_id=person.pk, list="customers", rows=1)
    return Export.objects.filter(pk=export.pk, state="ready").exists


def an_import() -> Callable[[], bool]:
    """No app has this kind, and the worker says so."""
    world = World()
    person = world.person("partner.admin")
    row = Import.objects.create(organization=world.partner, person_id=person.pk, kind="unheard of")
    return Import.objects.filter(pk=row.pk, state="failed", error="unknown_kind").exists


def an_upload() -> Callable[[], bool]:
    token = IngestToken.objects.create(name="Kinds", digest=digest_secret("x"), prefix="x")
    upload = IngestUpload.objects.create(token=token, kind="usage", idempotency_key="k", fingerprint="", size=3)
    upload_files.save_upload_file(BytesIO(b"{}\n"), upload.public_id, deadline=time.monotonic() + WAIT_SECONDS)
    return IngestUpload.objects.filter(pk=upload.pk, state="done").exists


def a_domain() -> Callable[[], bool]:
    """Whatever resolvers the machine has: the check ends, and says so."""
    domain = OrganizationDomain.objects.create(
        organization=World().partner, name="kinds.invalid", next_check_at=timezone.now()
    )
    return OrganizationDomain.objects.filter(pk=domain.pk).exclude(outcome="").exists


KINDS = {
    "celery": (partial(a_delivery, DeliveryChannel.FAN_OUT), "notifications.tasks.write_notices"),
    "domains": (a_domain, "accounts.tasks.check_domains"),
    "exports": (an_export, "exports.tasks.make_exports"),
    "imports": (an_import, "imports.tasks.run_imports"),
    "ingest": (an_upload, "entitlements.tasks.ingest_uploads"),
    "mails": (partial(a_delivery, DeliveryChannel.EMAIL), "notifications.tasks.send_emails"),
}


@pytest.mark.promise("S-6")
def test_each_is_done_while_the_others_stand_still(plant: Plant) -> None:
    assert set(KINDS) == set(QUEUES)
    for kind, (make, task) in KINDS.items():
        is_done = make()
        with others_stand_still(plant, kind):
            plant.beat.send_task(task, retry=False)
            deadline = time.monotonic() + WAIT_SECONDS
            while not is_done():
                assert time.monotonic() < deadline, kind
                time.sleep(0.1)
