"""Rows in the text format that PostgreSQL's COPY reads."""

import io
from collections.abc import Iterable, Iterator
from itertools import islice

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _field(value: object) -> str:
    if value is None:
        return "\\N"
    return value.translate(_ESCAPES) if isinstance(value, str) else str(value)


class CopyTextStream(io.RawIOBase):
    """A file-like object of rows in COPY's text format, made a piece at a time as the driver reads it."""

    def __init__(self, rows: Iterable[tuple[object, ...]]) -> None:
        self._rows: Iterator[tuple[object, ...]] = iter(rows)
        self._left = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return the next `size` bytes, or fewer at the end; all that is left for a negative size."""
        while size < 0 or len(self._left) < size:
            piece = "".join("\t".join(map(_field, row)) + "\n" for row in islice(self._rows, 2000)).encode()
            if not piece:
                break
            self._left += piece
        end = len(self._left) if size < 0 else size
        taken, self._left = self._left[:end], self._left[end:]
        return taken
