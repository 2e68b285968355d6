"""The frame of a publisher's offer: the header and the tabs that all of its pages have.

A page gets the offer by `get_own_offer` and is drawn by `render_offer_page`. A new tab is a line in OFFER_TABS.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from marketplace.models import Offer, OfferType
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.rows.offers import make_offer_header
from partnerportal.lib.errors import Message
from partnerportal.lib.lists import ListTab
from partnerportal.lib.neighbours import keep_list
from partnerportal.lib.policies import authorize
from partnerportal.lib.requests import PortalRequest


@dataclass(frozen=True, kw_only=True)
class OfferTab:
    """A tab on the pages of an offer. `url_name` names a route that takes the offer's public id as `offer_id`.

    Offers of types that are not in `types` do not have the tab.
    """

    key: str
    label: Message
    url_name: str
    types: frozenset[str] = frozenset(OfferType)


OFFER_TABS = (
    OfferTab(key="overview", label=_("Overview"), url_name="offer"),
    OfferTab(key="listing", label=_("Listing"), url_name="offer_listing"),
    OfferTab(key="files", label=_("Pictures and documents"), url_name="offer_files"),
    OfferTab(key="plans", label=_("Plans"), url_name="offer_plans"),
    OfferTab(key="prices", label=_("Prices"), url_name="offer_prices"),
    OfferTab(key="audience", label=_("Audience"), url_name="offer_audience"),
    OfferTab(
        key="technical",
        label=_("Technical configuration"),
        url_name="offer_technical",
        types=frozenset({OfferType.SAAS}),
    ),
    OfferTab(key="health", label=_("Health"), url_name="offer_health"),
    OfferTab(key="history", label=_("History"), url_name="offer_history"),
)


def authorize_post(request: PortalRequest) -> None:
    """Raise ActionRefused for a form that was sent by somebody who may only look at the page.

    The page shows them no form, and so none of its errors either: it would answer in silence.
    """
    if request.method == "POST":
        authorize(request.actor, ROLE_TABLE, OfferPermission.EDIT)


def render_offer_page(
    request: PortalRequest, offer: Offer, *, tab: str, template: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """Render a page about one offer, with the header and the tabs that all such pages have.

    `offer` comes from `get_own_offer`; `template` extends marketplace/offer_frame.html, fills its block `tab` and gets
    `context`; `tab` is the key of the tab that the page belongs to. Templates find `may_edit`, the answer of
    OfferPermission.EDIT, whose `message` says why not.
    """
    frame = {
        "offer": offer,
        "header": make_offer_header(offer),
        "tabs": list(_tab_links(request, offer, tab)),
        "tab_label": next(each.label for each in OFFER_TABS if each.key == tab) if tab != "overview" else "",
        "may_edit": ROLE_TABLE[OfferPermission.EDIT].check_actor(request.actor),
    }
    return render(request, template, {**frame, **context}, status=status)


def _tab_links(request: PortalRequest, offer: Offer, current: str) -> Iterable[ListTab]:
    for tab in OFFER_TABS:
        if offer.type in tab.types:
            url = keep_list(request, reverse(tab.url_name, args=[offer.public_id]))
            yield ListTab(str(tab.label), url, None, tab.key == current)
