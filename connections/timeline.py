"""Events in words, for the activity of a customer and the activity log. Persons of the other side are not named."""

import datetime as dt
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Organization
from accounts.personal_data import ERASED
from connections.queries import get_visible_organizations
from notifications.models import Event
from notifications.timeline import (
    ChangeRow,
    build_change_rows,
    find_activity_description,
    find_topic_label,
    list_activity_event_kinds,
)
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor, ActorKind
from partnerportal.lib.commands import STAFF


@dataclass(frozen=True)
class ActivityRow:
    """An event as the activity page of a customer shows it, with texts in the reader's language."""

    icon: str
    text: str
    detail: str
    person: str  # of the actor's own organisation, else empty
    at: dt.datetime | dt.date  # a date where the day alone is known


def build_activity_rows(actor: Actor, events: Iterable[Event]) -> list[ActivityRow]:
    """Return an ActivityRow for each event of a kind that activity pages show, in this order.

    Events of other kinds are for the activity log alone. A person's name is filled in only if they act for the actor's
    organisation.
    """
    shown = set(list_activity_event_kinds())
    return [_build_row(actor, event) for event in events if event.kind in shown]


def _build_row(actor: Actor, event: Event) -> ActivityRow:
    description = find_activity_description(event.kind)
    return ActivityRow(
        icon=description.icon,
        text=description.build_sentence(event),
        detail=description.detail(event),
        person=event.actor_label if event.organization_id == actor.organization_id else "",
        at=event.at.astimezone(dt.UTC).date() if getattr(event, "is_day", False) else event.at,
    )


@dataclass(frozen=True)
class LogRow:
    """An event as the activity log shows it, with texts in the reader's language."""

    public_id: str
    at: str
    exact: str  # the moment in UTC, to the microsecond
    icon: str
    actor: str
    on_behalf: str
    concerns: str  # the organisation that it concerns; "" for none but the reader's own
    other: str  # the organisation on the other side, which it concerns or which did it; "" for none
    other_id: str  # its public id, where the reader may look it up
    action: str
    detail: str
    topic: str
    subject: str
    changes: list[ChangeRow]
    note: str
    request_id: str  # of what the reader's own organisation did


def build_log_rows(actor: Actor, events: Iterable[Event], *, in_utc: bool = False) -> list[LogRow]:
    """Return a LogRow for each event, in this order. Persons of other organisations are not named."""
    events = list(events)
    others = {find_other_side(actor, event) for event in events} - {None}
    known = get_visible_organizations(actor, (pk for pk in others if pk is not None))
    with timezone.override("UTC") if in_utc else nullcontext():
        return [_build_log_row(actor, event, known) for event in events]


def find_other_side(actor: Actor, event: Event) -> int | None:
    """Return the primary key of the organisation that an event concerns, or that did it, beside the actor's own."""
    sides = (event.customer_id, event.counterpart_id, event.organization_id)
    return next((side for side in sides if side not in (None, actor.organization_id)), None)


def _build_log_row(actor: Actor, event: Event, known: Mapping[int, Organization]) -> LogRow:
    description = find_activity_description(event.kind)
    is_own = event.organization_id == actor.organization_id
    other = find_other_side(actor, event)
    organization = known.get(other) if other is not None else None
    other_name = organization.name if organization else _get_label(event, other)
    return LogRow(
        public_id=str(event.public_id),
        at=formats.format_date_and_time(event.at),
        exact=event.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        icon=description.icon,
        actor=name_actor(event, actor.organization_id),
        on_behalf=name_on_behalf(event, actor.organization_id),
        concerns=other_name if is_own else "",
        other=other_name,
        other_id=str(organization.public_id) if organization else "",
        action=description.build_sentence(event),
        detail=description.detail(event),
        topic=find_topic_label(event.kind),
        subject=_name_person(event.subject_label),
        changes=build_change_rows(event),
        note=event.note,
        request_id=event.request_id if is_own else "",
    )


def name_actor(event: Event, organization_id: int | None) -> str:
    """Return who did it, as the log of the organisation with this primary key says it.

    It is the person or client of that organisation, else the other organisation; for a command of the vendor's staff
    and for what the portal does by itself it says so.
    """
    if event.actor_kind == ActorKind.SYSTEM:
        return _("Vendor staff") if event.actor_label.startswith(STAFF) else _("The portal")
    if event.organization_id == organization_id:
        return _name_person(event.actor_label)
    return event.organization_label


def name_on_behalf(event: Event, organization_id: int | None) -> str:
    """Return on whose behalf it was done, for the organisation that it was done for, or ""."""
    is_own = event.organization_id == organization_id
    return _name_person(event.on_behalf_label) if is_own and event.on_behalf_kind else ""


def _name_person(label: str) -> str:
    return _("Erased person") if label == ERASED else label


def _get_label(event: Event, organization_id: int | None) -> str:
    """Return the name that the event itself keeps of one of its sides, or ""."""
    if organization_id is None:
        return ""
    if organization_id == event.counterpart_id:
        return event.counterpart_label
    return event.organization_label if organization_id == event.organization_id else ""
