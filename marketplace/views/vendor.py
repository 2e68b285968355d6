"""The vendor's pages of all publishers' offers."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketplace.lists.all_offers import AllOffersList
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
def vendor_offer(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show the vendor's staff an offer as resellers see it, with its audience."""
    offer = get_published_offer(request.actor, offer_id)
    return render(request, "marketplace/vendor_offer.html", make_vendor_offer_context(request.actor, offer))
