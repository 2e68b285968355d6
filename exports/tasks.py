"""Celery tasks of exports: making the files, and deleting them when they are old."""

from celery import shared_task

from exports import actions
from partnerportal.lib.batches import repeat_for_a_minute


@shared_task(soft_time_limit=540, time_limit=600)  # longer than a message may stay away: exports are leased
def make_exports() -> None:
    """Make the files of waiting exports, one after the other, for at most a minute."""
    repeat_for_a_minute(actions.make_next_queued_export)


@shared_task
def delete_old_exports() -> None:
    """Delete old exports, and files that no export needs any more."""
    actions.delete_old_exports()
