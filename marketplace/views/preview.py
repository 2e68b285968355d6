"""The page on which a publisher sees an offer as its readers will: what is live now, or the draft."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketplace.content import has_contact
from marketplace.models import Offer, OfferVersion
from marketplace.offer_pages import make_listing_context
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.offers import get_newest_version, get_own_offer
from marketplace.queries.prices import list_current_prices
from marketplace.rows.catalogue import make_plan_panels
from marketplace.rows.price_amounts import describe_month_unit
from partnerportal.lib.actors import Actor
from partnerportal.lib.catalogue_entries import pick_name
from partnerportal.lib.formats import join_names
from partnerportal.lib.pages import require_permission
from partnerportal.lib.requests import PortalRequest


@require_safe
@require_permission(ROLE_TABLE, OfferPermission.VIEW_OWN)
def offer_preview(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show the newest version of an offer as customers see it, or for `as=partner` as partners of a market do.

    Nobody but its publisher can open it. `place` names the market and currency, such as "europe.EUR".
    """
    offer = get_own_offer(request.actor, offer_id)
    newest = get_newest_version(offer)
    reader = "partner" if request.GET.get("as") == "partner" else "customer"
    offer.live_version, offer.categories = newest, newest.content.get("categories", [])  # in memory alone
    context = make_listing_context(request.actor, offer) | {"reader": reader, "newest": newest}
    if reader == "partner":
        context |= _make_partner_context(request.actor, offer, newest, request.GET.get("place", ""))
    return render(request, "marketplace/offer_preview.html", context)


def _make_partner_context(actor: Actor, offer: Offer, version: OfferVersion, name: str) -> dict[str, Any]:
    prices = list_current_prices(actor, offer).filter(state="in_force").exclude(amount=None)
    rows = prices.order_by("market__name", "currency").values_list("market__code", "currency", "market__names")
    places = {
        f"{code}.{currency}": (code, currency, join_names([pick_name(names, code), currency]))
        for code, currency, names in rows.distinct()
    }
    place = name if name in places else next(iter(places), "")
    code, currency, _label = places.get(place, ("", "", ""))
    shown = prices.filter(market__code=code, currency=currency).order_by("plan", "term", "billing")
    material = version.channel.content
    return {
        "plans": make_plan_panels(actor, version.content, offer.plans.all(), shown),
        "places": [(key, label) for key, (_code, _currency, label) in places.items()],
        "place": place,
        "price_unit": describe_month_unit(offer.pricing_model),
        "channel": material,
        "has_channel_contact": has_contact(material.get("contact", {})),
    }
