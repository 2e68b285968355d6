"""The rows of the page of a person's exports, ready for the template."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from exports.actions import KEPT
from exports.catalogue import LISTS
from exports.filter_words import FilterWords
from exports.models import Export
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound
from partnerportal.lib.lists import ListDefinition, build_list_url, find_list_definition


@dataclass(frozen=True)
class ExportRow:
    """An export as the page of a person's exports shows it, with texts in the reader's language."""

    label: str  # the name of the list
    list_url: str  # of the list with the same filters and order; "" if it has no page for that
    filters: str  # what the export was narrowed to, in words; "" for the whole list
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
    again_url: str  # of the form that exports the same once more; "" unless that is possible
    again_label: str


def is_export_unfinished(export: Export) -> bool:
    """Return whether an export waits for a worker or its file is being made."""
    return export.state in (Export.State.QUEUED, Export.State.RUNNING)


def build_export_rows(actor: Actor, exports: Iterable[Export]) -> list[ExportRow]:
    """Return an ExportRow for each export of the actor, in this order."""
    listed = list(exports)
    words = FilterWords(actor, [export.query for export in listed])
    return [_row(actor, export, words) for export in listed]


def describe_sent_export(export: Export) -> str:
    """Return a sentence that says how many rows of which list were exported: "Exported 50 customers"."""
    exported_list = LISTS[export.list]
    if exported_list.counted_rows:
        numbers = {"number": export.rows, "total": formats.format_number(export.rows)}
        rows = exported_list.counted_rows % numbers
    else:
        rows = _("“%(list)s” (%(rows)s)") % {"list": exported_list.label, "rows": _count_rows(export)}
    return _("Exported %(rows)s") % {"rows": rows}


def _row(actor: Actor, export: Export, words: FilterWords) -> ExportRow:
    state = Export.State(export.state)
    is_ready = state == Export.State.READY
    is_sent = state == Export.State.SENT
    can_be_repeated = is_sent or state in (Export.State.GONE, Export.State.FAILED)
    exported_list = LISTS.get(export.list)
    is_lost = exported_list is None or (export.customer_id and export.error == "connection_ended")
    definition = _find_definition(actor, export)
    return ExportRow(
        label=str(exported_list.label) if exported_list else export.list,
        list_url=build_list_url(reverse(definition.url_name), _get_filters(export)) if definition else "",
        filters=words.describe(definition, export.query),
        whose=export.customer.name if export.customer else "",
        asked_at=export.asked_at,
        tone=_TONES[state],
        state=_words(export, state),
        done=100 * export.rows_written // export.rows if export.rows else 0,
        is_made=is_export_unfinished(export),
        progress=_progress(export),
        size=formats.format_file_size(export.size) if is_ready or is_sent else "",
        until=export.finished_at + KEPT if is_ready and export.finished_at else None,
        url=reverse("export_file", args=[export.public_id]) if is_ready else "",
        again_url=reverse("export_again", args=[export.public_id]) if can_be_repeated and not is_lost else "",
        again_label=_("Download again") if is_sent else _("Export again"),
    )


def _find_definition(actor: Actor, export: Export) -> ListDefinition | None:
    """Return the list whose page shows what an export holds, or None if there is none, or the actor may not see it."""
    try:
        definition = find_list_definition(export.list)
    except NotFound:
        return None
    table, permission = definition.rule
    return definition if table[permission].check_actor(actor) else None


def _get_filters(export: Export) -> dict[str, str]:
    return {name: value for name, value in export.query.items() if isinstance(value, str)}


_TONES = {
    Export.State.QUEUED: "info",
    Export.State.RUNNING: "info",
    Export.State.READY: "ok",
    Export.State.SENT: "ok",
    Export.State.FAILED: "bad",
    Export.State.GONE: "",
}


_WHY_GONE = {
    "connection_ended": gettext_lazy("Deleted: a connection has ended"),
    "sharing_narrowed": gettext_lazy("Deleted: a customer now shares less data with you. Export the list again."),
    "role_narrowed": gettext_lazy("Deleted: you can no longer see orders and prices. Export the list again."),
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
        Export.State.SENT: _("Downloaded"),
        Export.State.FAILED: _("Failed. Export the list again."),
    }[state]


def _progress(export: Export) -> str:
    if is_export_unfinished(export):
        numbers_ = {"written": formats.format_number(export.rows_written), "rows": formats.format_number(export.rows)}
        return _("%(written)s of %(rows)s rows") % numbers_
    return _count_rows(export)


def _count_rows(export: Export) -> str:
    return ngettext("%(count)s row", "%(count)s rows", export.rows) % {"count": formats.format_number(export.rows)}
