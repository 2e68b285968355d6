"""The vendor's pages of all publishers' offers."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from marketplace.lists.all_offers import AllOffersList
from marketplace.lists.audience import AudienceList
from marketplace.models import Audience
from marketplace.offer_pages import make_vendor_offer_context
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.catalogue import get_published_offer
from partnerportal.lib.pages import render_list_page, require_permission
from partnerportal.lib.requests import PortalRequest

may_view = require_permission(ROLE_TABLE, OfferPermission.VIEW_ALL)


@require_safe
@may_view
def all_offers(request: PortalRequest) -> HttpResponse:
    """Show the vendor's staff the published offers of all publishers."""
    return render_list_page(
        request,
        AllOffersList(request.actor, request.GET),
        page_template="marketplace/offer_list.html",
        list_template="marketplace/offer_list.html#list",
        context={},
    )


@require_safe
@may_view
@vary_on_headers("HX-Request")
def vendor_offer(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show the vendor's staff an offer as resellers see it, with its audience: the option, and who is selected."""
    offer = get_published_offer(request.actor, offer_id)
    is_for_selected = offer.audience == Audience.SPECIFIC
    audience = AudienceList(request.actor, offer, request.GET, is_in_force=True) if is_for_selected else None
    if request.htmx and audience:
        return render(request, "marketplace/parts/vendor_audience.html", {"offer": offer, "list": audience})
    context = make_vendor_offer_context(request.actor, offer)
    return render(request, "marketplace/vendor_offer.html", context | {"list": audience})
