"""Events in words, in the reader's language. Persons of the other side are not named.

Each app registers the words for its own kinds of events; those of connections stand here.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from connections.consent import combine_scopes, format_scope_names
from connections.events import ConnectionEventKind
from notifications.models import Event
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.scopes import find_scope_by_code


@dataclass(frozen=True)
class ActivityRow:
    """An event as the activity page of a customer shows it, with texts in the reader's language."""

    icon: str
    text: str
    detail: str
    person: str  # of the actor's own organisation, else empty
    at: dt.datetime


@dataclass(frozen=True)
class ActivityDescription:
    """The icon and the sentence by which activity pages show events of one kind.

    `text` may have the placeholders %(organization)s, %(counterpart)s and %(subject)s, and those that `values` returns
    for an event. `detail` returns a text to show after the sentence, or "".
    """

    icon: str
    text: Message
    values: Callable[[Event], Mapping[str, str]] = lambda event: {}
    detail: Callable[[Event], str] = lambda event: ""


_descriptions: dict[str, ActivityDescription] = {}


def register_activity_descriptions(descriptions: Mapping[str, ActivityDescription]) -> None:
    """Register how activity pages show events, by kind of event, such as "trial.requested".

    Activity pages leave out events of other kinds. Raises AssertionError for a kind that is registered already.
    """
    assert not descriptions.keys() & _descriptions.keys(), "an event has its description already"
    _descriptions.update(descriptions)


register_activity_descriptions(
    {
        ConnectionEventKind.ESTABLISHED: ActivityDescription(
            "link", _("%(organization)s connected to %(counterpart)s")
        ),
        ConnectionEventKind.SHARING_CHANGED: ActivityDescription(
            "eye",
            _("%(organization)s changed what it shares with %(counterpart)s"),
            detail=lambda event: format_scope_names(
                combine_scopes(map(find_scope_by_code, event.changes["scopes"][1]))
            ),
        ),
        ConnectionEventKind.ENDED: ActivityDescription(
            "unlink", _("%(organization)s ended the connection with %(counterpart)s")
        ),
    }
)


def list_activity_event_kinds() -> list[str]:
    """Return the kinds of events that activity pages show, such as "trial.requested"."""
    return list(_descriptions)


def build_activity_rows(actor: Actor, events: Iterable[Event]) -> list[ActivityRow]:
    """Return an ActivityRow for each event of a kind that activity pages show, in this order.

    Events of other kinds are for the audit log alone. A person's name is filled in only if they act for the actor's
    organisation.
    """
    return [_moment(actor, event, _descriptions[event.kind]) for event in events if event.kind in _descriptions]


def _moment(actor: Actor, event: Event, description: ActivityDescription) -> ActivityRow:
    values = {
        "organization": event.organization_label,
        "counterpart": event.counterpart_label,
        "subject": event.subject_label,
        **description.values(event),
    }
    return ActivityRow(
        icon=description.icon,
        text=str(description.text) % values,
        detail=description.detail(event),
        person=event.actor_label if event.organization_id == actor.organization_id else "",
        at=event.at,
    )
