"""Recording of events, with which every action ends."""

import datetime as dt
from functools import partial
from typing import Any, ClassVar, Protocol
from uuid import UUID

from django.db import connection, models, transaction
from django.utils import timezone

from notifications.models import Event
from partnerportal.lib import logs
from partnerportal.lib.actors import Actor
from partnerportal.lib.changes import Changes
from partnerportal.lib.locks import AdvisoryLock, acquire_lock
from partnerportal.lib.scopes import Scope
from partnerportal.lib.waking import wake_worker

SAME_MESSAGE = dt.timedelta(minutes=10)  # how long the same words to the same recipient are the same message

_wake_worker = partial(wake_worker, "notifications.tasks.write_notices")


class EventSubject(Protocol):
    """The protocol of what an event is about: an instance of a model with a public id."""

    public_id: UUID
    _meta: ClassVar[Any]


def record_event(kind: str, *, actor: Actor, subject: EventSubject, **details: Any) -> Event:
    """Store an event and return it, in the transaction of the action that it records.

    It is both the audit record of the action and the message that notices are made of. After commit a worker is woken
    to write the notices. If that fails, a job that runs each minute finds the event. `details` are the further
    arguments of `make_event`.
    """
    event = make_event(kind, actor=actor, subject=subject, **details)
    event.save(force_insert=True)
    _wake_worker_after_commit()
    return event


def record_events(events: list[Event]) -> None:
    """Store events that `make_event` has made, all in one statement, in the transaction of their action.

    After commit a worker is woken to write their notices, as `record_event` describes.
    """
    if events:
        Event.objects.bulk_create(events)
        _wake_worker_after_commit()


def is_message_sent(
    kind: str, *, actor: Actor, subject: EventSubject, note: str, counterpart: models.Model | None = None
) -> bool:
    """Return whether the acting person has sent this message within SAME_MESSAGE: a second click, or a page reloaded.

    The action whose event is the message asks before it records the event, and then sends nothing more. Of two at the
    same moment the second waits until the transaction of the first has ended.
    """
    acquire_lock(AdvisoryLock.MESSAGES, actor.id or 0)
    sent = Event.objects.visible_to(actor).filter(
        kind=str(kind),
        at__gt=timezone.now() - SAME_MESSAGE,
        organization_id=actor.organization_id,
        actor_kind=actor.kind,
        actor_id=actor.id,
        counterpart_id=counterpart.pk if counterpart else None,
        subject_id=subject.public_id,
        note=note,
    )
    return sent.exists()


def make_event(
    kind: str,
    *,
    actor: Actor,
    subject: EventSubject,
    label: str = "",
    counterpart: models.Model | None = None,
    customer_id: int | None = None,
    scopes: Scope = Scope.NONE,
    data: dict[str, Any] | None = None,
    changes: Changes | None = None,
    note: str = "",
    at: dt.datetime | None = None,
) -> Event:
    """Return a new event, which is not stored yet.

    `kind` says what `actor` did and `subject` what it was done to, which the log calls `label` (default: its `str`).
    `counterpart` is the organisation on the other side. `customer_id` is set for news of a customer, and `scopes` are
    what the customer must share for others to read it. `at` is when it happened (default: now).

    `changes` are the fields that changed (`lib.changes`), `data` is what the texts of notices need, and `note` is what
    the actor typed about it. Neither `data` nor `changes` may name a person or hold an address of one: an erasure
    leaves them as they are.
    """
    principal = actor.on_behalf_of
    return Event(
        kind=str(kind),
        at=at or timezone.now(),
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label,
        on_behalf_kind=principal.kind if principal else "",
        on_behalf_id=principal.id if principal else None,
        on_behalf_label=principal.label if principal else "",
        organization_id=actor.organization_id,
        organization_label=actor.organization_name,
        counterpart_id=counterpart.pk if counterpart else None,
        counterpart_label=str(counterpart or ""),
        customer_id=customer_id,
        scopes=scopes,
        subject_kind=subject._meta.label_lower,
        subject_id=subject.public_id,
        subject_label=label or str(subject),
        note=note,
        data=data or {},
        changes=changes or {},
        request_id=logs.get_log_fields().get("request_id", ""),
    )


def _wake_worker_after_commit() -> None:
    if not any(entry[1] is _wake_worker for entry in connection.run_on_commit):  # once a transaction is enough
        transaction.on_commit(_wake_worker)
