"""Actions on failed sign-ins: count them by person and day, mail the account's owner, ask for one more step."""

from functools import partial

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import FailedAttempts, Person
from accounts.policies import ATTEMPTS_A_DAY, TOLD_AT
from notifications.actions.secret_mails import queue_secret_mail
from partnerportal.lib.days import today
from partnerportal.lib.sweeping import delete_in_batches
from partnerportal.lib.waking import wake_worker

Attempt = FailedAttempts.Kind
_wake_worker = partial(wake_worker, "accounts.tasks.send_failed_sign_in_warnings")


def record_failed_sign_in(person_id: int, kind: Attempt) -> None:
    """Count one more wrong password or code for a person today (UTC).

    `kind` says which of the two it was. When the count reaches the TOLD_AT of its kind, a worker is woken after commit
    to mail the account's owner.
    """
    if _ask("note_failed_attempt", person_id, kind) == TOLD_AT[kind]:
        transaction.on_commit(_wake_worker)


def needs_mailed_sign_in_code(person_id: int) -> bool:
    """Return whether a person who signs in by password must also type a code that is mailed to them.

    That is so once ATTEMPTS_A_DAY passwords or ATTEMPTS_A_DAY codes were wrong for the person today (UTC).
    """
    return any(_ask("failed_attempts", person_id, kind) >= ATTEMPTS_A_DAY for kind in Attempt)


def _ask(function: str, person_id: int, kind: Attempt) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [person_id, str(kind)])
        return cursor.fetchone()[0]


def send_failed_sign_in_warnings() -> int:
    """Queue a mail to each person with many wrong passwords or codes; return how many counts were handled.

    A count (`FailedAttempts`) holds the failures of one person, kind and day. It is handled once, when it has reached
    TOLD_AT; a call handles at most 50. Locked persons and those without a verified address get no mail.
    """
    with transaction.atomic():
        due = list(_due().select_for_update(skip_locked=True, of=("self",)).select_related("person")[:50])
        for row in due:
            if row.person.is_active and row.person.emailaddress_set.filter(verified=True).exists():  # type: ignore[attr-defined]
                queue_secret_mail(_mail(row.person, Attempt(row.kind), row.failures))
        FailedAttempts.objects.filter(pk__in=[row.pk for row in due]).update(told_at=timezone.now())
    return len(due)


def _due() -> QuerySet[FailedAttempts]:
    reached = Q()
    for kind, failures in TOLD_AT.items():
        reached |= Q(kind=kind, failures__gte=failures)
    return FailedAttempts.objects.filter(reached, told_at=None).order_by("pk")


def _mail(person: Person, kind: Attempt, failures: int) -> EmailMessage:
    with translation.override(person.language):
        subject = {
            Attempt.PASSWORD: _("Someone is trying to guess your password"),
            Attempt.CODE: _("Someone may know your password"),
        }[kind]
        context = {
            "failures": failures,
            "password_url": settings.PORTAL_ORIGIN + reverse("account_change_password"),
            "second_factor_url": settings.PORTAL_ORIGIN + reverse("mfa_index"),
        }
        body = render_to_string(f"accounts/emails/failed_{kind}.txt", context)
    return EmailMessage(subject, body, to=[person.email])


def delete_old_failed_sign_in_counts() -> int:
    """Delete the counts of failed attempts that are older than PORTAL_ATTEMPTS_KEPT; return how many were deleted."""
    return delete_in_batches(FailedAttempts.objects.filter(day__lt=today() - settings.PORTAL_ATTEMPTS_KEPT))
