"""Celery tasks of imports: their runs, and the deletion of old ones."""

from celery import shared_task

from imports.actions import runs, sweeping
from partnerportal.lib.batches import repeat_for_a_minute


@shared_task(soft_time_limit=540, time_limit=600)  # longer than a message may stay away: imports are leased
def run_imports() -> None:
    """Check and apply waiting imports, one after the other, for at most a minute."""
    repeat_for_a_minute(runs.run_next_import)


@shared_task
def delete_old_imports() -> None:
    """Delete old imports, and files that no import needs any more."""
    sweeping.delete_old_imports()
