"""Files of uploads that wait to be read: where they lie, and how they are written and read in bounded memory."""

import gzip
import hashlib
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO, Any, BinaryIO, Protocol, cast
from uuid import UUID

from django.conf import settings

from partnerportal.lib.private_files import (
    StoredFile,
    delete_private_file,
    list_private_files,
    open_private_file_for_reading,
    open_private_file_for_writing,
)

FOLDER = "uploads"  # below the private files
CHUNK = 1 << 18  # bytes that are copied at a time
SHORTEST = 64  # bytes that a line has on average at least: a file of shorter ones could keep a worker for hours
# Bytes that each byte sent may unpack to. Lines of the feed pack to a fortieth at best, a bomb to a thousandth.
MOST_UNPACKED = 200
MOST_BLANK = 1000  # blank lines that a file may have, besides one for each line that is not blank
GZIP = b"\x1f\x8b"  # the bytes with which every gzip file begins, and no line of JSON


class DamagedUploadFile(Exception):
    """Raised when a file cannot be read to its end. `code` is the reason, such as "gzip_damaged"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class PeekableFile(Protocol):
    """The interface of a file that an import reads and can look ahead in.

    Files of `open(…, "rb")` and standard input have it.
    """

    def readline(self, size: int = -1, /) -> bytes: ...
    def peek(self, size: int = 0, /) -> bytes: ...
    def tell(self) -> int: ...


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


class DecompressingUploadReader:
    """A reader of the lines of a stored file, which decompresses gzip and stops at the limits for feeds.

    `size` is how many bytes were sent, where that is known. `sent` is how many of them have been read. Reading raises
    DamagedUploadFile: `gzip_damaged`, `unpacked_too_large`, `too_many_lines`, `too_many_blank_lines`.
    """

    def __init__(self, file: PeekableFile, size: int | None = None) -> None:
        self._file = file
        packed = file.peek(len(GZIP))[: len(GZIP)] == GZIP
        self._stream: Any = gzip.GzipFile(fileobj=cast(BinaryIO, file), mode="rb") if packed else file
        self._left = settings.INGEST_UNPACKED_BYTES
        if size is not None:
            self._left = min(self._left, MOST_UNPACKED * size)
        self._lines_left = self._left // SHORTEST + MOST_BLANK
        self._blanks_left = MOST_BLANK
        self.sent = 0

    def _note_sent(self) -> None:
        with suppress(OSError):  # a pipe cannot say how much of it has been read
            self.sent = self._file.tell()

    def readline(self, size: int = -1) -> bytes:
        """Return the next line, or its first `size` bytes; empty at the end. Raises DamagedUploadFile."""
        self._lines_left -= 1
        if self._lines_left < 0:
            raise DamagedUploadFile("too_many_lines")
        line = self._bounded(self._stream.readline, size)
        if line:
            self._blanks_left += 1 if line.strip() else -1
        if self._blanks_left < 0:
            raise DamagedUploadFile("too_many_blank_lines")
        return line

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, or what is left of the file. Raises DamagedUploadFile."""
        return self._bounded(self._stream.read, size)

    def _bounded(self, read: Callable[[int], bytes], size: int) -> bytes:
        """Return what `read` returns for `size`. Raises DamagedUploadFile if it fails or the file is too large."""
        try:
            line = read(size)
        except (EOFError, OSError, zlib.error):
            raise DamagedUploadFile("gzip_damaged") from None
        self._note_sent()
        self._left -= len(line)
        if self._left < 0:
            raise DamagedUploadFile("unpacked_too_large")
        return line
