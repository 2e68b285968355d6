"""Queries for who did what to an offer, which stands in the log."""

import datetime as dt
from bisect import bisect_left
from collections.abc import Iterable

from django.db.models import Q, QuerySet

from marketplace.events import OfferEvent
from marketplace.models import Authorization, Offer, Price, ResellerListing, SaleStop
from notifications.models import Event
from partnerportal.lib.actors import Actor

Source = Authorization.Source


def find_pricing_events(actor: Actor, offer: Offer, prices: Iterable[Price]) -> dict[str, Event]:
    """Return the events by which prices were published, by the public ids of the prices, where the actor sees them."""
    wanted = {str(price.public_id): price.created_at for price in prices}
    if not wanted:
        return {}
    days = {moment.date() for moment in wanted.values()}
    events = _of_offer(actor, offer).filter(kind=OfferEvent.PRICED, at__date__gte=min(days), at__date__lte=max(days))
    return {price: event for event in events for price in event.data.get("added", ()) if price in wanted}


def find_stopping_events(actor: Actor, offer: Offer, stops: Iterable[SaleStop]) -> dict[str, Event]:
    """Return the events by which sales were stopped, by the public ids of the stops, where the actor sees them."""
    wanted = Q(data__stop__in=[str(stop.public_id) for stop in stops])
    return {event.data["stop"]: event for event in _of_offer(actor, offer).filter(wanted, kind=OfferEvent.STOPPED)}


def name_authorizers(actor: Actor, offer: Offer, rows: Iterable[ResellerListing]) -> dict[int, str]:
    """Return who brought organisations into an offer's audience, by their primary keys.

    `rows` are those of `annotate_audience`. An action writes its event last, and none other can change the audience
    meanwhile, because it holds the offer's row: so it is the next one, at most a minute later. Nobody chose those that
    had resold the offer before.
    """
    chosen = {row.organization_id: row.since for row in rows if row.since and row.source != Source.RESOLD}  # type: ignore[attr-defined]
    if not chosen:
        return {}
    minute = dt.timedelta(minutes=1)
    changes = _of_offer(actor, offer).filter(kind__in=[OfferEvent.PUBLISHED, OfferEvent.AUDIENCE_CHANGED])
    within = changes.filter(at__gte=min(chosen.values()), at__lte=max(chosen.values()) + minute)
    events = list(within.order_by("at"))
    times = [event.at for event in events]
    next_ones = {key: bisect_left(times, since) for key, since in chosen.items()}
    return {
        key: name_doer(actor, events[at])
        for key, at in next_ones.items()
        if at < len(events) and times[at] <= chosen[key] + minute
    }


def name_doer(actor: Actor, event: Event | None) -> str:
    """Return who did what an event records: the person of one's own organisation, or the other organisation."""
    if event is None:
        return ""
    return event.actor_label if event.organization_id == actor.organization_id else event.organization_label


def _of_offer(actor: Actor, offer: Offer) -> QuerySet[Event]:
    events = Event.objects.visible_to(actor)
    return events.filter(subject_kind=offer._meta.label_lower, subject_id=offer.public_id)
