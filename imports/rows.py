"""What the pages of imports show, ready for the templates, with texts in the reader's language."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from imports.actions.requests import UNFINISHED, has_something_to_apply
from imports.actions.results import get_results_deadline, read_samples
from imports.catalogue import KINDS, is_bulk_action, list_available_kinds
from imports.models import Import
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.imports.bulk import BulkAction
from partnerportal.lib.imports.kinds import ImportColumn, ImportKind, ImportMode
from partnerportal.lib.imports.results import RowOutcome

State = Import.State
CANCELLABLE = (State.UPLOADED, State.CHECKING, State.CHECKED, State.CONFIRMED, State.APPLYING)
SHOWN_CELLS = 6  # columns of a file that the page shows; the file of results has all
SHOWN_CHARACTERS = 80  # of a cell


@dataclass(frozen=True)
class ImportListRow:
    """An import as the list of a person's imports shows it."""

    label: str
    target: str  # the name of what the file is imported into, or ""
    url: str
    tone: str
    state: str
    progress: str
    done: int  # percent
    is_unfinished: bool
    asked_at: dt.datetime


@dataclass(frozen=True)
class OutcomeCount:
    """How many rows of a file had one outcome, and the first of them."""

    label: str
    tone: str
    count: str
    samples: list["SampleRow"]


@dataclass(frozen=True)
class SampleRow:
    """One row of a file with the sentence about it, as the page shows it."""

    number: str
    cells: list[str]
    message: str


@dataclass(frozen=True)
class ModeChoice:
    """One mode of an import, with what it would do besides; `checked` marks the one chosen at first."""

    key: str
    label: str
    help_text: str
    remarks: list[str]
    is_chosen: bool


@dataclass(frozen=True, kw_only=True)
class RunWords:
    """The words of an import's page: those of a file that was uploaded, or those of a bulk action."""

    failed: Message
    how_to_repeat: Message
    again: Message  # the label of the button that leads to where one begins again
    cancelled: Message
    expired: Message
    how_to_renew: Message
    done: Message
    nothing: Message
    how_to_mend: Message
    preview: Message  # the heading of what would become of the rows
    outcome: Message  # the heading of what has become of them
    cancel: Message
    goes_on: Message
    ready: Message
    running: Message
    useless: Message


IMPORT_WORDS = RunWords(
    failed=gettext_lazy("The import failed"),
    how_to_repeat=gettext_lazy("Upload the file again. Rows already imported won’t be imported twice."),
    again=gettext_lazy("Upload another file"),
    cancelled=gettext_lazy("The import was cancelled"),
    expired=gettext_lazy("The import has expired"),
    how_to_renew=gettext_lazy("Nobody confirmed the import in time, so nothing was changed. Upload the file again."),
    done=gettext_lazy("The import is done"),
    nothing=gettext_lazy("None of the rows in this file can be imported"),
    how_to_mend=gettext_lazy("Correct the file and upload it again."),
    preview=gettext_lazy("What the import would do"),
    outcome=gettext_lazy("What the import did"),
    cancel=gettext_lazy("Cancel the import"),
    goes_on=gettext_lazy("You can leave this page; the import will continue."),
    ready=gettext_lazy("Ready to import"),
    running=gettext_lazy("Importing"),
    useless=gettext_lazy("Nothing to import"),
)
BULK_WORDS = RunWords(
    failed=gettext_lazy("The bulk action failed"),
    how_to_repeat=gettext_lazy("Select the rows again. Rows already done won’t be changed twice."),
    again=gettext_lazy("Back to the list"),
    cancelled=gettext_lazy("The bulk action was cancelled"),
    expired=gettext_lazy("The bulk action has expired"),
    how_to_renew=gettext_lazy(
        "Nobody confirmed the bulk action in time, so nothing was changed. Select the rows again."
    ),
    done=gettext_lazy("The bulk action is done"),
    nothing=gettext_lazy("The action is not possible for any of these rows"),
    how_to_mend=gettext_lazy("The reason is shown beside each row."),
    preview=gettext_lazy("What would happen"),
    outcome=gettext_lazy("What happened"),
    cancel=gettext_lazy("Cancel the bulk action"),
    goes_on=gettext_lazy("You can leave this page; the bulk action will continue."),
    ready=gettext_lazy("Ready to confirm"),
    running=gettext_lazy("In progress"),
    useless=gettext_lazy("Nothing to do"),
)


