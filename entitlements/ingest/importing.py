"""The vendor's feed comes in: read, checked, stored in batches, a result for every line."""

import datetime as dt
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from django.db import DataError, IntegrityError
from django.utils import timezone

from entitlements.actions.assignments import store_assignments
from entitlements.actions.facts import store_facts
from entitlements.actions.usage import store_usage_facts
from entitlements.facts import Answers, Fact, Outcome, Problem
from entitlements.ingest import reading
from entitlements.ingest.reading import BadLine
from entitlements.ingest.upload_files import Damaged
from partnerportal.lib.actors import Actor
from partnerportal.lib.policies import authorize_staff

# By weight: days of use and licences held; anything else weighs four, an order four more for each line. Each customer
# of a batch is locked until it is committed, and the database has room for some thousands of locks in all: another day
# of a customer who is in the batch weighs a fifth.
BATCH = 2000
LIGHT = ("usage", "assignment")
ANOTHER_DAY = 0.2
MOST_BAD = 1000  # lines at the head of a feed that cannot be read: it is something else, and nobody wants the rest
LONGEST = 20.0  # seconds that a batch is read: with each its reader says that it lives, also where lines are monsters
Store = Callable[..., Answers]


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
    stream: reading.Lines,
    report: Callable[[Result], None] = lambda result: None,
    with_events: bool = True,
    at: dt.datetime | None = None,
    types: Container[str] = reading.TYPES,
    progress: Callable[[Counter[Outcome]], None] = lambda counts: None,
    start: int = 0,
) -> Counter[Outcome]:
    """Store what a feed says (docs/feed.md) and report each line in order. Returns how many had which outcome, and
    calls `progress` with it after each batch. What `types` leaves out is an error; the first `start` lines are passed
    over.

    Each batch is a transaction of its own, so an import that was interrupted is simply run again: what is there already
    is left untouched. A line is stored whole or not at all, and never takes another line with it. Memory does not grow
    with the feed. `at` is when the news became known; the default is now.

    Raises Damaged when the stream cannot be read to its end, or begins with MOST_BAD lines of which none can be read;
    what came before that is stored and reported.
    """
    authorize_staff(actor)
    counts: Counter[Outcome] = Counter()
    head = _Head()
    with closing(_Seen()) as seen:
        lines = seen.first_only(reading.read(stream, types, start))
        for batch in _batches(lines if start else head.until_hopeless(lines)):
            for result in _import_batch(actor, batch, with_events, at or timezone.now()):
                counts[result.outcome] += 1
                report(result)
            progress(counts)
    if head.is_hopeless:
        raise Damaged("too_many_bad_lines")
    return counts


def _batches(lines: Iterable[Fact | BadLine | None]) -> Iterator[list[Fact | BadLine]]:
    batch: list[Fact | BadLine] = []
    customers: set[str] = set()  # with days in it
    weight, begun = 0.0, time.monotonic()
    for line in lines:
        if line:
            batch.append(line)
            weight += _weight(line, customers)
        if weight >= BATCH or time.monotonic() - begun > LONGEST:
            yield batch
            batch, customers = [], set()
            weight, begun = 0.0, time.monotonic()
    if batch:
        yield batch


def _weight(line: Fact | BadLine, customers: set[str]) -> float:
    if isinstance(line, BadLine):
        return 1
    if line.type == "usage":
        customer = line.values["customer"]
        if customer in customers:
            return ANOTHER_DAY
        customers.add(customer)
    if line.type in LIGHT:
        return 1
    return 4 * (1 + len(line.values.get("lines", ())))


def _import_batch(actor: Actor, batch: list[Fact | BadLine], with_events: bool, at: dt.datetime) -> list[Result]:
    results = [_refused(line, line.problems) for line in batch if isinstance(line, BadLine)]
    facts = [line for line in batch if isinstance(line, Fact)]
    ways: tuple[tuple[Container[str], Store], ...] = (
        (("sku", "entitlement", "order"), partial(store_facts, actor=actor, with_events=with_events, at=at)),
        (("usage",), partial(store_usage_facts, actor=actor)),
        (("assignment",), partial(store_assignments, actor=actor)),
    )
    for types, how in ways:  # SKUs first, because the others name them
        results += _store([fact for fact in facts if fact.type in types], how)
    return sorted(results, key=lambda result: result.line)


def _store(facts: list[Fact], how: Store) -> Iterator[Result]:
    """Should the database refuse a batch, halves are tried until only the line at fault is left out."""
    if not facts:
        return
    try:
        outcomes = how(facts=facts)
    except (IntegrityError, DataError):
        if len(facts) == 1:
            yield _refused(facts[0], [Problem("refused_by_database", "The database does not accept this line.")])
            return
        middle = len(facts) // 2
        yield from _store(facts[:middle], how)
        yield from _store(facts[middle:], how)
        return
    for fact in facts:
        outcome = outcomes[fact.line]
        if isinstance(outcome, Problem):
            yield _refused(fact, [outcome])
        else:
            yield Result(fact.line, fact.type, fact.key, outcome)


def _refused(line: Fact | BadLine, problems: list[Problem]) -> Result:
    return Result(line.line, line.type, line.key, Outcome.ERROR, tuple(problems))


class _Head:
    """Ends a feed after MOST_BAD lines when none of them could be read."""

    def __init__(self) -> None:
        self.is_hopeless = False

    def until_hopeless(self, lines: Iterable[Fact | BadLine | None]) -> Iterator[Fact | BadLine | None]:
        lines = iter(lines)
        bad = 0
        for line in lines:
            yield line
            bad += isinstance(line, BadLine)
            if bad >= MOST_BAD:
                self.is_hopeless = True
                return
            if isinstance(line, Fact):
                break
        yield from lines


class _Seen:
    """The keys of the feed so far, in a temporary database that spills to disk: exact, and memory stays bounded."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("")
        self._db.execute("CREATE TABLE seen (type TEXT, key TEXT, line INT, PRIMARY KEY (type, key)) WITHOUT ROWID")

    def first_only(self, lines: Iterable[Fact | BadLine | None]) -> Iterator[Fact | BadLine | None]:
        """The lines, with the second one about the same thing turned into an error. Of days and assignments the later
        one counts: there may be too many to remember."""
        for line in lines:
            earlier = self._add(line) if isinstance(line, Fact) and line.type not in LIGHT else None
            if line and earlier:
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
