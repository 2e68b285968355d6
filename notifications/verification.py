"""Is the log what it was? Checks the chain of links against the events, and against checkpoints from elsewhere.

Nothing of it relies on what somebody with all rights on the database could replace there: the statement that recomputes
an event's digest is sent along, and the links are computed in Python. It reads the chain in batches, so it takes the
same memory for any number of events.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from notifications.events import LogEventKind
from notifications.sealing import BEFORE_THE_FIRST, build_event_digest_sql, digest_link

BATCH = 5000  # links that are read at once
SHOWN = 20  # problems that are named
UNSEALED_FOR = 60  # seconds after which an event without a seal is a problem
CHECKPOINT = re.compile(r"position=(\d{1,18}) digest=([0-9a-f]{64})")
_LINKS = f"""
    SELECT s.position, s.event_id, s.event_digest, s.previous, s.digest, s.sealed_at, e.public_id::text,
           {build_event_digest_sql("e.")}
    FROM notifications_eventseal s LEFT JOIN notifications_event e ON e.id = s.event_id
    WHERE s.position > %s ORDER BY s.position LIMIT {BATCH}"""  # noqa: S608 - no input
# Stored and neither sealed nor waiting for it: somebody has taken away the seal, or the mark that it waits.
_FORGOTTEN = f"""
    SELECT e.public_id::text FROM notifications_event e
    WHERE NOT EXISTS (SELECT FROM notifications_eventseal s WHERE s.event_id = e.id)
      AND NOT EXISTS (SELECT FROM notifications_unsealedevent u WHERE u.event_id = e.id)
    ORDER BY e.id LIMIT {SHOWN}"""  # noqa: S608 - no input
_WAITING = """
    SELECT count(*), count(e.id), extract(epoch FROM now() - min(u.stored_at))::bigint
    FROM notifications_unsealedevent u LEFT JOIN notifications_event e ON e.id = u.event_id
    WHERE u.stored_at < now() - make_interval(secs => %s)"""
_PRUNED = """
    SELECT true FROM notifications_event
    WHERE kind = %s AND (data->>'position')::bigint = %s AND data->>'digest' = %s LIMIT 1"""


@dataclass
class LogReport:
    """What a check of the log has found.

    `problems` are sentences that say what was changed, the first SHOWN of them; `late` says which events should have
    been sealed by now, or is "".
    """

    links: int = 0
    first: int = 0
    last: int = 0
    digest: str = ""
    checkpoints: int = 0
    problems: list[str] = field(default_factory=list)
    late: str = ""

    def add(self, problem: str) -> None:
        """Name a problem, unless SHOWN are named already."""
        if len(self.problems) < SHOWN:
            self.problems.append(problem)


def parse_checkpoints(lines: Iterable[str]) -> dict[int, str]:
    """Return the checkpoints in these lines as digests by position. Other lines are passed over.

    The lines may be those of the program's log. Raises ValueError if there is no checkpoint among them, or if two of
    them contradict each other.
    """
    found: dict[int, str] = {}
    for match in (match for line in lines for match in CHECKPOINT.finditer(line)):
        position, digest = int(match[1]), match[2]
        if found.setdefault(position, digest) != digest:
            raise ValueError(f"Two checkpoints contradict each other at position {position}.")
    if not found:
        raise ValueError("The file has no checkpoint.")
    return found


def verify_log(checkpoints: Mapping[int, str] | None = None) -> LogReport:
    """Check every event and link, in the order of sealing; return what was found.

    `checkpoints` are digests by position, as `parse_checkpoints` returns them.
    """
    report, known = LogReport(), dict(checkpoints or {})
    position, previous = 0, BEFORE_THE_FIRST
    for row in _read_links():
        begins_later = not report.links and (row[0] > 1 or row[6] is None)
        if begins_later:
            position, previous = row[0] - 1, bytes(row[3])
            _require_pruning_event(report, row)
        _check_link(report, row, position, previous, may_lack_event=begins_later)
        position, previous = row[0], bytes(row[4])
        if known.pop(position, previous.hex()) != previous.hex():
            report.add(f"Position {position} differs from its checkpoint: the log was written anew up to there.")
        report.first = report.first or position
        report.links += 1
    report.last, report.digest = position, previous.hex() if report.links else ""
    _check_the_end(report, known)
    return report


def _read_links() -> Iterator[tuple[Any, ...]]:
    """Yield every link with its event, in batches."""
    position = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_LINKS, [position])
            rows = cursor.fetchall()
            yield from rows
            if len(rows) < BATCH:
                return
            position = rows[-1][0]


def _require_pruning_event(report: LogReport, row: tuple[Any, ...]) -> None:
    """Name a problem unless an event says that everything up to the link `row` was deleted after its time."""
    with connection.cursor() as cursor:
        cursor.execute(_PRUNED, [LogEventKind.PRUNED, row[0], bytes(row[4]).hex()])
        if not cursor.fetchone():
            report.add(f"The log begins at position {row[0]}, and no event says that what was before it was deleted.")


def _check_link(
    report: LogReport, row: tuple[Any, ...], position: int, previous: bytes, *, may_lack_event: bool
) -> None:
    """Check a link against the one before it, which has this position and digest, and against its event."""
    at, event_id, event_digest, linked, digest, sealed_at, public_id, recomputed = row
    if at != position + 1:
        report.add(f"The chain is broken after position {position}: the next link is {at}.")
    elif bytes(linked) != previous:
        report.add(f"The chain is broken at position {at}: its link does not follow the one before it.")
    link = {"position": at, "event_id": event_id, "sealed_at": sealed_at, "previous": bytes(linked)}
    if bytes(digest) != digest_link(**link, event_digest=bytes(event_digest)):
        report.add(f"The link at position {at} was changed.")
    if public_id is None and not may_lack_event:
        report.add(f"The event at position {at} was deleted.")
    elif public_id is not None and bytes(recomputed) != bytes(event_digest):
        report.add(f"The event {public_id} at position {at} was changed.")


def _check_the_end(report: LogReport, unseen: Mapping[int, str]) -> None:
    """Look for what no link tells: checkpoints beyond the chain, and events without a link."""
    cut = [position for position in unseen if position > report.last]
    if cut:
        report.add(f"The end of the log was cut off: it ends at position {report.last}, a checkpoint knows {max(cut)}.")
    with connection.cursor() as cursor:
        cursor.execute(_FORGOTTEN)
        for (public_id,) in cursor.fetchall():
            report.add(f"The event {public_id} has no link and does not wait for one.")
        cursor.execute(_WAITING, [UNSEALED_FOR])
        waiting, stored, seconds = cursor.fetchone()
    if waiting > stored:
        report.add(f"{waiting - stored} events were deleted before they were sealed.")
    if stored:
        report.late = f"{stored} events have no seal yet, the oldest for {seconds} seconds. Is the worker running?"
