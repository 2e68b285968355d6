"""What the pages of a published offer show: one context for each reader, so that no page shows more than it may."""

from typing import Any

from marketplace.content import has_contact, list_file_ids
from marketplace.models import Authorization, ChannelInfo, Offer, OfferVersion, SaleStop
from marketplace.queries.catalogue import list_categories, list_plans_with_failed_rules
from marketplace.queries.eligibility import ProspectiveSale, list_prices_of_sale
from marketplace.queries.files import list_files
from marketplace.queries.health import list_health_issues
from marketplace.rows.catalogue import make_offer_listing, make_plan_panels, name_categories
from marketplace.rows.files import OfferFiles, make_offer_files
from marketplace.rows.price_amounts import describe_month_unit
from partnerportal.lib.actors import Actor


def make_version_files(actor: Actor, version: OfferVersion) -> OfferFiles:
    """Return the files of a version that the actor sees. Documents are seen with the channel information alone."""
    channel = ChannelInfo.objects.visible_to(actor).filter(version=version).first()
    return make_offer_files(list_files(actor, list_file_ids(version.content, channel.content if channel else {})))


def make_listing_context(actor: Actor, offer: Offer) -> dict[str, Any]:
    """Return what everybody sees of an offer that comes with its live version and publisher: its listing and plans."""
    assert offer.live_version
    categories = name_categories(list_categories())
    return {
        "offer": offer,
        "listing": make_offer_listing(offer.live_version.content),
        "files": make_version_files(actor, offer.live_version),
        "plans": make_plan_panels(actor, offer.live_version.content),
        "categories": [categories[code] for code in offer.categories if code in categories],
    }


def make_catalogue_offer_context(actor: Actor, offer: Offer, sale: ProspectiveSale) -> dict[str, Any]:
    """Return what resellers see: the listing, prices of the partner's market, reasons, and the channel information."""
    assert offer.live_version
    plans = list_plans_with_failed_rules(actor, sale, [offer])
    for plan in plans:
        plan.offer = offer  # which is here already
    prices = list_prices_of_sale(actor, sale, plans)
    panels = make_plan_panels(actor, offer.live_version.content, plans, prices, sale)
    channel = ChannelInfo.objects.visible_to(actor).filter(version=offer.live_version).first()
    material = dict(channel.content) if channel else {}
    return make_listing_context(actor, offer) | {
        "sale": sale,
        "plans": panels,
        "is_sellable": any(not panel.reasons for panel in panels),
        "price_unit": describe_month_unit(offer.pricing_model),
        "channel": material,
        "issues": [issue for issue in list_health_issues(actor, offer) if not issue.cleared_at],
        "has_channel_contact": has_contact(material.get("contact", {})),
        "is_for_other_partner": sale.partner.pk != actor.organization_id,
    }


def make_vendor_offer_context(actor: Actor, offer: Offer) -> dict[str, Any]:
    """Return what the vendor's staff see: the listing, the channel information, the audience and active stops."""
    channel = ChannelInfo.objects.visible_to(actor).filter(version=offer.live_version).first()
    material = dict(channel.content) if channel else {}
    return make_listing_context(actor, offer) | {
        "channel": material,
        "has_channel_contact": has_contact(material.get("contact", {})),
        "audience": offer.get_audience_display(),
        "selected": Authorization.objects.visible_to(actor).active().filter(offer=offer).count(),
        "stops": SaleStop.objects.visible_to(actor).active().filter(offer=offer).count(),
    }
