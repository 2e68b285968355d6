"""Queries for the offers of a publisher."""

from marketplace.models import Offer, OfferVersion
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound


def lock_own_offer(actor: Actor, offer: Offer) -> Offer:
    """Return the acting publisher's offer, locked until the transaction ends. Raises NotFound for one of another."""
    own = Offer.objects.visible_to(actor).filter(publisher=actor.organization_id, pk=offer.pk)
    locked = own.select_for_update().first()
    if locked is None:
        raise NotFound("not_found", "")
    return locked


def get_draft(offer: Offer) -> OfferVersion | None:
    """Return the draft of an offer with its channel information, or None if there are no changes to publish."""
    return offer.versions.filter(number=None).select_related("channel").first()
