"""Queries for the offers of a publisher."""

from uuid import UUID

from django.db.models import Case, Exists, F, OuterRef, Subquery, Value, When

from marketplace.models import Offer, OfferVersion, SaleStop
from marketplace.models.offer import OfferQuerySet
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound
from partnerportal.lib.visible_rows import get_by_public_id


def list_own_offers(actor: Actor) -> OfferQuerySet:
    """Return the acting publisher's offers, each with `state`, `has_draft`, `texts` and `number`.

    `state` is "draft", "live", "changed" (live, with a draft beside it) or "stopped"; `texts` are those of the newest
    version by language; `number` is that of the live version.
    """
    versions = OfferVersion.objects.filter(offer=OuterRef("pk"))
    stops = SaleStop.objects.active().filter(offer=OuterRef("pk"), plan=None)
    newest = versions.order_by("-revision").annotate(texts=F("content__texts"))
    offers: OfferQuerySet = Offer.objects.visible_to(actor).filter(publisher=actor.organization_id)
    return offers.annotate(
        has_draft=Exists(versions.filter(number=None)),
        texts=Subquery(newest.values("texts")[:1]),
        number=F("live_version__number"),
        state=Case(
            When(live_version=None, then=Value("draft")),
            When(Exists(stops), then=Value("stopped")),
            When(has_draft=True, then=Value("changed")),
            default=Value("live"),
        ),
    )


def get_own_offer(actor: Actor, public_id: UUID) -> Offer:
    """Return an offer of the acting publisher, with what `list_own_offers` adds. Raises NotFound for one of another."""
    return get_by_public_id(list_own_offers(actor).select_related("live_version"), public_id)


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


def get_newest_version(offer: Offer) -> OfferVersion:
    """Return the draft of an offer, or without one its live version, with its channel information."""
    return offer.versions.select_related("channel").latest("revision")
