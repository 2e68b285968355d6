"""Files in a bucket: a real server that speaks S3, in a process of its own, and two machines, each with its disk."""

import io
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from django.urls import reverse
from django.utils import timezone

from entitlements.ingest import upload_files
from entitlements.ingest.uploads import delete_old_uploads
from entitlements.models import IngestUpload
from exports import actions as export_actions
from exports import files
from exports.models import Export
from partnerportal.lib import private_bucket
from partnerportal.lib.attached_files import delete_orphaned_files, save_attached_file, serve_attached_file
from partnerportal.lib.errors import TemporarilyUnavailable
from partnerportal.lib.private_files import (
    list_private_files,
    open_private_file_for_reading,
    open_private_file_for_writing,
)
from partnerportal.lib.uploaded_files import check_document
from tests.entitlements.test_ingest_hostile import peak_of
from tests.leaflets import Leaflet, make_leaflet_tables
from tests.uploads import PDF, upload
from tests.world import World

pytestmark = pytest.mark.slow  # the server is a process

KEYS = {"aws_access_key_id": "portal", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
BUCKET = "files"
MEGA = 1024**2


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Where an S3 server listens; it ends with the module's tests."""
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            said = next(found for line in process.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
            threading.Thread(target=process.stdout.read, daemon=True).start()  # its log must not fill the pipe
            yield said[0]
        finally:
            process.terminate()


@pytest.fixture
def bucket(server: str) -> Iterator[Any]:
    bucket = boto3.resource("s3", endpoint_url=server, **KEYS).Bucket(BUCKET)
    bucket.create()
    yield bucket
    bucket.objects.all().delete()
    for unfinished in bucket.multipart_uploads.all():
        unfinished.abort()
    bucket.delete()
    bucket.meta.client.close()


@pytest.fixture
def machine(bucket: Any, server: str, settings: Any, tmp_path: Path) -> Any:
    """Go to a machine by its name: each has a folder of its own, and all have the bucket."""

    def go_to(name: str, *, prefix: str = "portal.test", endpoint: str = server) -> None:
        keys = {"access_key": KEYS["aws_access_key_id"], "secret_key": KEYS["aws_secret_access_key"]}
        options = {
            **keys,
            "bucket_name": BUCKET,
            "location": prefix,
            "endpoint_url": endpoint,
            "region_name": "us-east-1",
        }
        private = {"BACKEND": "partnerportal.lib.private_bucket.PrivateS3Storage", "OPTIONS": options}
        settings.STORAGES = settings.STORAGES | {"private": private}
        settings.PRIVATE_ROOT = tmp_path / name

    go_to("web")
    return go_to


def keys(bucket: Any) -> set[str]:
    return {entry.key for entry in bucket.objects.all()}


def queued(world: World, **fields: Any) -> Export:
    actor = world.actor("partner.admin")
    return Export.objects.create(
        organization_id=actor.organization_id, person_id=actor.person_id, list="customers", **fields
    )


def test_a_file_goes_through_in_pieces_and_leaves_nothing_on_the_disk(machine: Any, tmp_path: Path) -> None:
    piece = os.urandom(MEGA)
    with open_private_file_for_writing("exports/large") as file:
        for _number in range(20):
            file.write(piece)
    with open_private_file_for_reading("exports/large") as file:
        assert all(file.read(MEGA) == piece for _number in range(20)) and not file.read(1)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_half_a_file_is_never_there(machine: Any, bucket: Any) -> None:
    with pytest.raises(TemporarilyUnavailable, match="no_space"), open_private_file_for_writing("exports/half") as file:
        file.write(b"x" * 6 * MEGA)
        raise OSError(28, "No space left on device")
    assert keys(bucket) == set()
    with pytest.raises(FileNotFoundError):
        open_private_file_for_reading("exports/half")


@pytest.mark.promise("O-5")
@pytest.mark.django_db
def test_an_export_made_by_one_machine_is_given_by_another(machine: Any, world: World, web: Any, bucket: Any) -> None:
    machine("worker")
    export = queued(world, state=Export.State.READY, finished_at=timezone.now(), attempts=1)
    with files.open_export_for_writing(export) as file:
        file.write(b"name\n")
    machine("web")
    address = reverse("export_file", args=[export.public_id])
    answer = web("partner.admin").get(address)
    assert (b"".join(answer.streaming_content), answer["Content-Length"]) == (b"name\n", "5")
    assert "location" not in answer.headers
    assert web("partner2.admin").get(address).status_code == 404
    assert keys(bucket) == {f"portal.test/exports/{export.public_id}.1"}
    bucket.objects.all().delete()
    assert web("partner.admin").get(address).status_code == 410


@pytest.mark.django_db
def test_the_sweep_takes_what_is_dead_and_nothing_of_another_installation(
    machine: Any, world: World, bucket: Any
) -> None:
    alive = queued(world, state=Export.State.READY, finished_at=timezone.now(), attempts=2)
    names = [f"exports/{alive.public_id}.1", f"exports/{alive.public_id}.2", "exports/README"]
    unknown = "exports/00000000-0000-4000-8000-000000000001.1"
    for name in [*names, unknown]:
        for prefix in ("portal.test", "portal.test2", "other"):
            bucket.put_object(Key=f"{prefix}/{name}", Body=b"x")
    for name in (f"exports/{alive.public_id}.1", unknown):  # a worker was killed while it sent the file
        for prefix in ("portal.test", "other"):
            bucket.Object(f"{prefix}/{name}").initiate_multipart_upload()
    assert export_actions.delete_old_exports() == 3  # this server says that every unfinished one was begun in 2010
    left = {key.removeprefix("portal.test/") for key in keys(bucket) if key.startswith("portal.test/")}
    assert left == {names[1], names[2], unknown}, "what no row knows is kept for a day"
    assert len(keys(bucket)) == 3 + 4 + 4
    assert {part.object_key.partition("/")[0] for part in bucket.multipart_uploads.all()} == {"other"}
    assert delete_old_uploads() == 0


WRITER = """import django; django.setup()
from partnerportal.lib.private_files import open_private_file_for_writing
with open_private_file_for_writing("exports/{name}") as file:
    for number in range(40):
        file.write(bytes(8 * 1024 ** 2))"""


def variables(server: str, folder: Path) -> dict[str, str]:
    """What an operator sets for a bucket."""
    keys = {"PRIVATE_BUCKET_KEY": KEYS["aws_access_key_id"], "PRIVATE_BUCKET_SECRET": KEYS["aws_secret_access_key"]}
    place = {"PRIVATE_BUCKET": BUCKET, "PRIVATE_BUCKET_ENDPOINT": server, "PRIVATE_BUCKET_REGION": KEYS["region_name"]}
    ours = {"DJANGO_SETTINGS_MODULE": "partnerportal.settings.dev", "PORTAL_ORIGIN": "https://portal.test"}
    return os.environ | keys | place | ours | {"PRIVATE_ROOT": str(folder)}


@pytest.mark.django_db
def test_what_a_killed_worker_was_just_sending_is_swept(
    machine: Any, server: str, world: World, bucket: Any, tmp_path: Path
) -> None:
    """By default names begin with the portal's host, and the variables of the environment lead to the bucket."""
    export = queued(world, state=Export.State.RUNNING, attempts=1)
    script = WRITER.format(name=f"{export.public_id}.1")
    folder = tmp_path / "killed"
    worker = subprocess.Popen([sys.executable, "-c", script], env=variables(server, folder))
    deadline = time.monotonic() + 60
    while not list(bucket.multipart_uploads.all()):
        assert worker.poll() is None and time.monotonic() < deadline
    worker.kill()
    worker.wait(60)
    unfinished = [part.object_key for part in bucket.multipart_uploads.all()]
    assert unfinished == [f"portal.test/exports/{export.public_id}.1"] and keys(bucket) == set()
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert export_actions.delete_old_exports() == 0, "its lease has not run out"
    Export.objects.filter(pk=export.pk).update(attempts=2)  # another has taken over
    assert export_actions.delete_old_exports() == 1
    assert list(bucket.multipart_uploads.all()) == []


def test_memory_does_not_grow_with_the_file(machine: Any) -> None:
    def pass_through() -> None:
        with open_private_file_for_writing("exports/large") as file:
            for _number in range(40):
                file.write(bytes(MEGA))
        with open_private_file_for_reading("exports/large") as file:
            while file.read(MEGA):
                pass

    pass_through()  # the first time loads what describes the service
    assert peak_of(pass_through) < 28 * MEGA


@pytest.mark.promise("O-5")
@pytest.mark.django_db
def test_an_upload_is_brought_in_by_another_machine(machine: Any, world: World, bucket: Any) -> None:
    row = IngestUpload(kind="usage", public_id="00000000-0000-4000-8000-000000000003")
    content = b'{"type": "usage"}\n' * 100_000
    assert upload_files.save_upload_file(io.BytesIO(content), row.public_id, deadline=time.monotonic() + 60)[1] == len(
        content
    )
    assert keys(bucket) == {f"portal.test/uploads/{row.public_id}"}
    machine("worker")
    with upload_files.open_upload_file(row.public_id) as file:
        assert file.read() == content
    assert delete_old_uploads() == 0, "an orphan is kept for a day"
    assert [name for name, _file in upload_files.list_upload_files()] == [str(row.public_id)]
    upload_files.delete_upload_file(row.public_id)
    assert keys(bucket) == set()


@pytest.mark.django_db
def test_what_is_attached_on_one_machine_is_given_by_another_and_goes_with_its_row(
    machine: Any, bucket: Any, django_capture_on_commit_callbacks: Any
) -> None:
    make_leaflet_tables()
    row = save_attached_file(Leaflet(title="a"), check_document(upload("a.pdf", PDF)))
    orphan = "portal.test/attached/messages.leaflet/00000000-0000-4000-8000-000000000001"
    bucket.put_object(Key=orphan, Body=b"x")
    machine("worker")
    assert delete_orphaned_files(Leaflet) == 0, "an orphan is kept for a day"
    answer = serve_attached_file(row)
    with answer.file_to_stream as file:  # not the answer: whose end is also that of the database connection
        assert (file.read(), answer["Content-Length"]) == (PDF, str(len(PDF)))
    assert keys(bucket) == {f"portal.test/attached/messages.leaflet/{row.public_id}", orphan}
    with django_capture_on_commit_callbacks(execute=True):
        row.delete()
    assert keys(bucket) == {orphan}


@pytest.mark.django_db
def test_a_bucket_that_is_away_is_said_so(machine: Any, world: World, web: Any) -> None:
    export = queued(world, state=Export.State.READY, finished_at=timezone.now(), attempts=1)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        machine("web", endpoint=f"http://127.0.0.1:{closed.getsockname()[1]}")
        assert web("partner.admin").get(reverse("export_file", args=[export.public_id])).status_code == 503
        with pytest.raises(TemporarilyUnavailable):
            list(list_private_files("exports"))


def test_a_bucket_that_hangs_is_waited_for_once(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = Config(connect_timeout=0.3, read_timeout=0.3, retries={"total_max_attempts": 1})
    monkeypatch.setattr(private_bucket, "CLIENT", quick)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(0.5)
        machine("web", endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        for _number in range(3):
            with pytest.raises(TemporarilyUnavailable):
                open_private_file_for_reading("exports/x")
        silent.accept()[0].close()
        with pytest.raises(TimeoutError):
            silent.accept()


def test_that_there_is_no_such_file_is_an_answer(machine: Any) -> None:
    for _number in range(2):
        with pytest.raises(FileNotFoundError):
            open_private_file_for_reading("exports/x")
    with open_private_file_for_writing("exports/x") as file:
        file.write(b"x")
    with open_private_file_for_reading("exports/x") as file:
        assert file.read() == b"x"


def test_no_address_of_the_storage_is_given(machine: Any) -> None:
    from django.core.files.storage import storages

    with pytest.raises(NotImplementedError):
        storages["private"].url("exports/x")
