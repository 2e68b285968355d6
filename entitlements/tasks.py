"""Periodic work."""

from celery import shared_task

from entitlements import actions


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
