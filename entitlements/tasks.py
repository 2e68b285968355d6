"""Periodic work."""

from celery import shared_task

from entitlements import actions
from entitlements.ingest import uploads
from partnerportal.lib.actors import Actor
from partnerportal.lib.batches import for_a_minute


@shared_task
def refresh_expired() -> None:
    """After midnight UTC, customers whose nearest expiry has passed are counted anew."""
    actions.refresh_expired()


@shared_task
def fold_figures() -> None:
    actions.fold_figures()


@shared_task
def announce_renewals() -> None:
    """Once a day is enough; more often does no harm, for each is told once."""
    actions.announce_renewals()


@shared_task
def expire_trials() -> None:
    """After midnight UTC, trials whose last day has passed."""
    actions.expire_trials()


@shared_task
def find_anomalies() -> None:
    """By night; what is due stays due until it was looked at."""
    actions.find_anomalies(actor=Actor.system("anomalies"))


@shared_task(soft_time_limit=3540, time_limit=3600)  # longer than a message may stay away: uploads are claimed by lease
def ingest_uploads() -> None:
    for_a_minute(uploads.ingest_next_upload)


@shared_task
def sweep_uploads() -> None:
    uploads.sweep_uploads()


@shared_task
def sweep_facts() -> None:
    """Delete old announcements of ends, and unusual use that ended long ago."""
    actions.sweep_alerts()
    actions.sweep_anomalies()
