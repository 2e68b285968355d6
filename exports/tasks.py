"""Periodic work."""

from celery import shared_task

from exports import actions
from partnerportal.lib.batches import for_a_minute


@shared_task(soft_time_limit=540, time_limit=600)  # longer than a message may stay away: exports are claimed by lease
def make_exports() -> None:
    for_a_minute(actions.make_next_export)


@shared_task
def sweep_exports() -> None:
    actions.sweep_exports()
