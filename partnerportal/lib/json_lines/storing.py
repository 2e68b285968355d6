"""The storing of the lines of a file: each once, and none that the database refuses takes another with it."""

import sqlite3
from collections.abc import Callable, Container, Iterable, Iterator

from django.db import DataError, IntegrityError

from partnerportal.lib.json_lines.facts import (
    Answers,
    LineOutcome,
    LineProblem,
    LineResult,
    UnreadableLine,
    ValidLine,
)

Store = Callable[..., Answers]


def store_in_halves(facts: list[ValidLine], store: Store) -> Iterator[LineResult]:
    """Store facts and yield the result of each.

    If the database refuses them, halves are tried until only the line at fault is left out.
    """
    if not facts:
        return
    try:
        outcomes = store(lines=facts)
    except (IntegrityError, DataError):
        if len(facts) == 1:
            yield refuse_line(facts[0], [LineProblem("refused_by_database", "The database does not accept this line.")])
            return
        middle = len(facts) // 2
        yield from store_in_halves(facts[:middle], store)
        yield from store_in_halves(facts[middle:], store)
        return
    for fact in facts:
        outcome = outcomes[fact.line]
        if isinstance(outcome, LineProblem):
            yield refuse_line(fact, [outcome])
        else:
            yield LineResult(fact.line, fact.type, fact.key, outcome)


def refuse_line(line: ValidLine | UnreadableLine, problems: list[LineProblem]) -> LineResult:
    """Return the result of a line that is left out."""
    return LineResult(line.line, line.type, line.key, LineOutcome.ERROR, tuple(problems))


class SeenKeys:
    """The keys of a file so far, in a temporary database that spills to disk: exact, and memory stays bounded.

    Lines of `passed` types are not remembered, because there may be too many: of these the later line counts.
    """

    def __init__(self, passed: Container[str] = ()) -> None:
        self.passed = passed
        self._db = sqlite3.connect("")
        self._db.execute("CREATE TABLE seen (type TEXT, key TEXT, line INT, PRIMARY KEY (type, key)) WITHOUT ROWID")

    def first_only(
        self, lines: Iterable[ValidLine | UnreadableLine | None]
    ) -> Iterator[ValidLine | UnreadableLine | None]:
        """Yield the lines, with a second line about the same thing turned into an error."""
        for line in lines:
            earlier = self._add(line) if isinstance(line, ValidLine) and line.type not in self.passed else None
            if line and earlier:
                reason = f"Line {earlier} is about the same {line.type} already."
                yield UnreadableLine(line.line, [LineProblem("duplicate", reason)], line.type, line.key)
            else:
                yield line

    def _add(self, fact: ValidLine) -> int | None:
        """Remember the key of a fact. Return the number of the earlier line about the same thing, or None."""
        added = self._db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (fact.type, fact.key, fact.line))
        if added.rowcount:
            return None
        earlier = self._db.execute("SELECT line FROM seen WHERE (type, key) = (?, ?)", (fact.type, fact.key))
        return int(earlier.fetchone()[0])

    def close(self) -> None:
        """Delete the temporary database."""
        self._db.close()
