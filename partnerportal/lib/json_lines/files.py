"""The reader of files of JSON Lines, plain or packed by gzip, in bounded memory."""

import gzip
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO, Protocol, cast

from django.conf import settings

SHORTEST = 64  # bytes that a line has on average at least: a file of shorter ones could keep a worker for hours
# Bytes that each byte sent may unpack to. Lines of the feed pack to a fortieth at best, a bomb to a thousandth.
MOST_UNPACKED = 200
MOST_BLANK = 1000  # blank lines that a file may have, besides one for each line that is not blank
GZIP = b"\x1f\x8b"  # the bytes with which every gzip file begins, and no line of JSON


class DamagedFile(Exception):
    """Raised when a file cannot be read to its end. `code` is the reason, such as "gzip_damaged"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class PeekableFile(Protocol):
    """The interface of a file that can be looked ahead in.

    Files of `open(…, "rb")` and standard input have it.
    """

    def readline(self, size: int = -1, /) -> bytes: ...
    def peek(self, size: int = 0, /) -> bytes: ...
    def tell(self) -> int: ...


class DecompressingReader:
    """A reader of the lines of a file, which decompresses gzip and stops at the limits for such files.

    `size` is how many bytes were sent, where that is known. `sent` is how many of them have been read. Reading raises
    DamagedFile: `gzip_damaged`, `unpacked_too_large`, `too_many_lines`, `too_many_blank_lines`.
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
        """Return the next line, or its first `size` bytes; empty at the end. Raises DamagedFile."""
        self._lines_left -= 1
        if self._lines_left < 0:
            raise DamagedFile("too_many_lines")
        line = self._bounded(self._stream.readline, size)
        if line:
            self._blanks_left += 1 if line.strip() else -1
        if self._blanks_left < 0:
            raise DamagedFile("too_many_blank_lines")
        return line

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, or what is left of the file. Raises DamagedFile."""
        return self._bounded(self._stream.read, size)

    def _bounded(self, read: Callable[[int], bytes], size: int) -> bytes:
        """Return what `read` returns for `size`. Raises DamagedFile if it fails or the file is too large."""
        try:
            line = read(size)
        except (EOFError, OSError, zlib.error):
            raise DamagedFile("gzip_damaged") from None
        self._note_sent()
        self._left -= len(line)
        if self._left < 0:
            raise DamagedFile("unpacked_too_large")
        return line
