"""Is the log what it was? Checks the chain of links against the events, and against checkpoints from elsewhere.

Nothing of it relies on functions that somebody with all rights on the database could have replaced: the statement that
recomputes digests is sent along. PostgreSQL reads the chain in batches and returns what is wrong, so it takes the same
memory for any number of events.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection

from notifications.events import LogEventKind
from notifications.sealing import BEFORE_THE_FIRST, LEAST_KEPT, build_event_digest_sql, build_link_digest_sql

BATCH = 10_000  # links that are read at once
SHOWN = 20  # problems that are named
UNSEALED_FOR = 60  # seconds after which an event without a seal is a problem
CHECKPOINT = re.compile(r"position=(\d{1,18}) digest=([0-9a-f]{64})")
# From a link on, the rows of a batch of which something is wrong, those of checkpoints, and the last one.
_LINKS = f"""
    SELECT * FROM (
        SELECT s.position, s.digest, s.previous, s.sealed_at, e.public_id::text AS public_id,
               s.digest = {build_link_digest_sql("s.")} AS is_link,
               s.event_digest = {build_event_digest_sql("e.")} AS is_event,
               lag(s.position) OVER chain AS position_before, s.previous = lag(s.digest) OVER chain AS follows,
               lead(s.position) OVER chain IS NULL AS is_last, count(*) OVER () AS links
        FROM (SELECT * FROM notifications_eventseal WHERE position >= %(first)s ORDER BY position LIMIT %(most)s) s
        LEFT JOIN notifications_event e ON e.id = s.event_id
        WINDOW chain AS (ORDER BY s.position)) link
    WHERE position > %(seen)s AND (is_last OR position_before IS NULL OR position <> position_before + 1 OR NOT follows
        OR NOT is_link OR is_event IS NOT TRUE OR position = ANY (%(known)s))
    ORDER BY position"""  # noqa: S608 - no input
# Stored and neither sealed by a link of the chain nor waiting for it: somebody has taken away the seal, or the mark
# that it waits, or has put it in with a link that stands before the first one.
_FORGOTTEN = f"""
    SELECT e.public_id::text FROM notifications_event e
    WHERE NOT EXISTS (SELECT FROM notifications_eventseal s WHERE s.event_id = e.id AND s.position >= %s)
      AND NOT EXISTS (SELECT FROM notifications_unsealedevent u WHERE u.event_id = e.id)
    ORDER BY e.id LIMIT {SHOWN}"""  # noqa: S608 - no input
_WAITING = """
    SELECT count(*), count(e.id), extract(epoch FROM clock_timestamp() - min(u.stored_at))::bigint
    FROM notifications_unsealedevent u LEFT JOIN notifications_event e ON e.id = u.event_id
    WHERE u.stored_at < clock_timestamp() - make_interval(secs => %s)"""
# What says that everything up to a link was deleted, and when that was sealed: it may still wait for its seal.
_PRUNED = """
    SELECT coalesce(s.sealed_at, clock_timestamp()) FROM notifications_event e
    LEFT JOIN notifications_eventseal s ON s.event_id = e.id
    WHERE e.kind = %(kind)s AND (e.data->>'position')::bigint = %(position)s AND e.data->>'digest' = %(digest)s
      AND (s.position IS NULL OR s.position > %(position)s)
    ORDER BY s.position LIMIT 1"""


@dataclass
class LogReport:
    """What a check of the log has found.

    `problems` are sentences that say what was changed, the first SHOWN of them; `late` says which events should have
    been sealed by now, or is "". `checkpoints` counts those that the log agrees with, and `pruned_checkpoints` those
    before its beginning, which nothing can be compared with any more.
    """

    links: int = 0
    first: int = 0
    last: int = 0
    digest: str = ""
    checkpoints: int = 0
    pruned_checkpoints: int = 0
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


class _Link(NamedTuple):
    """A row of _LINKS."""

    position: int
    digest: Any
    previous: Any
    sealed_at: dt.datetime
    public_id: str | None  # of the event; None if it is not there
    is_link: bool
    is_event: bool | None
    position_before: int | None
    follows: bool | None
    is_last: bool
    links: int  # in the batch


def verify_log(checkpoints: Mapping[int, str] | None = None) -> LogReport:
    """Check every event and link, in the order of sealing; return what was found.

    `checkpoints` are digests by position, as `parse_checkpoints` returns them.
    """
    report, known = LogReport(), dict(checkpoints or {})
    while batch := _read_batch(report.last, known):
        for link in batch:
            is_first = report.first == 0
            report.first = report.first or link.position
            _check_link(report, link, is_first=is_first)
            digest = bytes(link.digest).hex()
            checkpoint = known.pop(link.position, None)
            report.checkpoints += checkpoint == digest
            if checkpoint not in (None, digest):
                report.add(
                    f"Position {link.position} differs from its checkpoint: the log was written anew up to there."
                )
        report.links += link.links - (report.last > 0)  # a batch begins with the last link of the one before
        report.last, report.digest = link.position, digest
    _check_the_end(report, known)
    return report


def _read_batch(seen: int, known: Mapping[int, str]) -> list[_Link]:
    """Return what is to be looked at in the batch after the position `seen`; its last link is always there."""
    with connection.cursor() as cursor:
        cursor.execute(_LINKS, {"first": seen, "seen": seen, "known": list(known), "most": BATCH})
        return [_Link(*row) for row in cursor.fetchall()]


def _check_link(report: LogReport, link: _Link, *, is_first: bool) -> None:
    begins_later = is_first and (link.position > 1 or link.public_id is None)
    if begins_later:
        _require_pruning_event(report, link)
    elif is_first and bytes(link.previous) != BEFORE_THE_FIRST:
        report.add("The chain is broken at position 1: something stood before it.")
    elif link.position_before is not None and link.position != link.position_before + 1:
        report.add(f"The chain is broken after position {link.position_before}: the next link is {link.position}.")
    elif link.follows is False:
        report.add(f"The chain is broken at position {link.position}: its link does not follow the one before it.")
    if not link.is_link:
        report.add(f"The link at position {link.position} was changed.")
    if link.public_id is None and not begins_later:
        report.add(f"The event at position {link.position} was deleted.")
    elif link.public_id is not None and not link.is_event:
        report.add(f"The event {link.public_id} at position {link.position} was changed.")


def _require_pruning_event(report: LogReport, link: _Link) -> None:
    """Name a problem unless an event says that everything up to this link was deleted, LEAST_KEPT after it was sealed.

    The time of the link is sealed with it, so nobody can make it look older than it is.
    """
    digest = bytes(link.digest).hex()
    with connection.cursor() as cursor:
        cursor.execute(_PRUNED, {"kind": str(LogEventKind.PRUNED), "position": link.position, "digest": digest})
        pruned = cursor.fetchone()
    begins = f"The log begins at position {link.position}"
    if pruned is None:
        report.add(f"{begins}, and no event says that what was before it was deleted.")
    elif link.sealed_at > pruned[0] - LEAST_KEPT:
        report.add(f"{begins}, and what was before it was deleted within {LEAST_KEPT.days} days of its seal.")


def _check_the_end(report: LogReport, unseen: Mapping[int, str]) -> None:
    """Look for what no link tells: checkpoints outside the chain, and events without a link of it."""
    cut = [position for position in unseen if position > report.last]
    report.pruned_checkpoints = sum(position < report.first for position in unseen)
    if cut:
        report.add(f"The end of the log was cut off: it ends at position {report.last}, a checkpoint knows {max(cut)}.")
    with connection.cursor() as cursor:
        cursor.execute(_FORGOTTEN, [report.first])
        for (public_id,) in cursor.fetchall():
            report.add(f"The event {public_id} has no link and does not wait for one.")
        cursor.execute(_WAITING, [UNSEALED_FOR])
        waiting, stored, seconds = cursor.fetchone()
    if waiting > stored:
        report.add(f"{waiting - stored} events were deleted before they were sealed.")
    if stored:
        report.late = f"{stored} events have no seal yet, the oldest for {seconds} seconds. Is the worker running?"
