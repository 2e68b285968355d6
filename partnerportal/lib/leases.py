"""Leases: work that waits as rows of a table, is done by any free worker, and goes on after a worker that was killed.

The life of a row whose model is `LeasedWork`:

1. A request stores the row in the state BEGINS. It waits, and nobody holds it.
2. A worker calls `lease_next_due_row`. Rows whose lease has run out, as their worker was killed or hangs, wait again,
   and those that have had all their ATTEMPTS have failed. The first row that waits moves to "running", its `attempts`
   goes up by one, and it is leased for LEASE. Rows that another worker is leasing at this moment are passed over.
3. The worker works with no transaction open. More often than LEASE it calls `report_progress`, which renews the lease.
4. The worker calls `finish` with the state that the row ends in, or, after an error, `retry_later`: the row waits again
   from a later moment on, or it has failed.
5. A worker that is silent for longer than LEASE counts as dead, and by step 2 another takes its row. `attempts` is the
   fencing token: a worker that wakes up late still holds the old number, so its next call raises LeaseLost and changes
   nothing. It raises LeaseLost as well when the row was deleted, or moved to another state by somebody else.

A model with CLOSES ends what has had all its attempts itself, for example with the results so far: one more attempt
gets the row, with the `error` of the last one, and only ends it. If that attempt is lost too, the row has failed.

A row may be work more than once, such as an import that is checked, and applied when somebody has confirmed it. Its
model names each pair of states, waiting and running, in PHASES. Whoever begins a later phase sets `attempts` to 0.

What an attempt leaves outside the row must be fenced too, or be harmless when it is done twice: an attempt of an export
writes a file of its own, and a line of an upload that is stored again changes nothing.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

from django.db import models, transaction
from django.db.models import QuerySet
from django.utils import timezone

from partnerportal.lib.states import Moves, change_row_state

RUNNING, FAILED = "running", "failed"
# For `tenancy.fill_columns_by_trigger`: no worker has had a new row yet, whatever the tenant that stores it says.
UNLEASED = {"error": "''", "attempts": "0", "leased_until": "NULL", "finished_at": "NULL"}


class LeaseLost(Exception):
    """Raised when a worker no longer holds its row: another worker took it over, or somebody moved or deleted it."""


class LeasedWork(models.Model):
    """The base of models whose rows are work for background workers, such as a file to make.

    A worker leases a row, which means that it alone works on the row until the lease ends or runs out. A subclass has a
    State with "running" and "failed", and its MOVES allow the steps in the module's docstring.
    """

    LEASE: ClassVar[timedelta]  # how long a worker may be silent
    ATTEMPTS: ClassVar[int]  # how often the work is begun before it has failed
    CLOSES: ClassVar[bool] = False  # whether one more attempt, the last, only ends what has had all of them
    BEGINS: ClassVar[str]  # the state of a new row, which waits
    PHASES: ClassVar[Mapping[str, str]] = {}  # states that wait -> the states of their work; by default BEGINS alone
    MOVES: ClassVar[Moves]
    state: Any  # a field of each subclass

    attempts = models.PositiveSmallIntegerField(default=0)  # begun so far, the present one included: the fencing token
    leased_until = models.DateTimeField(null=True)  # of a running row; a row that waits is not due before it
    finished_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=60, blank=True)  # why the last attempt failed: a code

    class Meta:
        abstract = True

    @classmethod
    def list_phases(cls) -> Mapping[str, str]:
        """Return the state in which a row runs for each state in which it waits."""
        return cls.PHASES or {cls.BEGINS: RUNNING}

    @property
    def is_to_be_closed(self) -> bool:
        """Whether the work has had all its attempts, so that the present one only ends it."""
        return self.CLOSES and self.attempts > self.ATTEMPTS

    def report_progress(self, **changes: Any) -> None:
        """Renew the worker's lease of this row and save `changes` to its fields.

        Raises LeaseLost when the worker no longer holds the row.
        """
        if not self._held_row().update(leased_until=timezone.now() + self.LEASE, **changes):
            raise LeaseLost

    @transaction.atomic
    def finish(self, final_state: str, **changes: Any) -> None:
        """Move this row to the state `final_state`, end the lease and save `changes` to its fields.

        Raises LeaseLost when the worker no longer holds the row.
        """
        row = self._held_row().select_for_update().first()
        if row is None:
            raise LeaseLost
        change_row_state(row, final_state, leased_until=None, finished_at=timezone.now(), **changes)

    @transaction.atomic
    def retry_later(self, error_code: str, *, delay: timedelta, **changes: Any) -> None:
        """End the lease after an error, so that the row is tried again after the timedelta `delay`.

        After the last attempt the row moves to "failed" instead. `error_code` is the code of the reason; `changes` are
        saved to a row that will be tried again. Nothing happens when the worker no longer holds the row.
        """
        row = self._held_row().select_for_update().first()
        if row:
            _wait_again(row, error_code, timezone.now() + delay, changes)

    def _held_row(self) -> QuerySet[Any]:
        """Return the row as it stands in the database, as long as this worker's attempt is the one that runs."""
        rows: QuerySet[Any] = type(self)._default_manager.all()
        return rows.filter(pk=self.pk, state=self.state, attempts=self.attempts).filter(
            state__in=self.list_phases().values()
        )


L = TypeVar("L", bound=LeasedWork)


@transaction.atomic
def lease_next_due_row(rows: QuerySet[L], **changes: Any) -> L | None:
    """Lease the first row of the queryset that is due and return it, or None if no row is due.

    The queryset may hold rows that are running or have ended; they are passed over. `changes` are saved to a row whose
    work begins, or begins anew.
    """
    now = timezone.now()
    free: QuerySet[Any] = rows.exclude(leased_until__gt=now).select_for_update(skip_locked=True, of=("self",))
    phases = rows.model.list_phases()
    for lapsed in free.filter(state__in=phases.values()):
        _wait_again(lapsed, "interrupted", now, changes)
    due = free.filter(state__in=phases.keys()).first()
    if due is None:
        return None
    running = phases[due.state]
    attempts, error = due.attempts + 1, due.error if due.attempts >= due.ATTEMPTS else ""
    return change_row_state(due, running, attempts=attempts, leased_until=now + due.LEASE, error=error, **changes)


def _wait_again(row: LeasedWork, error: str, due_at: datetime, changes: dict[str, Any]) -> None:
    if row.attempts < row.ATTEMPTS + row.CLOSES:
        waiting = next(waiting for waiting, running in row.list_phases().items() if running == row.state)
        change_row_state(row, waiting, error=error, leased_until=due_at, **changes)
    else:
        change_row_state(row, FAILED, error=error, leased_until=None, finished_at=timezone.now())
