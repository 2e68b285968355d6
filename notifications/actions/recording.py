"""The last line of every action."""

import logging
from typing import Any, Protocol
from uuid import UUID

from django.db import connection, models, transaction

from notifications.models import Event
from partnerportal.lib.actors import Actor

log = logging.getLogger(__name__)


class Subject(Protocol):
    public_id: UUID
    _meta: Any


def record(
    kind: str,
    *,
    actor: Actor,
    subject: Subject,
    label: str = "",
    counterpart: models.Model | None = None,
    customer_id: int | None = None,
    data: dict[str, Any] | None = None,
) -> Event:
    """Write the audit record, which is also the outbox message, in the transaction of the deed it tells.

    After commit a nudge wakes the fan-out; should the nudge be lost, the sweep each minute finds the row.
    """
    event = Event.objects.create(
        kind=str(kind),
        person_id=actor.person_id,
        person_label=actor.person_name,
        organization_id=actor.organization_id,
        organization_label=actor.organization_name,
        counterpart_id=counterpart.pk if counterpart else None,
        counterpart_label=str(counterpart or ""),
        customer_id=customer_id,
        subject_kind=subject._meta.label_lower,
        subject_id=subject.public_id,
        subject_label=label or str(subject),
        data=data or {},
    )
    if not any(entry[1] is _nudge for entry in connection.run_on_commit):  # one nudge a transaction is enough
        transaction.on_commit(_nudge)
    return event


def _nudge() -> None:
    from notifications.tasks import fan_out

    try:
        fan_out.apply_async(retry=False)
    except Exception:  # the broker is away: the sweep does it
        log.warning("The broker did not take the nudge; the sweep will find the event.", exc_info=True)