def choose_run_words(source: Import) -> RunWords:
    """Return the words for an import's page by its kind."""
    return BULK_WORDS if is_bulk_action(source.kind) else IMPORT_WORDS


def is_import_unfinished(source: Import) -> bool:
    """Return whether an import waits for a worker or is being worked on."""
    return source.state in UNFINISHED


def is_being_cancelled(source: Import) -> bool:
    """Return whether the person has cancelled an import that its worker has not ended yet."""
    return source.is_stop_asked and is_import_unfinished(source)


def build_import_list_rows(actor: Actor, imports: Sequence[Import]) -> list[ImportListRow]:
    """Return an ImportListRow for each import, in this order."""
    targets = _name_targets(actor, imports)
    return [
        ImportListRow(
            label=describe_kind(source),
            target=targets.get(source.target_id, "") if source.target_id else "",
            url=reverse("import", args=[source.public_id]),
            tone=get_tone(source),
            state=describe_state(source),
            progress=describe_progress(source),
            done=get_percent_done(source),
            is_unfinished=is_import_unfinished(source),
            asked_at=source.asked_at,
        )
        for source in imports
    ]


def _name_targets(actor: Actor, imports: Sequence[Import]) -> dict[UUID, str]:
    """Return the names of what files are imported into, in one query for each kind of import that the actor may use."""
    names: dict[UUID, str] = {}
    for kind in list_available_kinds(actor):
        asked = {source.target_id for source in imports if source.kind == kind.code and source.target_id}
        if asked and kind.name_targets:
            names.update(kind.name_targets(actor, asked))
    return names


def is_uploaded_anywhere(kind: ImportKind) -> bool:
    """Return whether files of this kind are uploaded by people, and not into something in particular."""
    return kind.find_target is None and not isinstance(kind, BulkAction)


def list_selection_fields(form: QueryDict) -> list[tuple[str, str]]:
    """Return the fields by which a list's form says what is selected, as (name, value), to be sent once more."""
    return [(name, value) for name in ("what", "selected", "query", "next", "row") for value in form.getlist(name)]


def build_upload_url(source: Import, kind: ImportKind) -> str:
    """Return the URL at which another file of the same kind is uploaded into the same target.

    For a bulk action it is that of the list in which rows are selected.
    """
    if isinstance(kind, BulkAction):
        return reverse(kind.list_url_name)
    target = f"?target={source.target_id}" if source.target_id else ""
    return reverse("import_new", args=[source.kind]) + target


def describe_kind(source: Import) -> str:
    """Return the label of an import's kind, or its code if there is no such kind any more."""
    kind = KINDS.get(source.kind)
    return str(kind.label) if kind else source.kind


def get_percent_done(source: Import) -> int:
    """Return how much of the present run is done, in percent."""
    return 100 * source.rows_done // source.rows_total if source.rows_total else 0


def get_tone(source: Import) -> str:
    """Return the tone in which the state of an import is shown."""
    return "bad" if _is_useless(source) else _TONES[State(source.state)]


def _is_useless(source: Import) -> bool:
    """Return whether an import was checked and no row of its file can be imported."""
    return source.state == State.CHECKED and not has_something_to_apply(source)


_TONES = {
    State.UPLOADED: "info",
    State.CHECKING: "info",
    State.CHECKED: "warn",
    State.CONFIRMED: "info",
    State.APPLYING: "info",
    State.DONE: "ok",
    State.FAILED: "bad",
    State.CANCELLED: "",
    State.EXPIRED: "",
}


def describe_state(source: Import) -> str:
    """Return a word or a short sentence for the state of an import."""
    state = State(source.state)
    if is_being_cancelled(source):
        return _("Being cancelled")
    if state in (State.UPLOADED, State.CONFIRMED) and source.attempts:
        return _("Interrupted, will continue")
    words = choose_run_words(source)
    if _is_useless(source):
        return str(words.useless)
    return {
        State.UPLOADED: _("Waiting"),
        State.CHECKING: _("Checking"),
        State.CHECKED: str(words.ready),
        State.CONFIRMED: _("Waiting"),
        State.APPLYING: str(words.running),
        State.DONE: _("Done"),
        State.FAILED: _("Failed"),
        State.CANCELLED: _("Cancelled"),
        State.EXPIRED: _("Expired"),
    }[state]


