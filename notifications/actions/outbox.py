"""The worker's side of the outbox: write notices, send e-mails and daily summaries, and try again after errors."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial

from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from notifications import registry
from notifications.actions.secret_mails import send_secret_mails
from notifications.mail import compose_daily_summary_mail, compose_notice_mail
from notifications.mailing import find_next_daily_summary_time, list_mail_recipients
from notifications.models import Delivery, DeliveryChannel, Event, MailMode, Notice
from partnerportal.lib import tenancy
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.mail_server import MAIL_SERVER

log = logging.getLogger(__name__)

BATCH = {DeliveryChannel.FAN_OUT: 200, DeliveryChannel.EMAIL: 50}  # deliveries that a worker takes at once
LEASE = timedelta(minutes=3)  # how long a leased mail is left alone: longer than a batch of mails may take
# How long to wait after each failed attempt. After the last, a delivery is given up.
RETRIES = [timedelta(seconds=s) for s in (10, 60, 300, 1800, 7200, 18000, 36000, 86400)]


def write_due_notices() -> int:
    """Write the notices of a batch of due events and queue their e-mails; return how many events were taken.

    An event is due until its notices are written. They commit together with the mark that they are written, so each
    event is told exactly once. If one event of the batch fails, the events are taken one by one, so that only that one
    waits.
    """
    with transaction.atomic():
        due = _due(DeliveryChannel.FAN_OUT)
        try:
            with transaction.atomic():
                write_notices_for_deliveries(due)
        except Exception:
            log.warning("A batch of %s events failed; taking them one by one", len(due), exc_info=True)
            for delivery in due:
                with _attempt([delivery]), transaction.atomic():
                    write_notices_for_deliveries([delivery])
    return len(due)


def send_due_emails() -> int:
    """Send a batch of due e-mails, each with one notice; return how many were taken, 0 while the mail server is away.

    Each is sent at least once: after a crash between sending and marking, the same message is sent again with the same
    Message-ID. No transaction is open while the mail server is spoken to.
    """
    if MAIL_SERVER.is_open:  # the server is away: mails stay due, and keep their attempts for when it is back
        return 0
    with transaction.atomic():
        due = _due(DeliveryChannel.EMAIL)
        Delivery.objects.filter(pk__in=[d.pk for d in due]).update(next_at=timezone.now() + LEASE)
    with _mail_server(needed=bool(due)) as send:
        for number, delivery in enumerate(due):
            if MAIL_SERVER.is_open:
                Delivery.objects.filter(pk__in=[d.pk for d in due[number:]]).update(next_at=timezone.now())
                break
            with _attempt([delivery]):
                mail = _compose(delivery)
                if mail:
                    send(mail)
                _done([delivery])
    return len(due)


def send_due_daily_summary() -> int:
    """Send the daily summary that is due longest; return how many notices were due for it, 0 if none is due.

    Like a single e-mail, it is sent at least once, and not while the mail server is away.
    """
    if MAIL_SERVER.is_open:
        return 0
    with transaction.atomic():
        due = _due_summary()
        Delivery.objects.filter(pk__in=[d.pk for d in due]).update(next_at=timezone.now() + LEASE)
    if due:
        with _mail_server(needed=True) as send, _attempt(due):
            mail = _compose_summary(due)
            if mail:
                send(mail)
            _done(due)
    return len(due)


@contextmanager
def _mail_server(*, needed: bool) -> Iterator[Callable[[EmailMultiAlternatives], None]]:
    """Yield a function that sends a mail, over one connection for the whole batch; close the connection at the end.

    When the connection breaks, the next mail opens another one.
    """
    server = get_connection()

    def send(mail: EmailMultiAlternatives) -> None:
        nonlocal server
        while send_secret_mails():  # somebody waits for the code in them, while ten thousand of these mails can wait
            pass
        try:
            MAIL_SERVER.call(partial(_send, server, mail))
        except Exception:
            server = get_connection()  # the old connection may still hang, and closing it would wait for it
            raise

    try:
        yield send
    finally:
        if needed:
            with suppress(OSError):  # smtplib's errors are OSErrors, and so is Away
                MAIL_SERVER.call(server.close)


def _send(server: BaseEmailBackend, mail: EmailMultiAlternatives) -> None:
    server.open()  # does nothing on an open connection; one that send_messages opened would be closed after each mail
    server.send_messages([mail])


def _due(channel: DeliveryChannel) -> list[Delivery]:
    """Lock and return a batch of due deliveries of a channel, with their events, the longest due first."""
    waiting = Delivery.objects.filter(channel=channel, done_at=None, dead_at=None, next_at__lte=timezone.now())
    rows = waiting.select_for_update(skip_locked=True, of=("self",)).select_related("event")
    return list(rows.order_by("next_at", "pk")[: BATCH[channel]])


def _due_summary() -> list[Delivery]:
    """Return every delivery of the summary (of one person and day) that is longest due, or none if none is due.

    One worker at a time looks, so that none takes half of a summary.
    """
    acquire_lock(AdvisoryLock.SUMMARIES)
    waiting = Delivery.objects.filter(channel=DeliveryChannel.DIGEST, done_at=None, dead_at=None)
    first = waiting.filter(next_at__lte=timezone.now()).order_by("next_at", "pk").first()
    if first is None:
        return []
    same = waiting.filter(next_at=first.next_at, person_id=first.person_id, day=first.day)
    return list(same.order_by("pk"))


def _done(deliveries: list[Delivery]) -> None:
    rows = Delivery.objects.filter(pk__in=[d.pk for d in deliveries])
    rows.update(done_at=timezone.now(), error="", attempts=F("attempts") + 1)


@contextmanager
def _attempt(deliveries: list[Delivery]) -> Iterator[None]:
    """Run the attempt to do deliveries that go out together. On an error, log it and schedule the next attempt.

    After the last of RETRIES the deliveries are given up.
    """
    try:
        yield
    except Exception as error:
        first = deliveries[0]
        log.exception("Delivery %s of event %s failed", first.channel, first.event_id)
        now, last = timezone.now(), first.attempts >= len(RETRIES)
        then = {"dead_at": now} if last else {"next_at": now + RETRIES[first.attempts]}
        rows = Delivery.objects.filter(pk__in=[d.pk for d in deliveries])
        rows.update(attempts=F("attempts") + 1, error=repr(error)[:2000], **then)


def write_notices_for_deliveries(deliveries: list[Delivery]) -> None:
    """Write the notices of these deliveries' events, queue their e-mails, and mark the deliveries as done.

    The functions that apps have registered by `registry.register_event_handler` run here too.
    """
    by_kind: dict[str, list[Event]] = {}
    for delivery in deliveries:
        by_kind.setdefault(delivery.event.kind, []).append(delivery.event)
    for event_kind, events in by_kind.items():
        for kind in registry.list_notice_kinds_for_event(event_kind):
            _write_notices(kind, events)
        for consequence in registry.list_event_handlers(event_kind):
            consequence(events)
    _done(deliveries)


def _write_notices(kind: registry.NoticeKind, events: list[Event]) -> None:
    notices = [
        Notice(
            event=event,
            kind=kind.code,
            at=event.at,
            recipient_id=recipient.organization_id,
            about_id=recipient.about_id,
            about_public_id=recipient.about_public_id,
            about_label=recipient.about_label,
            scopes=recipient.scopes,
            hidden_from_id=recipient.hidden_from_id,
            note=recipient.note,
            params=recipient.params,
        )
        for event, recipient in kind.list_recipients(events)
    ]
    Notice.objects.bulk_create(notices, ignore_conflicts=True, batch_size=1000)
    _queue_emails(kind, events)


def _queue_emails(kind: registry.NoticeKind, events: list[Event]) -> None:
    notices = list(Notice.objects.filter(event__in=events, kind=kind.code, in_reach=True))
    now = timezone.now()
    mails = []
    for notice, person, mail in list_mail_recipients(kind, notices):
        delivery = Delivery(
            event_id=notice.event_id, channel=DeliveryChannel.EMAIL, notice=notice, person_id=person.person_id
        )
        if mail is MailMode.DIGEST:
            delivery.channel = DeliveryChannel.DIGEST
            delivery.day, delivery.next_at = find_next_daily_summary_time(person, now)
        mails.append(delivery)
    Delivery.objects.bulk_create(mails, ignore_conflicts=True, batch_size=1000)


def _compose(delivery: Delivery) -> EmailMultiAlternatives | None:
    """Return the e-mail of a delivery, or None when the person may no longer see the notice or does not want it.

    That is asked at the last moment, under row-level security as the recipient. A kind that is always mailed tells a
    suspended organisation that it is suspended, and nobody can act for that one.
    """
    notice, person_id = delivery.notice, delivery.person_id
    assert notice and person_id, "a constraint of the database"
    if registry.get_notice_kinds()[notice.kind].is_always_mailed:
        return compose_notice_mail(notice=notice, person_id=person_id)
    with transaction.atomic(), tenancy.as_tenant(organization_id=notice.recipient_id, person_id=person_id):
        seen = Notice.objects.filter(pk=notice.pk).first()
        return compose_notice_mail(notice=seen, person_id=person_id) if seen else None


def _compose_summary(deliveries: list[Delivery]) -> EmailMultiAlternatives | None:
    """Return the e-mail of the deliveries of one summary, or None when none of their notices may be told any more."""
    first = deliveries[0]
    assert first.person_id and first.day, "a constraint of the database"
    notice_ids = [delivery.notice_id for delivery in deliveries if delivery.notice_id]
    return compose_daily_summary_mail(person_id=first.person_id, day=first.day, notice_ids=notice_ids)
