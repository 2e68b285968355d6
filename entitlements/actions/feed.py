"""The vendor's feed comes in: read, checked, stored in batches, a result for every line."""

import datetime as dt
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO

from django.db import DataError, IntegrityError
from django.utils import timezone

from entitlements import feed
from entitlements.actions.facts import Outcome, store
from entitlements.feed import BadLine, Fact, Problem
from partnerportal.lib.actors import Actor
from partnerportal.lib.policies import authorize_staff

BATCH = 500  # lines; an order weighs as many more as it has lines


@dataclass(frozen=True)
class Result:
    """What became of one line. `problems` is empty unless the outcome is an error."""

    line: int
    type: str
    key: str
    outcome: Outcome
    problems: tuple[Problem, ...] = ()


def import_feed(
    *,
    actor: Actor,
    stream: BinaryIO,
    report: Callable[[Result], None] = lambda result: None,
    with_events: bool = True,
    at: dt.datetime | None = None,
) -> Counter[Outcome]:
    """Store what a feed says (docs/feed.md) and report each line in order. Returns how many had which outcome.

    Each batch is a transaction of its own, so an import that was interrupted is simply run again: what is there already
    is left untouched. A line is stored whole or not at all, and never takes another line with it. Memory does not grow
    with the feed. `at` is when the news became known; the default is now.
    """
    authorize_staff(actor)
    counts: Counter[Outcome] = Counter()
    with closing(_Seen()) as seen:
        for batch in _batches(seen.first_only(feed.read(stream))):
            for result in _import_batch(actor, batch, with_events, at or timezone.now()):
                counts[result.outcome] += 1
                report(result)
    return counts


def _batches(lines: Iterable[Fact | BadLine]) -> Iterator[list[Fact | BadLine]]:
    batch: list[Fact | BadLine] = []
    weight = 0
    for line in lines:
        batch.append(line)
        weight += line.weight
        if weight >= BATCH:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _import_batch(actor: Actor, batch: list[Fact | BadLine], with_events: bool, at: dt.datetime) -> list[Result]:
    results = [_refused(line, line.problems) for line in batch if isinstance(line, BadLine)]
    results += _store(actor, [line for line in batch if isinstance(line, Fact)], with_events, at)
    return sorted(results, key=lambda result: result.line)


def _store(actor: Actor, facts: list[Fact], with_events: bool, at: dt.datetime) -> Iterator[Result]:
    """Should the database refuse a batch, halves are tried until only the line at fault is left out."""
    if not facts:
        return
    try:
        outcomes = store(actor=actor, facts=facts, with_events=with_events, at=at)
    except (IntegrityError, DataError):
        if len(facts) == 1:
            yield _refused(facts[0], [Problem("refused_by_database", "The database does not accept this line.")])
            return
        middle = len(facts) // 2
        yield from _store(actor, facts[:middle], with_events, at)
        yield from _store(actor, facts[middle:], with_events, at)
        return
    for fact in facts:
        outcome = outcomes[fact.line]
        if isinstance(outcome, Problem):
            yield _refused(fact, [outcome])
        else:
            yield Result(fact.line, fact.type, fact.key, outcome)


def _refused(line: Fact | BadLine, problems: list[Problem]) -> Result:
    return Result(line.line, line.type, line.key, Outcome.ERROR, tuple(problems))


class _Seen:
    """The keys of the feed so far, in a temporary database that spills to disk: exact, and memory stays bounded."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("")
        self._db.execute("CREATE TABLE seen (type TEXT, key TEXT, line INT, PRIMARY KEY (type, key)) WITHOUT ROWID")

    def first_only(self, lines: Iterable[Fact | BadLine]) -> Iterator[Fact | BadLine]:
        """The lines, with the second one about the same thing turned into an error."""
        for line in lines:
            earlier = self._add(line) if isinstance(line, Fact) else None
            if earlier:
                reason = f"Line {earlier} is about the same {line.type} already."
                yield BadLine(line.line, [Problem("duplicate", reason)], line.type, line.key)
            else:
                yield line

    def _add(self, fact: Fact) -> int | None:
        added = self._db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (fact.type, fact.key, fact.line))
        if added.rowcount:
            return None
        found = self._db.execute("SELECT line FROM seen WHERE (type, key) = (?, ?)", (fact.type, fact.key))
        return int(found.fetchone()[0])

    def close(self) -> None:
        self._db.close()
