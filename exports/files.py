"""The files of exports. Each attempt has its own, so one that lost its lease cannot spoil the file of another one."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from typing import IO, Any

from django.http import FileResponse, HttpResponse

from exports.models import Export
from partnerportal.lib.private_files import (
    CSV,
    StoredFile,
    add_csv_download_headers,
    build_private_file_response,
    delete_private_file,
    list_files_by_public_id,
    open_private_file_for_reading,
    open_private_file_for_writing,
)

FOLDER = "exports"  # within the portal's private files


def build_export_file_name(export: Export) -> str:
    """Return the path of an export's file within the private files: folder, public id and number of the attempt."""
    return f"{FOLDER}/{export.public_id}.{export.attempts}"


def open_export_for_writing(export: Export) -> AbstractContextManager[IO[bytes]]:
    """Return a context manager that opens an export's file for writing bytes.

    The file appears only when the block ends, so that nobody reads half of it.
    """
    return open_private_file_for_writing(build_export_file_name(export))


def open_export_for_reading(export: Export) -> IO[bytes]:
    """Open an export's file for reading bytes. Raises FileNotFoundError if there is none."""
    return open_private_file_for_reading(build_export_file_name(export))


def stream_export_file(export: Export) -> FileResponse:
    """Return a response that streams an export's CSV file. Raises FileNotFoundError if there is none."""
    return build_private_file_response(build_export_file_name(export), CSV)


def add_download_headers(response: Any, export: Export) -> HttpResponse:
    """Add headers to a response so that browsers save it as a CSV file named after the list; return the response."""
    return add_csv_download_headers(response, export.list)


def delete_export_file(export: Export) -> None:
    """Delete the file of an export's latest attempt, if there is one."""
    delete_private_file(build_export_file_name(export))


def list_export_files() -> Iterator[tuple[str, int, StoredFile]]:
    """Yield each stored export file as a tuple: the export's public id, the number of the attempt, and the file.

    Files with other names are left out.
    """
    for public_id, attempt, file in list_files_by_public_id(FOLDER):
        with suppress(ValueError):
            yield public_id, int(attempt), file
