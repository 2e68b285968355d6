"""Celery tasks of accounts: periodic work, and the mails to owners of accounts that are being guessed."""

from celery import shared_task
from django.core.management import call_command

from accounts.actions import attempts, domain_checks, domains, invitations, joins, people, requests, vacancies
from accounts.actions.attempts import delete_old_failed_sign_in_counts
from accounts.actions.people import delete_ended_session_records
from partnerportal.lib.batches import repeat_for_a_minute


@shared_task
def delete_ended_sessions() -> None:
    """Delete sessions that have expired, and the records of where such sessions were signed in."""
    call_command("clearsessions")
    delete_ended_session_records()


@shared_task
def send_failed_sign_in_warnings() -> None:
    """Queue a mail to each person with many wrong passwords or codes, at most once a day for each of the two."""
    while attempts.send_failed_sign_in_warnings():
        pass


@shared_task
def delete_unverified_accounts() -> None:
    """Delete people who signed up and never verified an address, and old counts of failed attempts."""
    people.delete_unverified_people()
    delete_old_failed_sign_in_counts()


@shared_task
def delete_old_idempotent_requests() -> None:
    """Delete old requests of the API that carried an idempotency key, with their responses."""
    requests.delete_old_idempotent_requests()


@shared_task
def send_invitation_reminders() -> None:
    """Queue the reminders of invitations of operators that nobody has answered for five days."""
    while invitations.send_operator_invitation_reminders():
        pass


@shared_task
def delete_old_invitations() -> None:
    """Delete invitations of operators that were used or withdrawn, or had ended, long ago."""
    invitations.delete_old_operator_invitations()


@shared_task
def mark_admin_vacancies() -> None:
    """Mark, each hour, the organisations that have no Admin, for the vendor's start page."""
    vacancies.mark_admin_vacancies()


@shared_task
def check_domains() -> None:
    """Look for the TXT records of the domains that are due, one batch after the other, for a minute."""
    repeat_for_a_minute(domain_checks.check_due_domains)


@shared_task
def delete_unproved_domains() -> None:
    """Delete the domains that nobody has proved in time."""
    domains.delete_unproved_domains()


@shared_task
def delete_old_join_requests() -> None:
    """Delete old requests of persons to be let into an organisation, answered or not."""
    joins.delete_old_join_requests()
