"""Events in words, in the reader's language. Persons of the other side are not named."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from connections.events import ConnectionEvent
from entitlements.anomalies import services_of
from entitlements.events import EntitlementEvent
from entitlements.notices import licences
from notifications.models import Event
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message

WORDS: dict[str, tuple[str, Message]] = {
    ConnectionEvent.ESTABLISHED: ("link", _("%(organization)s connected with %(counterpart)s")),
    ConnectionEvent.ENDED: ("unlink", _("%(organization)s ended the connection with %(counterpart)s")),
    EntitlementEvent.ADDED: ("package-plus", _("%(service)s was added")),
    EntitlementEvent.CHANGED: ("package", _("%(service)s has changed")),
    EntitlementEvent.TRIAL_REQUESTED: ("flask-conical", _("A trial of %(service)s was requested")),
    EntitlementEvent.TRIAL_APPROVED: ("flask-conical", _("The trial of %(service)s began")),
    EntitlementEvent.TRIAL_DECLINED: ("flask-conical", _("The trial of %(service)s was declined")),
    EntitlementEvent.TRIAL_EXTENDED: ("flask-conical", _("The trial of %(service)s was extended")),
    EntitlementEvent.TRIAL_CONVERTED: ("package-check", _("%(service)s went from trial to production")),
    EntitlementEvent.TRIAL_CANCELLED: ("flask-conical", _("The trial of %(service)s was cancelled")),
    EntitlementEvent.TRIAL_EXPIRED: ("hourglass", _("The trial of %(service)s expired")),
    EntitlementEvent.RELEASE_ASKED: ("user-minus", _("The release of a licence of %(service)s was asked for")),
    EntitlementEvent.RELEASE_WITHDRAWN: ("user-check", _("The release of a licence of %(service)s was taken back")),
    EntitlementEvent.RELEASE_MARKED: ("user-check", _("A licence of %(service)s was released")),
    EntitlementEvent.RELEASE_REOPENED: ("user-minus", _("The release of a licence of %(service)s was opened again")),
    EntitlementEvent.USE_UNUSUAL: ("activity", _("Use of %(service)s left its usual range")),
    EntitlementEvent.ORDER_PLACED: ("receipt-text", _("Order %(subject)s was placed")),
}


@dataclass(frozen=True)
class Moment:
    icon: str
    text: str
    detail: str
    person: str  # of the actor's own organisation, else empty
    at: dt.datetime


def moments(actor: Actor, events: Iterable[Event]) -> list[Moment]:
    """Events of a kind without words are left out: they are for the audit log."""
    return [_moment(actor, event) for event in events if event.kind in WORDS]


def _moment(actor: Actor, event: Event) -> Moment:
    icon, words = WORDS[event.kind]
    quantity = event.data.get("quantity")
    values = {
        "organization": event.organization_label,
        "counterpart": event.counterpart_label,
        "subject": event.subject_label,
        "service": formats.listed(services_of(event.data.get("uses", ())))
        or event.data.get("sku_name", event.subject_label),
    }
    return Moment(
        icon=icon,
        text=str(words) % values,
        detail=licences(quantity) if isinstance(quantity, int) else "",
        person=event.person_label if event.organization_id == actor.organization_id else "",
        at=event.at,
    )
