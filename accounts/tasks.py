"""Periodic work."""

from celery import shared_task
from django.core.management import call_command

from accounts import actions


@shared_task
def forget_ended_sessions() -> None:
    """Delete sessions that have run out, and from where they were signed in."""
    call_command("clearsessions")
    actions.sweep_session_records()


@shared_task
def tell_owners() -> None:
    """Queue a mail to those whose password or codes are being guessed, at most once a day each."""
    while actions.tell_owners():
        pass


@shared_task
def delete_unverified() -> None:
    """Delete who signed up and never proved an address, and old counts of failed attempts."""
    actions.delete_unverified()
    actions.forget_old_attempts()
