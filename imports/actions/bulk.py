"""The beginning of a bulk action: its file is written from the rows that a person has selected in a list."""

import io
from collections.abc import Iterable, Mapping
from typing import IO, Any

from django.db import transaction
from django.utils.translation import gettext as _

from imports.actions.requests import store_import
from imports.models import Import
from imports.queries import authorize_bulk_action
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import InvalidInput
from partnerportal.lib.exports.lists import Query
from partnerportal.lib.imports.bulk import BulkAction
from partnerportal.lib.imports.kinds import write_csv_row


@transaction.atomic
def start_bulk_action(*, actor: Actor, action: BulkAction, query: Query, chosen: Mapping[str, Any]) -> Import:
    """Store a bulk action on the rows that these filters find; return its Import. A worker then checks the rows.

    `chosen` is what the action's form asked for, cleaned. Nothing is changed until the person confirms. Raises
    ActionRefused if the actor may not do it or may not see the list, InvalidInput if the filters find no row or more
    than the action takes, TooManyAttempts as `upload_import`, and TemporarilyUnavailable if there is no room.
    """
    authorize_bulk_action(actor, action)
    rows = action.list_cells(actor, query, chosen)
    return store_import(actor, action, None, lambda file: _write_rows(file, action, rows))


def _write_rows(file: IO[bytes], action: BulkAction, rows: Iterable[list[str]]) -> None:
    """Write the head and these rows as a CSV file. Raises InvalidInput if there are none, or too many."""
    text, count = io.TextIOWrapper(file, "utf-8", newline="", write_through=True), 0
    write_csv_row(text, action.column_keys)
    for count, cells in enumerate(rows, start=1):
        if count > action.max_rows:
            limit = {"rows": formats.format_number(action.max_rows)}
            raise InvalidInput("too_many_rows", _("Select at most %(rows)s rows.") % limit)
        write_csv_row(text, cells)
    if not count:
        raise InvalidInput("nothing_selected", _("Select at least one row."))
    text.flush()
    text.detach()  # the file is closed by whoever has opened it
