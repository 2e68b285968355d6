"""Files that belong to rows: stored whole, given under their names, gone with their rows, swept without one."""

import hashlib
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
from csp.middleware import CSPMiddleware
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, connection, transaction
from django.db.models.signals import post_delete
from django.http import HttpRequest

from partnerportal.lib import attached_files, tenancy
from partnerportal.lib.attached_files import (
    delete_orphaned_files,
    open_attached_file,
    save_attached_file,
    serve_attached_file,
)
from partnerportal.lib.errors import NoLongerExists, TemporarilyUnavailable
from partnerportal.lib.uploaded_files import check_document, encode_image
from tests.leaflets import Cover, Leaflet, Note, make_leaflet_tables
from tests.uploads import PDF, office, picture, upload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.PRIVATE_ROOT = tmp_path
    return tmp_path


@pytest.fixture(autouse=True)
def tables(db: None) -> None:
    make_leaflet_tables()


def stored(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def body(answer: Any) -> bytes:
    try:
        return b"".join(answer)
    finally:
        answer.file_to_stream.close()


def leaflet(title: str = "a", file: UploadedFile | None = None) -> Leaflet:
    return save_attached_file(Leaflet(title=title), check_document(file or upload("a.pdf", PDF)))


def test_a_file_is_stored_with_what_is_known_of_it(folder: Path) -> None:
    content = office("docx", ("word/a.bin", os.urandom(700_000)))
    row = leaflet(file=upload("C:\\報告書\u202e.docx", content, "text/html"))
    row.refresh_from_db()
    assert (row.name, row.size, row.sha256) == ("報告書.docx", len(content), hashlib.sha256(content).hexdigest())
    assert row.content_type.endswith("wordprocessingml.document")
    assert stored(folder) == {f"attached/messages.leaflet/{row.public_id}"}
    with open_attached_file(row) as file:
        assert file.read() == content
    assert [path.stat().st_mode & 0o77 for path in folder.rglob("*")] == [0, 0, 0]


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("Price list.pdf", 'attachment; filename="Price list.pdf"'),
        ("報告書.pdf", "attachment; filename*=utf-8''%E5%A0%B1%E5%91%8A%E6%9B%B8.pdf"),
        ("Übersicht (1).pdf", "attachment; filename*=utf-8''%C3%9Cbersicht%20%281%29.pdf"),
        ('a"; filename="b.exe.pdf', r'attachment; filename="a\"; filename=\"b.exe.pdf"'),
        ("a.pdf\r\nSet-Cookie: x=1.pdf", 'attachment; filename="a.pdf Set-Cookie: x=1.pdf"'),
        ("gnp\u202efdp.pdf", 'attachment; filename="gnpfdp.pdf"'),
    ],
)
def test_a_file_is_given_under_its_name_and_does_nothing_in_a_browser(name: str, header: str) -> None:
    answer = serve_attached_file(leaflet(file=upload(name, PDF, "text/html")), inline=True)
    assert (body(answer), answer["Content-Length"]) == (PDF, str(len(PDF)))
    assert answer["Content-Disposition"].lower() == header.lower()
    assert re.fullmatch(r"[ -~]+", answer["Content-Disposition"])
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/pdf", "nosniff")
    assert answer["Cache-Control"] == "private, no-store"


def test_only_a_picture_is_shown_in_a_page() -> None:
    cover = encode_image(upload("表紙.jpg", picture("JPEG")), box=(64, 64))
    row = save_attached_file(Cover(leaflet=leaflet()), cover)
    shown, saved = serve_attached_file(row, inline=True), serve_attached_file(row)
    assert shown["Content-Disposition"].startswith("inline; ") and saved["Content-Disposition"].startswith(
        "attachment; "
    )
    assert shown["Content-Type"] == "image/webp" and body(shown)[8:12] == b"WEBP" != body(saved)[:4]


