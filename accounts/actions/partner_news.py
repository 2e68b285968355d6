"""Events by which a distributor reads in its own log what the vendor did with its partners.

The event of the vendor's action itself is read by the vendor and the partner alone: whoever reads an event reads all
of it, and this one holds the reason of a suspension. The distributor's event holds less. It is recorded for whoever was
above the partner at that moment, so nobody reads what was done before the partner came or after it had left.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from accounts.events import AccountEventKind, PartnerNewsKind
from accounts.models import Organization
from accounts.queries.organizations import find_organizations_by_org_id
from notifications.actions.recording import make_event, record_events
from notifications.models import Event
from notifications.registry import register_event_handler
from partnerportal.lib.actors import Actor, ActorKind
from partnerportal.lib.commands import STAFF

_NEWS = {
    AccountEventKind.ORGANIZATION_CREATED: PartnerNewsKind.REGISTERED,
    AccountEventKind.SUSPENDED: PartnerNewsKind.SUSPENDED,
    AccountEventKind.REACTIVATED: PartnerNewsKind.REACTIVATED,
    AccountEventKind.MEMBERSHIP_CHANGED: PartnerNewsKind.MEMBERSHIP_CHANGED,
}
# What the distributor's event keeps of the data of the action's event.
_TOLD = ("program", "starts_on", "ends_on", "is_new", "is_confirmation", "is_at_once")


def make_parent_data(organization: Organization) -> dict[str, str | None]:
    """Return what the data of an event says of the distributor above its organisation: the ORGID, None for none."""
    return {"parent": organization.parent.org_id if organization.parent else None}


@register_event_handler(AccountEventKind.ORGANIZATION_CREATED)
@register_event_handler(AccountEventKind.SUSPENDED)
@register_event_handler(AccountEventKind.REACTIVATED)
@register_event_handler(AccountEventKind.MEMBERSHIP_CHANGED)
def tell_distributors(events: Sequence[Event]) -> None:
    """Record for the distributor above each event's partner, if there is one, what the vendor did with the partner."""
    _record_news((event.data.get("parent"), _NEWS[AccountEventKind(event.kind)], event) for event in events)


@register_event_handler(AccountEventKind.PARTNER_MOVED)
def tell_distributors_of_moves(events: Sequence[Event]) -> None:
    """Record each move of a partner for the distributor that it leaves, and for the one that it comes to."""
    _record_news(
        (org_id, kind, event)
        for event in events
        for org_id, kind in zip(event.changes["parent"], (PartnerNewsKind.LEFT, PartnerNewsKind.ARRIVED), strict=True)
    )


def _record_news(news: Iterable[tuple[str | None, PartnerNewsKind, Event]]) -> None:
    """Record each piece of news, which is an event with the ORGID of the distributor that is to read it, if any."""
    told = [(org_id, kind, event) for org_id, kind, event in news if org_id and event.counterpart_id]
    distributors = find_organizations_by_org_id(org_id for org_id, _kind, _event in told)
    partners = Organization.objects.in_bulk({event.counterpart_id for _org_id, _kind, event in told})
    record_events(
        [
            _make_news_event(kind, event, distributors[org_id], partners[event.counterpart_id])
            for org_id, kind, event in told
            if org_id in distributors and event.counterpart_id in partners
        ]
    )


def _make_news_event(kind: PartnerNewsKind, event: Event, distributor: Organization, partner: Organization) -> Event:
    data: dict[str, Any] = {name: event.data[name] for name in _TOLD if name in event.data}
    is_by_rule = event.actor_kind == ActorKind.SYSTEM and not event.actor_label.startswith(STAFF)
    return make_event(
        kind,
        actor=Actor.system(event.actor_label if is_by_rule else STAFF),  # of the vendor's people none is named
        subject=partner,
        label=event.counterpart_label,
        counterpart=distributor,
        data=data,
        at=event.at,
    )
