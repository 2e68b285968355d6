"""Files that were sent and wait to be read: where they lie, and how they are written and read in bounded memory."""

import gzip
import hashlib
import os
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, Protocol, cast
from uuid import UUID

from django.conf import settings

from partnerportal.lib.private_files import private_folder

CHUNK = 1 << 18
SHORTEST = 64  # bytes a line, on average: a file of shorter ones, such as blanks, could keep a worker for hours
GZIP = b"\x1f\x8b"  # how every gzip file begins, and no line of JSON


class Damaged(Exception):
    """The file cannot be read to its end. `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Peekable(Protocol):
    """What is read of a file; `open(…, "rb")` and standard input are such."""

    def readline(self, size: int = -1, /) -> bytes: ...
    def peek(self, size: int = 0, /) -> bytes: ...
    def tell(self) -> int: ...


class TooSlow(Exception):
    pass


def folder() -> Path:
    return private_folder("uploads")


def stored(public_id: UUID) -> Path:
    return folder() / str(public_id)


def save(stream: IO[bytes], public_id: UUID, *, deadline: float) -> tuple[str, int, bytes]:
    """Write what the stream holds to disk, whole or not at all. Returns its SHA-256, its size and how it begins."""
    part = folder() / f"{public_id}.part"
    digest, size, head = hashlib.sha256(), 0, b""
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                head = head or chunk[:2]
                file.write(chunk)
                if time.monotonic() > deadline:
                    raise TooSlow
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, stored(public_id))
    finally:
        part.unlink(missing_ok=True)
    return digest.hexdigest(), size, head


def lying() -> Iterator[tuple[str, Path]]:
    """Every file of ours, with the upload it is of."""
    for path in folder().iterdir():
        name = path.name.removesuffix(".part")
        with suppress(ValueError):
            yield str(UUID(name)), path


class Unpacked:
    """The lines of a stored file, unpacked where they are packed, never more of it than the limits allow."""

    def __init__(self, file: Peekable) -> None:
        self._file = file
        packed = file.peek(len(GZIP))[: len(GZIP)] == GZIP
        self._stream: Any = gzip.GzipFile(fileobj=cast(BinaryIO, file), mode="rb") if packed else file
        self._left = settings.INGEST_UNPACKED_BYTES
        self._lines_left = self._left // SHORTEST
        self.sent = 0

    def _note(self) -> None:
        with suppress(OSError):  # a pipe does not know how much of it has been read
            self.sent = self._file.tell()

    def readline(self, size: int = -1) -> bytes:
        self._lines_left -= 1
        if self._lines_left < 0:
            raise Damaged("too_many_lines")
        return self._bounded(self._stream.readline, size)

    def read(self, size: int) -> bytes:
        return self._bounded(self._stream.read, size)

    def _bounded(self, how: Callable[[int], bytes], size: int) -> bytes:
        try:
            line = how(size)
        except (EOFError, OSError, zlib.error):
            raise Damaged("gzip_damaged") from None
        self._note()
        self._left -= len(line)
        if self._left < 0:
            raise Damaged("unpacked_too_large")
        return line
