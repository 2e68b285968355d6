"""What this app shows a publisher on the start page: its offers, drafts, how to begin, and how its products grow."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.filters import OFFER_STATES
from marketplace.models import Measure
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.offers import count_own_offers_by_state, list_own_offers
from marketplace.queries.products import (
    find_latest_count,
    find_latest_month,
    get_year_before,
    list_largest_products,
    sum_figures,
)
from marketplace.rows.offers import OFFER_STATE_LABELS, get_offer_name
from marketplace.rows.products import describe_count, make_product_growth
from partnerportal.lib import formats
from partnerportal.lib.blocks import StartPageArea, StartPageBlock
from partnerportal.lib.first_steps import FirstStep
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.rows import AttentionItem

DRAFTS_SHOWN = 6
PRODUCTS_SHOWN = 5

is_publisher = ROLE_TABLE[OfferPermission.VIEW_OWN].check_actor


def _offers(request: PortalRequest) -> dict[str, Any] | None:
    """Return the publisher's offers in numbers by state, and its drafts; nothing before the first offer."""
    counts = count_own_offers_by_state(request.actor)
    if not counts:
        return None
    url = reverse("offers")
    states = [
        {"label": OFFER_STATE_LABELS[state][0], "count": counts.get(state, 0), "url": f"{url}?state={state}"}
        for state in OFFER_STATES
    ]
    drafts = list_own_offers(request.actor).filter(has_draft=True).order_by("-changed_at", "-pk")[:DRAFTS_SHOWN]
    return {
        "states": states,
        "title": _("Drafts"),
        "none": _("There are no changes to publish."),
        "attention": [
            AttentionItem(
                tone="info",
                icon="pencil",
                title=get_offer_name(offer),
                text=_("Saved %(when)s") % {"when": formats.format_relative_time(offer.changed_at)},
                url=reverse("offer", args=[offer.public_id]),
            )
            for offer in drafts
        ],
    }


def _products(request: PortalRequest) -> dict[str, Any] | None:
    """Return the publisher's largest products with their licences and growth; nothing before the first sums."""
    actor = request.actor
    month = find_latest_month(actor)
    products = list_largest_products(actor, month, Measure.SEATS, PRODUCTS_SHOWN) if month else []
    if not month or not products:
        return None
    sums = sum_figures(actor, [product.pk for product in products], (month, get_year_before(month)))
    return {
        "month": formats.format_month(month),
        "rows": [make_product_growth(product, month, sums) for product in products],
        "as_of": describe_count(find_latest_count(actor)),
    }


def _has_offer(request: PortalRequest) -> bool:
    return list_own_offers(request.actor).exists()


FIRST_STEPS = (
    FirstStep(
        label=gettext_lazy("Create your first offer"),
        icon="tags",
        url_name="offer_new",
        action=gettext_lazy("Create offer"),
        order=10,
        seen_by=ROLE_TABLE[OfferPermission.EDIT].check_actor,
        is_done=_has_offer,
    ),
)
BLOCKS = (
    StartPageBlock(
        area=StartPageArea.STRIP,
        order=20,
        template="marketplace/start_page/offers.html",
        context=_offers,
        seen_by=is_publisher,
    ),
    StartPageBlock(
        area=StartPageArea.WORK, order=5, template="ui/attention.html", context=_offers, seen_by=is_publisher
    ),
    StartPageBlock(
        area=StartPageArea.WORK,
        order=6,
        template="marketplace/start_page/products.html",
        context=_products,
        seen_by=ROLE_TABLE[OfferPermission.VIEW_PRODUCTS].check_actor,
    ),
)