def describe_progress(source: Import) -> str:
    """Return how many rows of an import are done, as a phrase; "" until the rows are counted."""
    if not source.rows_total:
        return ""
    if is_import_unfinished(source):
        numbers = {
            "written": formats.format_number(source.rows_done),
            "rows": formats.format_number(source.rows_total),
        }
        return _("%(written)s of %(rows)s rows") % numbers
    count = {"count": formats.format_number(source.rows_total)}
    return ngettext("%(count)s row", "%(count)s rows", source.rows_total) % count


def list_shown_columns(source: Import) -> dict[int, ImportColumn]:
    """Return the columns that the page of an import shows, at most SHOWN_CELLS, by their positions."""
    columns = KINDS[source.kind].columns if source.kind in KINDS else ()
    shown = [(position, column) for position, column in enumerate(columns) if column.is_shown]
    return dict(shown[:SHOWN_CELLS])


def build_outcome_counts(source: Import) -> list[OutcomeCount]:
    """Return the counts of the latest run by outcome, with the first rows of each; failures come first."""
    is_check = source.state in (State.UPLOADED, State.CHECKING, State.CHECKED) or _failed_before_import(source)
    counts = source.checked if is_check else source.applied
    samples: dict[str, list[SampleRow]] = {}
    columns = list_shown_columns(source)
    for number, outcome, message, *cells in read_samples(source):
        shown = [_shorten(cell) for position, cell in enumerate(cells) if position in columns]
        samples.setdefault(outcome, []).append(SampleRow(formats.format_number(int(number)), shown, message))
    order = sorted((RowOutcome(code) for code in counts), key=lambda outcome: (not outcome.is_failure, outcome))
    return [
        OutcomeCount(
            label=str(outcome.label),
            tone="bad" if outcome.is_failure else "ok" if outcome.takes_effect else "",
            count=formats.format_number(counts[outcome]),
            samples=samples.get(outcome, []),
        )
        for outcome in order
    ]


def _failed_before_import(source: Import) -> bool:
    return source.state == State.FAILED and not source.is_latest_run_applying


def _shorten(cell: str) -> str:
    return cell if len(cell) <= SHOWN_CHARACTERS else f"{cell[: SHOWN_CHARACTERS - 1]}…"


def count_failed_rows(source: Import) -> int:
    """Return how many rows failed in the latest run that is finished."""
    counts = source.applied if source.is_latest_run_applying else source.checked
    return sum(count for outcome, count in counts.items() if RowOutcome(outcome).is_failure)


def describe_confirmation(source: Import) -> str:
    """Return the words of the button that confirms an import: how many rows would change something."""
    number = sum(count for outcome, count in source.checked.items() if RowOutcome(outcome).takes_effect)
    kind = KINDS.get(source.kind)
    if kind and kind.describe_confirmation:
        return kind.describe_confirmation(number)
    if not number:
        return _("Import the file")
    count = {"count": formats.format_number(number)}
    return ngettext("Import %(count)s row", "Import %(count)s rows", number) % count


def describe_cancellation(source: Import) -> str:
    """Return a sentence about what a cancelled import has changed."""
    if not source.mode or not source.rows_done:
        return _("Nothing was changed.")
    numbers = {"done": formats.format_number(source.rows_done), "rows": formats.format_number(source.rows_total)}
    return _("Rows done: %(done)s of %(rows)s. Their changes have been kept.") % numbers


def build_mode_choices(source: Import, kind: ImportKind) -> list[ModeChoice]:
    """Return the modes among which people choose when they confirm the import; none unless they can."""
    if source.state != State.CHECKED or not has_something_to_apply(source):
        return []
    return [_build_choice(source, mode, is_chosen=mode is kind.modes[0]) for mode in kind.modes]


def _build_choice(source: Import, mode: ImportMode, *, is_chosen: bool) -> ModeChoice:
    remarks = source.remarks.get(mode.key, [])
    return ModeChoice(mode.key, str(mode.label), str(mode.help_text), remarks, is_chosen)


def describe_limits(kind: ImportKind) -> str:
    """Return a sentence about how large a file may be."""
    limits = {
        "rows": formats.format_number(kind.max_rows),
        "size": formats.format_number(kind.max_bytes // 1_000_000),
    }
    return _("CSV in UTF-8, at most %(rows)s rows and %(size)s MB.") % limits


def has_results(source: Import) -> bool:
    """Return whether the results of an import can be fetched now."""
    return get_results_deadline(source) is not None
