"""The import of the vendor's feed: its lines are read, checked and stored in batches, with a result for every line."""

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import closing
from functools import partial

from django.utils import timezone

from entitlements.actions.assignments import store_licence_assignments
from entitlements.actions.facts import store_feed_lines
from entitlements.actions.usage import store_usage_lines
from entitlements.ingest import reading
from partnerportal.lib.actors import Actor
from partnerportal.lib.json_lines.facts import LineOutcome, LineResult, UnreadableLine, ValidLine
from partnerportal.lib.json_lines.files import DamagedFile
from partnerportal.lib.json_lines.reading import LineReader
from partnerportal.lib.json_lines.storing import SeenKeys, Store, refuse_line, store_in_halves
from partnerportal.lib.policies import authorize_system

# The weight of a batch. A day of use or a licence held weighs one, anything else four, and an order four more for each
# of its lines. Each customer of a batch is locked until it is committed, and the database has room for some thousands
# of locks in all. So another day of a customer who is in the batch already weighs only a fifth.
BATCH = 2000  # the weight at which a batch is stored
LIGHT = ("usage", "assignment")  # types of lines that weigh one
ANOTHER_DAY = 0.2  # the weight of another day of a customer
MOST_BAD = 1000  # unreadable lines at the head of a feed after which it is given up, because it is something else
LONGEST = 20.0  # seconds after which a batch is stored, because each batch renews the upload's lease


def import_feed(
    *,
    actor: Actor,
    stream: LineReader,
    report_result: Callable[[LineResult], None] = lambda result: None,
    with_events: bool = True,
    at: dt.datetime | None = None,
    line_types: Container[str] = reading.TYPES,
    report_progress: Callable[[Counter[LineOutcome]], None] = lambda counts: None,
    skipped_lines: int = 0,
) -> Counter[LineOutcome]:
    """Import a feed (docs/feed.md) from `stream`, and return how many lines had each outcome.

    `report_result` is called with the result of each line, in order, and `report_progress` with the counts after each
    batch. Without `with_events` no events are recorded, and nobody is notified. `at` is when the news became known; the
    default is now. A line of a type that is not in `line_types` is an error. The first `skipped_lines` lines are passed
    over.

    Each batch is a transaction of its own, so an import that was interrupted is simply run again: what is stored
    already is left untouched. A line is stored whole or not at all, and never takes another line with it. Memory does
    not grow with the feed.

    Raises DamagedFile when the stream cannot be read to its end, or begins with MOST_BAD lines of which none can
    be read. The lines before that are stored and reported.
    """
    authorize_system(actor)
    counts: Counter[LineOutcome] = Counter()
    head = _Head()
    with closing(SeenKeys(passed=LIGHT)) as seen:
        lines = seen.first_only(reading.read_feed_lines(stream, line_types, skipped_lines))
        for batch in _batches(lines if skipped_lines else head.until_hopeless(lines)):
            for result in _import_batch(actor, batch, with_events, at or timezone.now()):
                counts[result.outcome] += 1
                report_result(result)
            report_progress(counts)
    if head.is_hopeless:
        raise DamagedFile("too_many_bad_lines")
    return counts


def _batches(
    lines: Iterable[ValidLine | UnreadableLine | None],
) -> Iterator[list[ValidLine | UnreadableLine]]:
    """Yield the lines in batches, each of which is full by its weight or by the time that it took to read."""
    batch: list[ValidLine | UnreadableLine] = []
    customers: set[str] = set()  # ORGIDs of the customers with days of use in the batch
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


def _weight(line: ValidLine | UnreadableLine, customers: set[str]) -> float:
    """Return the weight of a line in its batch. The customer of a day of use is added to `customers`."""
    if isinstance(line, UnreadableLine):
        return 1
    if line.type == "usage":
        customer = line.values["customer"]
        if customer in customers:
            return ANOTHER_DAY
        customers.add(customer)
    if line.type in LIGHT:
        return 1
    return 4 * (1 + len(line.values.get("lines", ())))


def _import_batch(
    actor: Actor, batch: list[ValidLine | UnreadableLine], with_events: bool, at: dt.datetime
) -> list[LineResult]:
    results = [refuse_line(line, line.problems) for line in batch if isinstance(line, UnreadableLine)]
    facts = [line for line in batch if isinstance(line, ValidLine)]
    ways: tuple[tuple[Container[str], Store], ...] = (
        (("sku", "entitlement", "order"), partial(store_feed_lines, actor=actor, with_events=with_events, at=at)),
        (("usage",), partial(store_usage_lines, actor=actor)),
        (("assignment",), partial(store_licence_assignments, actor=actor)),
    )
    for types, store in ways:  # SKUs come first, because the others name them
        results += store_in_halves([fact for fact in facts if fact.type in types], store)
    return sorted(results, key=lambda result: result.line)


class _Head:
    """The head of a feed, which ends the feed after MOST_BAD lines when none of them could be read."""

    def __init__(self) -> None:
        self.is_hopeless = False

    def until_hopeless(
        self, lines: Iterable[ValidLine | UnreadableLine | None]
    ) -> Iterator[ValidLine | UnreadableLine | None]:
        """Yield the lines. After MOST_BAD bad ones at the head set `is_hopeless` and end."""
        lines = iter(lines)
        bad = 0
        for line in lines:
            yield line
            bad += isinstance(line, UnreadableLine)
            if bad >= MOST_BAD:
                self.is_hopeless = True
                return
            if isinstance(line, ValidLine):
                break
        yield from lines
