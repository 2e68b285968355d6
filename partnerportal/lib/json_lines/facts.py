"""The lines of a file of JSON Lines: valid ones, ones that cannot be read, and what became of each."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


@dataclass(frozen=True)
class LineProblem:
    """The reason for which a line was refused: a stable code, a message, and the field that is wrong.

    `field` is a path such as lines.2.sku, or "".
    """

    code: str
    reason: str
    field: str = ""


@dataclass(frozen=True, eq=False)
class ValidLine:
    """A valid line of a file, with all of its values. Its type and key say what it is about."""

    line: int
    type: str
    key: str
    values: dict[str, Any]


class LineOutcome(StrEnum):
    """The result of a line: something was added or changed, nothing changed, or the line was refused."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ERROR = "error"


Answers = dict[int, LineOutcome | LineProblem]  # by line number


@dataclass(frozen=True)
class UnreadableLine:
    """A line that cannot be read, and the reason; `type` and `key` are empty where the line lacks them."""

    line: int
    problems: list[LineProblem]
    type: str = ""
    key: str = ""


@dataclass(frozen=True)
class LineResult:
    """The result of one line. `problems` is empty unless the outcome is an error."""

    line: int
    type: str
    key: str
    outcome: LineOutcome
    problems: tuple[LineProblem, ...] = ()
