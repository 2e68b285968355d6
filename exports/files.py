"""The files of exports: each attempt writes its own, so one that lost its lease writes into nobody else's."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from typing import IO

from django.http import FileResponse

from exports.models import Export
from partnerportal.lib.private_files import StoredFile, answer_with_file, delete_file, list_files, read_file, write_file

FOLDER = "exports"
CSV = "text/csv; charset=utf-8"


def file_name(export: Export) -> str:
    """Return the name of the file that the export's present attempt writes, or has written."""
    return f"{FOLDER}/{export.public_id}.{export.attempts}"


def write_export(export: Export) -> AbstractContextManager[IO[bytes]]:
    """Open the file of the export's present attempt for writing; it is there, whole, when the block ends."""
    return write_file(file_name(export))


def read_export(export: Export) -> IO[bytes]:
    """Open the file of the export's present attempt for reading. Raises FileNotFoundError."""
    return read_file(file_name(export))


def answer_with_export(export: Export) -> FileResponse:
    """An answer that streams the file. Raises FileNotFoundError."""
    return answer_with_file(file_name(export), CSV)


def delete_export(export: Export) -> None:
    """Delete the file of the export's present attempt, if there is one."""
    delete_file(file_name(export))


def list_exports() -> Iterator[tuple[str, int, StoredFile]]:
    """Every file that lies there, with the public id and the attempt of its export. What is not ours is left out."""
    for file in list_files(FOLDER):
        public_id, _dot, attempt = file.name.partition(".")
        with suppress(ValueError):
            yield public_id, int(attempt), file
