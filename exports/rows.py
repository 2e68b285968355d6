"""The rows of the page of a person's exports, ready for the template."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from babel import numbers
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from exports.actions import KEPT
from exports.catalogue import LISTS
from exports.models import Export
from partnerportal.lib import formats

MEGA = 1_000_000  # bytes of a megabyte


@dataclass(frozen=True)
class ExportRow:
    """An export as the page of a person's exports shows it, with texts in the reader's language."""

    label: str  # the name of the list
    whose: str  # the name of the one customer whose rows it has; "" for a list of all
    asked_at: dt.datetime
    tone: str
    state: str
    done: int  # percent, for the bar that is shown while the file is being made
    is_made: bool  # whether it is still being made
    progress: str
    size: str
    until: dt.datetime | None  # until when the file can be fetched
    url: str  # of the file; "" unless it can be fetched


def is_export_unfinished(export: Export) -> bool:
    """Return whether an export waits for a worker or its file is being made."""
    return export.state in (Export.State.QUEUED, Export.State.RUNNING)


def build_export_rows(exports: Iterable[Export]) -> list[ExportRow]:
    """Return an ExportRow for each export, in this order."""
    return [_row(export) for export in exports]


def _row(export: Export) -> ExportRow:
    state = Export.State(export.state)
    is_ready = state == Export.State.READY
    exported_list = LISTS.get(export.list)
    return ExportRow(
        label=str(exported_list.label) if exported_list else export.list,
        whose=export.customer.name if export.customer else "",
        asked_at=export.asked_at,
        tone=_TONES[state],
        state=_words(export, state),
        done=100 * export.rows_written // export.rows if export.rows else 0,
        is_made=is_export_unfinished(export),
        progress=_progress(export),
        size=_size(export.size) if is_ready else "",
        until=export.finished_at + KEPT if is_ready and export.finished_at else None,
        url=reverse("export_file", args=[export.public_id]) if is_ready else "",
    )


_TONES = {
    Export.State.QUEUED: "info",
    Export.State.RUNNING: "info",
    Export.State.READY: "ok",
    Export.State.FAILED: "bad",
    Export.State.GONE: "",
}


_WHY_GONE = {
    "connection_ended": gettext_lazy("Deleted: a connection has ended"),
    "sharing_narrowed": gettext_lazy("Deleted: a customer now shares less. Export the list again."),
    "role_narrowed": gettext_lazy("Deleted: you no longer see orders and prices. Export the list again."),
}


def _words(export: Export, state: Export.State) -> str:
    if state == Export.State.GONE:
        return str(_WHY_GONE.get(export.error, _("Deleted after a day")))
    if state == Export.State.QUEUED and export.attempts:
        return _("Interrupted, will restart")
    return {
        Export.State.QUEUED: _("Waiting"),
        Export.State.RUNNING: _("Preparing"),
        Export.State.READY: _("Ready"),
        Export.State.FAILED: _("Failed. Export the list again."),
    }[state]


def _progress(export: Export) -> str:
    if is_export_unfinished(export):
        numbers_ = {"written": formats.format_number(export.rows_written), "rows": formats.format_number(export.rows)}
        return _("%(written)s of %(rows)s rows") % numbers_
    return ngettext("%(count)s row", "%(count)s rows", export.rows) % {"count": formats.format_number(export.rows)}


def _size(size: int) -> str:
    """Return a size in bytes as megabytes (of a million bytes), as file managers say it."""
    mega = numbers.format_decimal(size / MEGA, "#,##0.0", locale=formats.get_reader_locale())
    return _("%(size)s MB") % {"size": mega}
