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