def test_the_policy_of_the_pages_does_not_replace_that_of_files() -> None:
    answer = serve_attached_file(leaflet())
    answer.file_to_stream.close()
    request = HttpRequest()
    middleware = CSPMiddleware(lambda _request: answer)
    middleware.process_request(request)
    middleware.process_response(request, answer)
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_row_whose_file_is_lost_says_so(folder: Path) -> None:
    row = leaflet()
    (folder / row.path).unlink()
    with pytest.raises(NoLongerExists, match="file_lost"):
        serve_attached_file(row)
    with pytest.raises(FileNotFoundError):
        open_attached_file(row)


def test_a_row_that_cannot_be_stored_leaves_no_file(folder: Path) -> None:
    kept = leaflet("a")
    with pytest.raises(IntegrityError), transaction.atomic():
        leaflet("a")
    assert stored(folder) == {kept.path}


def test_a_file_that_cannot_be_stored_leaves_no_row(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sync(_number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(TemporarilyUnavailable, match="no_space"):
        leaflet()
    assert not Leaflet.objects.exists() and stored(folder) == set()


@pytest.mark.parametrize(
    "delete",
    [lambda row: row.delete(), lambda row: Leaflet.objects.filter(pk=row.pk).delete()],
    ids=["the row", "a queryset"],
)
def test_a_file_goes_with_its_row_and_not_before_it_is_sure(
    folder: Path, delete: Any, django_capture_on_commit_callbacks: Any
) -> None:
    row, kept = leaflet("a"), leaflet("b")
    cover = save_attached_file(Cover(leaflet=row), encode_image(upload("a.png", picture("PNG")), box=(9, 9)))
    paths = {row.path, kept.path, cover.path}
    with (
        django_capture_on_commit_callbacks(execute=True),
        pytest.raises(ZeroDivisionError),
        transaction.atomic(),
    ):
        delete(row)
        raise ZeroDivisionError
    assert stored(folder) == paths
    with django_capture_on_commit_callbacks(execute=True):
        delete(Leaflet.objects.get(title="a"))
        assert stored(folder) == paths
    assert stored(folder) == {kept.path}


def test_a_deletion_is_done_though_the_file_cannot_go_now(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: Any,
) -> None:
    def fail(_name: str) -> None:
        raise TemporarilyUnavailable("files_unavailable", "away")

    row = leaflet()
    path = row.path
    monkeypatch.setattr(attached_files, "delete_private_file", fail)
    with django_capture_on_commit_callbacks(execute=True):
        row.delete()
    assert not Leaflet.objects.exists() and stored(folder) == {path} and "files_unavailable" in caplog.text


def test_other_models_are_deleted_as_fast_as_before() -> None:
    assert post_delete.has_listeners(Leaflet) and not post_delete.has_listeners(Note)


def test_the_sweep_takes_what_has_no_row_for_a_day(folder: Path) -> None:
    row = leaflet("a")
    cover = save_attached_file(Cover(leaflet=row), encode_image(upload("a.png", picture("PNG")), box=(9, 9)))
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        young = leaflet("b").path
        raise ZeroDivisionError
    old = f"{Leaflet.get_folder()}/00000000-0000-4000-8000-000000000001"
    half = f"{Leaflet.get_folder()}/00000000-0000-4000-8000-000000000002.part"
    foreign = [f"{Leaflet.get_folder()}/README", "exports/00000000-0000-4000-8000-000000000003.1"]
    for name in (old, half, *foreign):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
    yesterday = time.time() - 25 * 3600
    for name in (old, half, *foreign, row.path, cover.path):
        os.utime(folder / name, (yesterday, yesterday))
    assert delete_orphaned_files(Leaflet) == 2
    assert stored(folder) == {row.path, cover.path, young, *foreign}
    assert delete_orphaned_files(Cover) == 0


def test_a_process_that_does_not_see_every_row_sweeps_nothing(folder: Path) -> None:
    """Or the files of all others would look as if they had no row."""
    row = leaflet()
    os.utime(folder / row.path, (0, 0))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE messages_leaflet ENABLE ROW LEVEL SECURITY")
        cursor.execute(f"GRANT SELECT ON messages_leaflet TO {tenancy.APP_ROLE}")
    with tenancy.as_tenant(organization_id=None), pytest.raises(AssertionError, match="orphaned"):
        delete_orphaned_files(Leaflet)
    assert stored(folder) == {row.path}
    assert delete_orphaned_files(Leaflet) == 0
