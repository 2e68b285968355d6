"""The results of a batch of rows: of those that are malformed or come twice, and of those that the kind judges."""

from collections.abc import Callable, Sequence
from hashlib import sha256

from partnerportal.lib.imports.kinds import ImportKind, ImportRow
from partnerportal.lib.imports.results import RowOutcome, RowResult


class KeysSeen:
    """The values of the kind's `key_columns` so far, each as a digest of 16 bytes, so that long ones take no memory."""

    def __init__(self, kind: ImportKind) -> None:
        self.columns = kind.key_columns
        self.digests: set[bytes] = set()

    def has_seen(self, row: ImportRow) -> bool:
        """Return whether an earlier row without a problem had the same key, and remember that of this row."""
        if not self.columns or row.problem:
            return False
        key = "\0".join(row.values[column].casefold() for column in self.columns)  # the reader refuses NUL
        digest = sha256(key.encode()).digest()[:16]
        if digest in self.digests:
            return True
        self.digests.add(digest)
        return False


def judge_batch(
    batch: Sequence[ImportRow], keys: KeysSeen, ask_kind: Callable[[list[ImportRow]], Sequence[RowResult]]
) -> list[RowResult]:
    """Return the result of each row of a batch, in this order.

    `ask_kind` is given the rows that are well formed and come for the first time, if there are any, and returns theirs.
    """
    repeated = {row.number for row in batch if keys.has_seen(row)}
    good = [row for row in batch if not row.problem and row.number not in repeated]
    answers = ask_kind(good) if good else []
    by_number = dict(zip((row.number for row in good), answers, strict=True))
    return [by_number.get(row.number) or _judge_shape(row) for row in batch]


def _judge_shape(row: ImportRow) -> RowResult:
    """Return the result of a row that the kind is not asked about: it is malformed, or there already."""
    return RowResult(RowOutcome.BAD, row.problem) if row.problem else RowResult(RowOutcome.DUPLICATE)
