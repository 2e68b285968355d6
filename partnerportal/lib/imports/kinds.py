"""The description of an import by its app, from which files can be imported.

An import has two runs, and the first cannot be left out. The dry run gives each row to `check`, and people see what
would become of it. When they have confirmed, the import gives each row to `apply`. Rows come in batches, each in a
transaction of its own, as the person who imports: under both locks, and with the permission and the target asked again
in each. (For the few kinds that run as the system, see `ImportKind`.)
"""

import csv
import io
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.imports.results import RowResult
from partnerportal.lib.policies import Permission
from partnerportal.lib.spreadsheet_safety import escape_spreadsheet_cell

RESULT_COLUMNS = ("row", "outcome", "message")  # stand before a row in files of results, and are ignored in imports


@dataclass(frozen=True)
class ImportColumn:
    """One column of a file that can be imported: its heading, what it means, and what stands in it, for example."""

    key: str
    help_text: Message
    example: str
    is_required: bool = True  # whether each row must have a value in it; an optional column may be absent
    is_ignored: bool = False  # a column that files may have, such as those of an export, and nothing reads
    is_shown: bool = True  # on the page of an import, where an ID tells people nothing; files of results have it


@dataclass(frozen=True)
class ImportRow:
    """One row of an imported file. `number` counts as spreadsheets do: the head of the file is row 1.

    `values` are its cells by the column's key; a cell that is absent is "". `problem` is what is wrong with its shape;
    rows with a problem are neither checked nor applied.
    """

    number: int
    values: Mapping[str, str]
    problem: Message = ""


@dataclass(frozen=True)
class ImportMode:
    """One way to apply a file, among which people choose when they confirm, such as "merge" and "replace"."""

    key: str  # at most 20 characters
    label: Message
    help_text: Message = ""


Rows = Sequence[ImportRow]
Check = Callable[[Actor, Any, Rows], Sequence[RowResult]]
Apply = Callable[[Actor, Any, Rows, str], Sequence[RowResult]]
Remark = Callable[[Actor, Any, str, Iterable[ImportRow]], Iterable[Message]]


@dataclass(frozen=True, kw_only=True)
class ImportKind:
    """The description of something that people can import as a CSV file.

    `check` takes the actor, the target and a batch of rows, and returns what would become of each, in the same order;
    it changes nothing. `apply` takes the mode besides, does it, and returns what has become of each. A batch is applied
    exactly once; a row that was there already must change nothing, because people import the same file again.

    `find_target` returns what the file is imported into, by its public id, from what is visible to the actor, and
    raises NotFound; kinds without it have the target None. `name_targets` returns the names of those that it would
    find, for lists. `rule` is the permission, which may look at the target.

    `preview` and `finish` see the whole file: they take the actor, the target, the mode and an iterator over all rows,
    those that failed too, because what such a row names is not left out; they return sentences for the page. `preview`
    says what else each mode would do, such as how many things the file leaves out; `finish` does it, in the transaction
    that ends the import.

    `filled_columns` are those that `check` fills in by `RowResult.filled`: the results show them, and `apply` gets them
    in the rows, so that it can tell what has changed since the dry run.

    `runs_as_system` is for what the portal's own pages may never write, such as the addresses by which others sign in:
    the permission is asked as of any kind, and then a worker checks and applies each batch as the system, on behalf of
    the person (`Actor.on_behalf_of`), above row-level security. Such a kind has no target.
    """

    code: str  # at most 20 characters; also the name of its files
    label: Message
    columns: tuple[ImportColumn, ...]
    rule: Permission
    check: Check
    apply: Apply
    modes: tuple[ImportMode, ...]  # at least one
    find_target: Callable[[Actor, UUID], Any] | None = None
    describe_target: Callable[[Any], str] = str  # the name of a target, for people
    get_target_url: Callable[[Any], str] | None = None  # its page
    name_targets: Callable[[Actor, Collection[UUID]], Mapping[UUID, str]] | None = None  # of many, in one query
    key_columns: tuple[str, ...] = ()  # what tells rows apart: values that come a second time are a duplicate
    preview: Remark | None = None
    finish: Remark | None = None
    filled_columns: tuple[str, ...] = ()
    list_url_name: str = ""  # the page where people go on when the import is done
    list_label: Message = ""  # its heading
    describe_confirmation: Callable[[int], str] | None = None  # the label of the button that confirms, for so many rows
    runs_as_system: bool = False
    # Rows of one transaction: after each an import that is cancelled ends, so one row where people may stop at any, and
    # all of them where a row may rest on any row before it.
    batch_rows: int | None = None
    check_rows: int | None = None  # of one of the dry run, if others; all, for rows that count towards one limit
    max_rows: int = 10_000
    max_bytes: int = 2_000_000

    def __post_init__(self) -> None:
        keys = [column.key for column in self.columns]
        assert len(set(keys)) == len(keys), f"two columns of {self.code} have one key"
        assert not set(keys) & set(RESULT_COLUMNS), f"a column of {self.code} is called like one of the results"
        assert set(self.key_columns) <= set(keys), f"{self.code} tells rows apart by what is no column of it"
        assert set(self.filled_columns) <= set(keys), f"{self.code} fills in what is no column of it"
        assert self.modes, f"{self.code} has no mode"
        assert not (self.runs_as_system and self.find_target), f"{self.code} runs as the system into a target"

    def is_available_to(self, actor: Actor) -> bool:
        """Return whether the actor has the permission to import such files."""
        table, permission = self.rule
        return bool(table[permission].check_actor(actor))

    @property
    def column_keys(self) -> tuple[str, ...]:
        return tuple(column.key for column in self.columns)

    def has_mode(self, key: str) -> bool:
        """Return whether one of the kind's modes has this key."""
        return any(mode.key == key for mode in self.modes)

    def build_template(self) -> bytes:
        """Return a CSV file to begin with: the head, and a row of examples."""
        file = io.StringIO()
        write_csv_row(file, self.column_keys)
        write_csv_row(file, [column.example for column in self.columns])
        return "\ufeff".encode() + file.getvalue().encode()


def write_csv_row(file: Any, cells: Iterable[Any]) -> None:
    """Write a row as CSV into a text file, so that no spreadsheet will run a cell of it as a formula."""
    writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)  # it would leave a lone CR without quotes
    writer.writerow([escape_spreadsheet_cell(str(cell)) for cell in cells])
