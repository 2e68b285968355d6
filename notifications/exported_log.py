"""Checks the exported activity log of one organisation by itself, without the database.

Of each row it recomputes the digest, from the columns that are shown and the digest of those that are not, and the link
that sealed it; of two rows whose positions follow each other, whether the links do. So a row that was changed after its
export is found out, unless whoever changed it has computed the digests anew: then they differ from those of the portal,
or of a checkpoint that has the position of a row. Names, the words of the action and notes are not sealed, because an
erasure overwrites them; that no row is missing, the file alone cannot show.
"""

import csv
import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from notifications.sealing import count_microseconds, digest_event, digest_link

SHOWN = 20  # problems that are named
LONGEST_CELL = 10_000_000  # characters
COLUMNS = (
    "at",
    "event",
    "kind",
    "actor_kind",
    "subject_kind",
    "subject",
    "changes",
    "rest",
    "digest",
    "number",
    "position",
    "sealed_at",
    "previous_link",
    "link",
)


@dataclass
class ExportReport:
    """What a check of an exported log has found: how many rows it has, how many are sealed, and what is wrong."""

    rows: int = 0
    unsealed: int = 0
    checkpoints: int = 0  # that have the position of a row
    problems: list[str] = field(default_factory=list)
    links: dict[int, str] = field(default_factory=dict)  # of the rows, by position

    def add(self, problem: str) -> None:
        """Name a problem, unless SHOWN are named already."""
        if len(self.problems) < SHOWN:
            self.problems.append(problem)


def read_exported_rows(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield the rows of an exported log, by column. Raises ValueError for a file that is none.

    Until the last one is read, cells may be longer than elsewhere: the limit is one for the whole process.
    """
    usual = csv.field_size_limit(LONGEST_CELL)
    reader = csv.DictReader(lines)
    try:
        if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
            raise ValueError(f"This is no export of the activity log: it has no column {missing[0]}.")
        for row in reader:
            if None in row or None in row.values():
                raise ValueError(f"Line {reader.line_num} has not as many cells as the first.")
            yield row
    except csv.Error as error:
        raise ValueError(f"Line {reader.line_num}: {error}.") from error
    finally:
        csv.field_size_limit(usual)


def verify_exported_log(
    rows: Iterable[Mapping[str, str]], checkpoints: Mapping[int, str] | None = None
) -> ExportReport:
    """Check the rows of `read_exported_rows`, and against checkpoints (digests by position); return what was found."""
    report = ExportReport()
    previous: dict[int, str] = {}
    for row in rows:
        report.rows += 1
        try:
            _check_row(report, row, previous)
        except (ValueError, OverflowError):
            report.add(f"Row {report.rows} ({row['event']}) cannot be read.")
    for position, link in sorted(report.links.items()):
        if position - 1 in report.links and previous[position] != report.links[position - 1]:
            report.add(f"The row at position {position} does not follow the one before it.")
        known = (checkpoints or {}).get(position)
        report.checkpoints += known is not None
        if known not in (None, link):
            report.add(f"The row at position {position} differs from the checkpoint.")
    return report


def _check_row(report: ExportReport, row: Mapping[str, str], previous: dict[int, str]) -> None:
    """Check one row by itself, and remember its link. Raises ValueError for cells that cannot be read."""
    name = f"Row {report.rows} ({row['event']})"
    json.loads(row["changes"])
    texts = {
        "public_id": row["event"],
        "at": str(count_microseconds(_parse_moment(row["at"]))),
        **{column: row[column] for column in ("kind", "actor_kind", "subject_kind", "changes")},
        "subject_id": row["subject"] or None,
    }
    digest = digest_event(texts, rest=bytes.fromhex(row["rest"]))
    if digest.hex() != row["digest"]:
        report.add(f"{name} was changed.")
    if not row["position"]:
        report.unsealed += 1
        return
    position = int(row["position"])
    link = digest_link(
        position=position,
        event_id=int(row["number"]),
        event_digest=bytes.fromhex(row["digest"]),
        sealed_at=_parse_moment(row["sealed_at"]),
        previous=bytes.fromhex(row["previous_link"]),
    )
    if link.hex() != row["link"]:
        report.add(f"The link of row {report.rows} ({row['event']}) was changed.")
    if report.links.setdefault(position, row["link"]) != row["link"]:
        report.add(f"Two rows have the position {position}.")
    previous[position] = row["previous_link"]


def _parse_moment(text: str) -> dt.datetime:
    return dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=dt.UTC)
