"""Files of uploads that wait to be read: where they lie, and how they are written in bounded memory."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import IO
from uuid import UUID

from partnerportal.lib.private_files import (
    StoredFile,
    delete_private_file,
    list_private_files,
    open_private_file_for_reading,
    open_private_file_for_writing,
)

FOLDER = "uploads"  # below the private files
CHUNK = 1 << 18  # bytes that are copied at a time


class UploadTooSlow(Exception):
    """Raised when a file is not sent before its deadline."""


def _file_name(public_id: UUID) -> str:
    return f"{FOLDER}/{public_id}"


def open_upload_file(public_id: UUID) -> IO[bytes]:
    """Open the stored file of an upload for reading. Raises FileNotFoundError if there is none."""
    return open_private_file_for_reading(_file_name(public_id))


def delete_upload_file(public_id: UUID) -> None:
    """Delete the stored file of an upload, if there is one."""
    delete_private_file(_file_name(public_id))


def save_upload_file(stream: IO[bytes], public_id: UUID, *, deadline: float) -> tuple[str, int, bytes]:
    """Store the bytes of a stream as the file of an upload, and return their SHA-256 in hex, size and first two bytes.

    The file is stored whole or not at all. Raises UploadTooSlow after `deadline`, in seconds of the monotonic clock.
    """
    digest, size, head = hashlib.sha256(), 0, b""
    with open_private_file_for_writing(_file_name(public_id)) as file:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            head = head or chunk[:2]
            file.write(chunk)
            if time.monotonic() > deadline:
                raise UploadTooSlow
    return digest.hexdigest(), size, head


def list_upload_files() -> Iterator[tuple[str, StoredFile]]:
    """Yield the public id and the file of every stored upload. Other files are left out."""
    for file in list_private_files(FOLDER):
        with suppress(ValueError):
            yield str(UUID(file.name)), file
