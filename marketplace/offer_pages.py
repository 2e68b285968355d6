"""What the pages of a published offer show: one context for each reader, so that no page shows more than it may."""

from dataclasses import dataclass, replace
from typing import Any

from marketplace.content import has_contact, list_file_ids
from marketplace.models import Authorization, ChannelInfo, Offer, OfferVersion
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.catalogue import list_categories, list_plans_of_version, list_plans_with_failed_rules
from marketplace.queries.eligibility import ProspectiveSale, list_prices_of_sale
from marketplace.queries.files import list_files
from marketplace.queries.health import list_health_issues
from marketplace.queries.history import find_stopping_events
from marketplace.queries.stops import list_stops
from marketplace.rows.catalogue import make_offer_listing, make_plan_panels, name_categories
from marketplace.rows.files import OfferFiles, make_offer_files
from marketplace.rows.price_amounts import describe_month_unit
from marketplace.rows.prices import name_plans
from marketplace.rows.stops import StopRow, make_stop_rows
from partnerportal.lib.actors import Actor


@dataclass(frozen=True)
class Preview:
    """A version that a page shows as if it were live, and a reader that stands for those who would then see it."""

    version: OfferVersion
    reader: Actor


def make_version_files(actor: Actor, version: OfferVersion) -> OfferFiles:
    """Return the files of a version that the actor sees. Documents are seen with the channel information alone."""
    channel = ChannelInfo.objects.visible_to(actor).filter(version=version).first()
    return make_offer_files(list_files(actor, list_file_ids(version.content, channel.content if channel else {})))


def make_listing_context(actor: Actor, offer: Offer, version: OfferVersion | None = None) -> dict[str, Any]:
    """Return what everybody sees of an offer that comes with its live version and publisher: its listing and plans.

    `version` is the one that is shown in place of the live one.
    """
    version = version or offer.live_version
    assert version
    categories = name_categories(list_categories())
    listing = make_offer_listing(version.content)
    return {
        "offer": offer,
        "listing": replace(listing, name=listing.name or offer.code),  # a draft may have no name yet
        "files": make_offer_files(list_files(actor, list_file_ids(version.content, {}))),
        "plans": make_plan_panels(actor, version.content),
        "categories": [categories[code] for code in version.content.get("categories", []) if code in categories],
    }


def make_storefront_offer_context(actor: Actor, offer: Offer, preview: Preview | None = None) -> dict[str, Any]:
    """Return what customers see: the listing, and whether they may ask a partner."""
    reader = preview.reader if preview else actor
    may_ask = ROLE_TABLE[OfferPermission.ASK_PARTNER].check_actor(reader)
    return make_listing_context(actor, offer, preview.version if preview else None) | {"may_ask": may_ask}


def make_catalogue_offer_context(
    actor: Actor, offer: Offer, sale: ProspectiveSale, preview: Preview | None = None
) -> dict[str, Any]:
    """Return what resellers see: the listing, prices of the partner's market, reasons, and the channel information."""
    version = preview.version if preview else offer.live_version
    reader = preview.reader if preview else actor
    assert version
    if preview:
        plans = list_plans_of_version(actor, sale, offer, version)
    else:
        plans = list_plans_with_failed_rules(actor, sale, [offer])
    panels = make_plan_panels(reader, version.content, plans, list_prices_of_sale(actor, sale, plans), sale)
    return make_listing_context(actor, offer, version) | {
        **_make_channel_context(actor, version),
        "sale": sale,
        "plans": panels,
        "is_sellable": any(not panel.reasons for panel in panels),
        "price_unit": describe_month_unit(offer.pricing_model),
        "issues": [issue for issue in list_health_issues(actor, offer) if not issue.cleared_at],
        "is_for_other_partner": sale.partner.pk != reader.organization_id,
        "may_write": ROLE_TABLE[OfferPermission.CONTACT_PUBLISHER].check_actor(reader),
    }


def _make_channel_context(actor: Actor, version: OfferVersion) -> dict[str, Any]:
    """Return what customers never see of a version (CA-30), with its files, among which are then the documents."""
    channel = ChannelInfo.objects.visible_to(actor).filter(version=version).first()
    material = dict(channel.content) if channel else {}
    return {
        "channel": material,
        "has_channel_contact": has_contact(material.get("contact", {})),
        "files": make_version_files(actor, version),
    }


def make_vendor_offer_context(actor: Actor, offer: Offer) -> dict[str, Any]:
    """Return what the vendor's staff see: the listing, the channel information, the audience and active stops."""
    assert offer.live_version
    return make_listing_context(actor, offer) | {
        **_make_channel_context(actor, offer.live_version),
        "audience": offer.get_audience_display(),
        "selected": Authorization.objects.visible_to(actor).active().filter(offer=offer).count(),
        **make_stops_context(actor, offer),
    }


def make_stops_context(actor: Actor, offer: Offer) -> dict[str, Any]:
    """Return what its publisher and the vendor see of the stops of an offer's sale, and whether they may stop one."""
    stops = list(list_stops(actor, offer))
    names = name_plans(actor, offer) if stops else {}
    rows: list[StopRow] = make_stop_rows(actor, offer, stops, names, find_stopping_events(actor, offer, stops))
    return {"stops": rows, "may_stop": ROLE_TABLE[OfferPermission.STOP].check_actor(actor)}
