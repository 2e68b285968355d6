"""Periodic work."""

from celery import shared_task

from entitlements.actions import refresh_expired as refresh


@shared_task
def refresh_expired() -> None:
    """After midnight UTC, customers whose nearest expiry has passed are counted anew."""
    refresh()
