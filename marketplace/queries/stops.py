"""Queries for the stops of an offer's sale."""

from uuid import UUID

from accounts.models import OrganizationKind
from marketplace.models import Offer, Plan, SaleStop
from marketplace.models.offer import OfferQuerySet
from marketplace.models.stop import SaleStopQuerySet
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound
from partnerportal.lib.visible_rows import get_by_public_id


def _list_managed_offers(actor: Actor) -> OfferQuerySet:
    """Return the offers whose sale the actor's organisation may stop: the publisher's own, and for the vendor all."""
    offers: OfferQuerySet = Offer.objects.visible_to(actor)
    return (
        offers if actor.organization_kind == OrganizationKind.VENDOR else offers.filter(publisher=actor.organization_id)
    )


def get_managed_offer(actor: Actor, public_id: UUID) -> Offer:
    """Return an offer that the actor's organisation manages. Raises NotFound for another."""
    return get_by_public_id(_list_managed_offers(actor).select_related("live_version"), public_id)


def lock_managed_offer(actor: Actor, offer: Offer) -> Offer:
    """Return an offer that the actor's organisation manages, locked until the transaction ends, or raise NotFound."""
    locked = _list_managed_offers(actor).filter(pk=offer.pk).select_for_update().first()
    if locked is None:
        raise NotFound("not_found", "")
    return locked


def list_stops(actor: Actor, offer: Offer) -> SaleStopQuerySet:
    """Return the stops of an offer that hold now, the wider ones first, each with its reason."""
    stops: SaleStopQuerySet = SaleStop.objects.visible_to(actor).active().filter(offer=offer)
    return stops.select_related("plan", "market", "stop_reason").order_by(
        "plan__code", "term", "market__name", "by_vendor", "pk"
    )


def get_stop(actor: Actor, offer: Offer, public_id: UUID) -> SaleStop:
    """Return a stop of an offer, also one that is lifted. Raises NotFound."""
    stops = (
        SaleStop.objects.visible_to(actor).filter(offer=offer).select_related("offer", "plan", "market", "stop_reason")
    )
    return get_by_public_id(stops, public_id)


def list_terms(offer: Offer, plan: Plan) -> list[str]:
    """Return the terms for which the live version of an offer sells a plan."""
    plans = offer.live_version.content["plans"] if offer.live_version else []
    return [term for each in plans if each["code"] == plan.code for term in each["terms"]]
