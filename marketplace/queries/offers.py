"""Queries for the offers of a publisher."""

import hashlib
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, Exists, F, OuterRef, QuerySet, Subquery, Value, When

from marketplace.events import OfferEvent
from marketplace.models import Offer, OfferVersion, Plan, SaleStop
from marketplace.models.offer import OfferQuerySet
from notifications.models import Event
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
    return offers.select_related("private").annotate(
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


def count_own_offers_by_state(actor: Actor) -> dict[str, int]:
    """Return how many offers the acting publisher has in each state; states without any are left out."""
    counted = list_own_offers(actor).order_by().values("state").annotate(offers=Count("pk"))
    return {row["state"]: row["offers"] for row in counted}


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


def get_own_plan(actor: Actor, offer: Offer, code: str) -> Plan:
    """Return the plan with a code of an offer of `get_own_offer`. Raises NotFound."""
    plan = Plan.objects.visible_to(actor).filter(offer=offer, code=code).first()
    if plan is None:
        raise NotFound("not_found", "")
    return plan


def get_draft(offer: Offer) -> OfferVersion | None:
    """Return the draft of an offer with its channel information, or None if there are no changes to publish."""
    return offer.versions.filter(number=None).select_related("channel").first()


def make_tree(version: OfferVersion) -> dict[str, Any]:
    """Return the content and the channel information of a version as one tree, as `content.DraftSerializer` reads."""
    return {**version.content, "channel": version.channel.content}


def make_technical_version(offer: Offer) -> str:
    """Return a digest of an offer's technical configuration, by which an editor says which one was seen."""
    return hashlib.sha256(f"{offer.private.landing_page_url}\n{offer.private.webhook_url}".encode()).hexdigest()[:32]


def list_published_versions(offer: Offer) -> QuerySet[OfferVersion]:
    """Return the published versions of an offer with their channel information, the newest first."""
    return offer.versions.exclude(number=None).select_related("channel").order_by("-number")


def get_version(offer: Offer, name: str) -> OfferVersion:
    """Return the version of an offer that `name` names: "draft", "live" or a number. Raises NotFound."""
    versions = offer.versions.select_related("channel")
    if name == "draft":
        versions = versions.filter(number=None)
    elif name == "live":
        versions = versions.filter(number=offer.live_version.number) if offer.live_version else versions.none()
    else:
        is_number = name.isascii() and name.isdigit() and len(name) < 10
        versions = versions.filter(number=int(name)) if is_number else versions.none()
    version = versions.first()
    if version is None:
        raise NotFound("not_found", "")
    return version


def list_publishers_by_version(actor: Actor, offer: Offer) -> dict[int, str]:
    """Return who has published each version of an offer, as the log names them, by the number of the version."""
    events = Event.objects.visible_to(actor).filter(
        organization_id=actor.organization_id, kind=OfferEvent.PUBLISHED, subject_id=offer.public_id
    )
    return {event.data["version"]: event.actor_label for event in events}


def get_newest_version(offer: Offer) -> OfferVersion:
    """Return the draft of an offer, or without one its live version, with its channel information."""
    return offer.versions.select_related("channel").latest("revision")
