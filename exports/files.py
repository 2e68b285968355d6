"""The files of exports. Each attempt has its own, so one that lost its lease cannot spoil the file of another one."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from typing import IO, Any

from django.http import FileResponse, HttpResponse

from exports.models import Export
from partnerportal.lib.days import today
from partnerportal.lib.private_files import StoredFile, answer_with_file, delete_file, list_files, read_file, write_file

FOLDER = "exports"  # within the portal's private files
CSV = "text/csv; charset=utf-8"


def build_export_file_name(export: Export) -> str:
    """Return the name of the file of the export's present attempt, with its folder."""
    return f"{FOLDER}/{export.public_id}.{export.attempts}"


def open_export_for_writing(export: Export) -> AbstractContextManager[IO[bytes]]:
    """Open the file of the export's present attempt for writing; it exists, as a whole, once the block has ended."""
    return write_file(build_export_file_name(export))


def open_export_for_reading(export: Export) -> IO[bytes]:
    """Open the file of the export's present attempt for reading. Raises FileNotFoundError if there is none."""
    return read_file(build_export_file_name(export))


def stream_export_file(export: Export) -> FileResponse:
    """Return a response that streams the export's file. Raises FileNotFoundError if there is none."""
    return answer_with_file(build_export_file_name(export), CSV)


def add_download_headers(response: Any, export: Export) -> HttpResponse:
    """Add headers to the response by which a browser saves the file under a name, and neither caches nor runs it."""
    name = f"{export.list.replace('_', '-')}-{today().isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    download: HttpResponse = response
    return download


def delete_export_file(export: Export) -> None:
    """Delete the file of the export's present attempt, if there is one."""
    delete_file(build_export_file_name(export))


def list_export_files() -> Iterator[tuple[str, int, StoredFile]]:
    """Yield every stored file with the public id and the attempt of its export; files of other names are left out."""
    for file in list_files(FOLDER):
        public_id, _dot, attempt = file.name.partition(".")
        with suppress(ValueError):
            yield public_id, int(attempt), file
