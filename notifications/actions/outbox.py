"""What the worker does with due deliveries."""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from notifications import registry
from notifications.mail import send_notice
from notifications.models import Channel, Delivery, Event, Notice

log = logging.getLogger(__name__)

BATCH = 50
LEASE = timedelta(minutes=3)  # longer than a batch of mails may take
RETRIES = [timedelta(seconds=s) for s in (10, 60, 300, 1800, 7200, 18000, 36000, 86400)]


def fan_out_due() -> int:
    """Write the notices of up to BATCH events and queue their e-mails. Returns how many were taken.

    Only the database is touched, so each event's rows and its done mark commit together: exactly once.
    """
    with transaction.atomic():
        due = _due(Channel.FAN_OUT)
        for delivery in due:
            _attempt(delivery, lambda d: _write_notices(d.event))
    return len(due)


def send_due_emails() -> int:
    """Send up to BATCH e-mails. At least once: after a crash between sending and marking, the same message goes again
    under the same Message-ID."""
    with transaction.atomic():
        due = _due(Channel.EMAIL)
        Delivery.objects.filter(pk__in=[d.pk for d in due]).update(next_at=timezone.now() + LEASE)
    for delivery in due:
        with transaction.atomic():
            _attempt(delivery, _send)
    return len(due)


def _due(channel: Channel) -> list[Delivery]:
    waiting = Delivery.objects.filter(channel=channel, done_at=None, dead_at=None, next_at__lte=timezone.now())
    rows = waiting.select_for_update(skip_locked=True, of=("self",)).select_related("event")
    return list(rows.order_by("next_at", "pk")[:BATCH])


def _attempt(delivery: Delivery, work: Callable[[Delivery], None]) -> None:
    """Do it and mark it; on an error schedule the next try, or give up after the last."""
    try:
        with transaction.atomic():
            work(delivery)
            Delivery.objects.filter(pk=delivery.pk).update(done_at=timezone.now(), error="", attempts=F("attempts") + 1)
    except Exception as error:
        log.exception("Delivery %s of event %s failed", delivery.channel, delivery.event_id)
        retry = {"next_at": timezone.now() + RETRIES[delivery.attempts]} if delivery.attempts < len(RETRIES) else {}
        Delivery.objects.filter(pk=delivery.pk).update(
            attempts=F("attempts") + 1,
            error=repr(error)[:2000],
            **(retry or {"dead_at": timezone.now()}),
        )


def _write_notices(event: Event) -> None:
    for kind in registry.kinds_for(event.kind):
        notices = [
            Notice(
                event=event,
                kind=kind.code,
                at=event.at,
                recipient_id=r.organization_id,
                about_id=r.about_id,
                about_label=r.about_label,
                params=r.params,
            )
            for r in kind.recipients(event)
        ]
        Notice.objects.bulk_create(notices, ignore_conflicts=True, batch_size=500)
        if kind.email_roles:
            _queue_emails(event, kind)


def _queue_emails(event: Event, kind: registry.NoticeKind) -> None:
    mails = [
        Delivery(event=event, channel=Channel.EMAIL, recipient=f"{notice.pk}:{person.person_id}")
        for notice in Notice.objects.filter(event=event, kind=kind.code)
        for person in registry.people(notice.recipient_id, kind.email_roles)
    ]
    Delivery.objects.bulk_create(mails, ignore_conflicts=True)


def _send(delivery: Delivery) -> None:
    notice_id, person_id = map(int, delivery.recipient.split(":"))
    send_notice(notice=Notice.objects.get(pk=notice_id), person_id=person_id)
