"""The storefront of customers: what publishers offer, and the question to a partner."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from marketplace.actions.contact import ask_partner_about_offer
from marketplace.forms.contact import AskPartnerForm
from marketplace.lists.storefront import StorefrontList
from marketplace.offer_pages import make_storefront_offer_context
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.catalogue import get_published_offer
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import get_posted_data, render_list_page, require_form, require_permission
from partnerportal.lib.requests import PortalRequest

may_view = require_permission(ROLE_TABLE, OfferPermission.VIEW_STOREFRONT)


@require_safe
@may_view
def storefront(request: PortalRequest) -> HttpResponse:
    """Show a customer what publishers offer, without prices."""
    return render_list_page(
        request,
        StorefrontList(request.actor, request.GET),
        page_template="marketplace/offer_list.html",
        list_template="marketplace/offer_list.html#list",
        context={},
    )


@require_safe
@may_view
def storefront_offer(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show a customer the listing of an offer, and whom to ask about it."""
    offer = get_published_offer(request.actor, offer_id)
    context = make_storefront_offer_context(request.actor, offer)
    return render(request, "marketplace/storefront_offer.html", context)


@require_form
@require_permission(ROLE_TABLE, OfferPermission.ASK_PARTNER)
@vary_on_headers("HX-Request")
def ask_partner(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show the form for a question about an offer to a connected partner; on POST send it."""
    offer = get_published_offer(request.actor, offer_id)
    form = AskPartnerForm(request.actor, get_posted_data(request))
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            ask_partner_about_offer(actor=request.actor, offer=offer, **form.cleaned_data)
            partner = form.cleaned_data["connection"].partner_name
            messages.success(request, _("Your question was sent to %(partner)s.") % {"partner": partner})
            return redirect("storefront_offer", offer_id=offer_id)
    return render(request, "marketplace/ask_partner.html", {"form": form, "offer": offer})
