"""The page on which a publisher sees an offer as its readers will: what is live now, or the draft."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.previews import OfferPreview
from marketplace.queries.offers import get_own_offer
from partnerportal.lib.pages import require_permission
from partnerportal.lib.requests import PortalRequest


@require_safe
@require_permission(ROLE_TABLE, OfferPermission.VIEW_OWN)
def offer_preview(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show the newest version of an offer on the page that customers, partners or distributors would have of it."""
    preview = OfferPreview(request.actor, get_own_offer(request.actor, offer_id), request.GET)
    return render(request, "marketplace/offer_preview.html", preview.make_context() | {"preview": preview})
