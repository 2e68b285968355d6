"""What becomes of a row of an imported file, in its dry run and in the import itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.errors import InvalidInput, Message


class RowOutcome(models.TextChoices):
    """What becomes of a row of an imported file. A dry run says what would become of it.

    Rows that a run has not reached, because it failed before, are NOT_REACHED.
    """

    NEW = "new", _("New")
    CHANGED = "changed", _("Changed")
    ALREADY_THERE = "already_there", _("Already there")
    DUPLICATE = "duplicate", _("Twice in the file")
    UNKNOWN = "unknown", _("Unknown")
    REFUSED = "refused", _("Refused")
    BAD = "bad", _("Invalid")
    NOT_REACHED = "not_reached", _("Not reached")

    @property
    def is_failure(self) -> bool:
        """Whether the row is left out, so that its author may want to mend it."""
        return self in (RowOutcome.UNKNOWN, RowOutcome.REFUSED, RowOutcome.BAD, RowOutcome.NOT_REACHED)

    @property
    def takes_effect(self) -> bool:
        """Whether the row changes something."""
        return self in (RowOutcome.NEW, RowOutcome.CHANGED)


@dataclass(frozen=True)
class RowResult:
    """The result of one row: its outcome, and a sentence that says why, for an outcome that does not say it all.

    `filled` are cells that a dry run fills in, by the column's key: what it has seen, and the row is applied with.
    """

    outcome: RowOutcome
    message: Message = ""
    filled: Mapping[str, str] = field(default_factory=dict)


def describe_bad_cell(error: InvalidInput, *, columns: Mapping[str, str] | None = None) -> RowResult:
    """Return the result of a row with a cell that cannot be read, in a sentence that names the column.

    It is the field of the error, or the column that `columns` gives for it. An error without a field is about the row,
    or its own sentence names the column.
    """
    if error.field is None:
        return RowResult(RowOutcome.BAD, error.message)
    shown = {"name": (columns or {}).get(error.field, error.field), "problem": error.message}
    return RowResult(RowOutcome.BAD, gettext("“%(name)s”: %(problem)s") % shown)
