"""Queries for who did what to an offer, which stands in the log."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from marketplace.events import OfferEvent
from marketplace.models import Offer, Price, SaleStop
from notifications.models import Event
from partnerportal.lib.actors import Actor


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


def _of_offer(actor: Actor, offer: Offer) -> QuerySet[Event]:
    events = Event.objects.visible_to(actor)
    return events.filter(subject_kind=offer._meta.label_lower, subject_id=offer.public_id)
