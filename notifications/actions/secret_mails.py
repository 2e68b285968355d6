"""Mails about somebody's account: queued in the transaction that gives reason for them, sent by a worker."""

import datetime as dt
import json
import logging
from email.utils import make_msgid
from functools import partial
from smtplib import SMTPRecipientsRefused
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from notifications.models import SecretMail
from notifications.registry import MailSubject, find_undelivered_mail_handler
from partnerportal.lib.breaker import ServiceUnavailable
from partnerportal.lib.mail_server import MAIL_SERVER
from partnerportal.lib.secret_box import decrypt_secret, encrypt_secret
from partnerportal.lib.sweeping import delete_in_batches
from partnerportal.lib.waking import wake_worker

log = logging.getLogger(__name__)

BATCH = 5  # mails that a worker takes at once
LEASE = dt.timedelta(minutes=1)  # how long a leased or refused mail is left alone: longer than a batch may take
WAITING_KEPT = dt.timedelta(days=3)  # after which mails that can wait are given up too
PERMANENT = 500  # answers of a mail server from here on are final
_wake_worker = partial(wake_worker, "notifications.tasks.send_emails")


def queue_secret_mail(mail: EmailMessage, *, about: MailSubject | None = None, can_wait: bool = False) -> None:
    """Queue a mail about an account, which a worker sends once this transaction has committed.

    It goes out within a second, or as soon as the mail server is back, but not after PORTAL_SECRET_MAILS_KEPT, when its
    code or link has expired. One with neither `can_wait`: however many of these there are, as after an import, all
    others go before them, and they are kept for WAITING_KEPT. If a mail does not go out, or the server refuses its
    address for good, the handler that `register_undelivered_mail_handler` has for the model of `about` is called.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT queue_secret_mail(%s, %s)", [_seal(mail, about), can_wait])
    transaction.on_commit(_wake_worker)


def send_secret_mails() -> int:
    """Send a batch of queued mails about accounts; return how many were sent or refused for the first time.

    New mails come first, oldest first and those that can wait last, then those that were refused before, so 0 means
    that only refused ones are left or the mail server is away. A mail that was sent is deleted. Each is sent at least
    once: a worker that dies between sending and deleting leaves a lease that runs out, and the same message goes again
    under the same Message-ID. No transaction is open while the mail server is spoken to.
    """
    now = timezone.now()
    if MAIL_SERVER.is_open:
        return 0
    with transaction.atomic():
        free = Q(leased_until=None) | Q(leased_until__lt=now)
        new_first = (F("leased_until").asc(nulls_first=True), "can_wait", "pk")
        due = list(SecretMail.objects.filter(free).select_for_update(skip_locked=True).order_by(*new_first)[:BATCH])
        SecretMail.objects.filter(pk__in=[row.pk for row in due]).update(leased_until=now + LEASE)
    done = 0
    for number, row in enumerate(due):
        try:
            MAIL_SERVER.call(_open(row).send)
        except SMTPRecipientsRefused as error:
            done += row.leased_until is None
            if not _give_up_refused_mail(row, error):
                log.warning("A mail about an account was not sent, and is tried again: %r", error)
        except Exception as error:  # whatever is wrong with one mail, the mails behind it go out
            log.warning("A mail about an account was not sent, and is tried again: %r", error)
            if MAIL_SERVER.is_open or isinstance(error, ServiceUnavailable):
                SecretMail.objects.filter(pk__in=[row.pk for row in due[number:]]).update(leased_until=None)
                break
            done += row.leased_until is None  # as the row was when it was read: this is the mail's first refusal
        else:
            row.delete()
            done += 1
    return done


def delete_expired_secret_mails() -> None:
    """Delete the mails about accounts that have waited for PORTAL_SECRET_MAILS_KEPT, and log how many.

    Their codes and links have expired. Mails that can wait have neither, and go after WAITING_KEPT.
    """
    now = timezone.now()
    expired = Q(can_wait=False, created_at__lt=now - settings.PORTAL_SECRET_MAILS_KEPT)
    late = SecretMail.objects.filter(expired | Q(can_wait=True, created_at__lt=now - WAITING_KEPT))
    for row in late.iterator():
        _report_undelivered_mail(row)
    if forgotten := delete_in_batches(late):
        log.error("%s mails about accounts were given up: the mail server took none of them in time", forgotten)


def _give_up_refused_mail(row: SecretMail, error: SMTPRecipientsRefused) -> bool:
    """Delete a mail whose address the server refuses for good; return False if it is to be tried again.

    Other mails than those that a handler waits for are tried again until they are too old: nobody would hear of it.
    """
    is_for_good = all(code >= PERMANENT for code, _answer in error.recipients.values())
    if not is_for_good or not _report_undelivered_mail(row):
        return False
    row.delete()
    return True


def _report_undelivered_mail(row: SecretMail) -> bool:
    """Call the handler for what a mail is about, if it has one; return whether one was told of it."""
    try:
        label, public_id = json.loads(decrypt_secret(row.sealed)).get("about") or ("", "")
    except ImproperlyConfigured:  # sealed with a key that is gone: nobody knows what it was about
        return False
    handler = find_undelivered_mail_handler(label)
    if handler is None:
        return False
    try:
        with transaction.atomic():
            handler(UUID(public_id))
    except Exception:  # the mails behind this one go out all the same
        log.exception("That a mail did not reach its address was not recorded")
        return False
    return True


def _seal(mail: EmailMessage, about: MailSubject | None) -> str:
    content = {
        "about": [about._meta.label_lower, str(about.public_id)] if about else None,
        "subject": mail.subject,
        "body": mail.body,
        "to": mail.to,
        "headers": {"Message-ID": make_msgid(domain=settings.PORTAL_HOST), **mail.extra_headers},
        "alternatives": [list(part) for part in getattr(mail, "alternatives", [])],
    }
    return encrypt_secret(json.dumps(content))


def _open(row: SecretMail) -> EmailMessage:
    """Return the mail that a row holds sealed.

    Raises ImproperlyConfigured if it was not sealed by this installation, or with a key that this process does not know
    yet: while keys are changed, web processes have the new one first.
    """
    content = json.loads(decrypt_secret(row.sealed))
    content.pop("about", None)
    return EmailMultiAlternatives(**content)
