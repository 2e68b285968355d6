"""The description of a bulk action: what people can do to many rows of a list at once.

A bulk action is an import whose file the portal writes itself, with a line for each selected row. So it has a dry run
that says what would become of each row, a run under a lease with its progress, results and a file of those that failed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import DomainError, Message, NotFound
from partnerportal.lib.exports.lists import ExportableList, Query
from partnerportal.lib.imports.kinds import Apply, ImportKind, ImportRow
from partnerportal.lib.imports.results import RowOutcome, RowResult
from partnerportal.lib.known_pages import page_url

ONE_ROW = 1  # of one transaction, so that a run that is cancelled ends between two rows
CHECKED_ROWS = 10  # of one transaction of the dry run, which changes nothing

MakeForm = Callable[[Actor, QueryDict | None], forms.Form]
ApplyRow = Callable[[Actor, ImportRow], RowResult]


@dataclass(frozen=True, kw_only=True)
class BulkAction(ImportKind):
    """The description of an action on the selected rows of a list.

    `source` is the list as it can be exported: it finds the selected rows, or all that match the filters of its page.
    `describe_row` returns the cells of one of them by the column's key. It takes the row and what was chosen in the
    form for all of them; `make_form` makes that form from the actor and what was posted, and without it nothing is
    asked. `list_url_name` names the list's page, and `button` is the label of the button below it. As people see no
    file, the help text of a column is the heading that the page of results gives it.
    """

    source: ExportableList
    describe_row: Callable[[Any, Mapping[str, Any]], Mapping[str, str]]
    list_url_name: str
    button: Message
    describe_confirmation: Callable[[int], str]
    icon: str
    is_danger: bool = False
    make_form: MakeForm | None = None
    batch_rows: int | None = ONE_ROW
    check_rows: int | None = CHECKED_ROWS

    def is_available_to(self, actor: Actor) -> bool:
        """Return whether the actor has the permission for the action, and may see the list."""
        table, permission = self.source.rule
        return super().is_available_to(actor) and bool(table[permission].check_actor(actor))

    def list_cells(self, actor: Actor, query: Query, chosen: Mapping[str, Any]) -> Iterable[list[str]]:
        """Yield the cells of each selected row, in the order of the columns."""
        for row in self.source.rows(actor, query, None).iterator(chunk_size=500):
            cells = self.describe_row(row, chosen)
            yield [cells.get(key, "") for key in self.column_keys]


@dataclass(frozen=True)
class BulkButton:
    """A button below a list. `url` takes the selected rows; "" stands for that of the list's export."""

    label: Message
    url: str = ""
    is_danger: bool = False


def list_bulk_buttons(actor: Actor, actions: Iterable[BulkAction]) -> list[BulkButton]:
    """Return the buttons below a list: that of its export, and those of the bulk actions that the actor may do."""
    allowed = [action for action in actions if action.is_available_to(actor)]
    return [
        BulkButton(_("Export selected")),
        *(BulkButton(action.button, page_url("bulk_action", action.code), action.is_danger) for action in allowed),
    ]


def apply_row_by_row(apply_row: ApplyRow) -> Apply:
    """Return the `apply` of an import that gives its rows to `apply_row`, one at a time.

    What an action refuses is the result of that row alone: what it had done to it by then is undone, and the rows
    before it stay.
    """

    def apply(actor: Actor, target: Any, rows: Sequence[ImportRow], mode: str) -> list[RowResult]:
        return [_apply_safely(apply_row, actor, row) for row in rows]

    return apply


def _apply_safely(apply_row: ApplyRow, actor: Actor, row: ImportRow) -> RowResult:
    try:
        with transaction.atomic():
            return apply_row(actor, row)
    except NotFound:
        return RowResult(RowOutcome.UNKNOWN)
    except DomainError as error:
        return RowResult(RowOutcome.REFUSED, error.message)
