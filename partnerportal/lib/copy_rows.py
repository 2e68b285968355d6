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
    """A readable stream of rows in the text format of PostgreSQL's COPY.

    Rows are converted piece by piece as the database driver reads.
    """

    def __init__(self, rows: Iterable[tuple[object, ...]]) -> None:
        self._rows: Iterator[tuple[object, ...]] = iter(rows)
        self._left = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, fewer only at the end; a negative size returns all that is left."""
        while size < 0 or len(self._left) < size:
            piece = "".join("\t".join(map(_field, row)) + "\n" for row in islice(self._rows, 2000)).encode()
            if not piece:
                break
            self._left += piece
        end = len(self._left) if size < 0 else size
        taken, self._left = self._left[:end], self._left[end:]
        return taken
