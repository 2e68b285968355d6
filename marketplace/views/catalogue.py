"""Pages of the catalogue for partners and distributors: what they may sell, and to whom."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from marketplace.actions.contact import write_to_publisher
from marketplace.catalogue_filters import CatalogueFilterSet
from marketplace.forms.contact import ContactPublisherForm
from marketplace.lists.catalogue import CatalogueList
from marketplace.offer_pages import make_catalogue_offer_context
from marketplace.parties import PartyChooser
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.catalogue import get_published_offer
from marketplace.queries.prospects import describe_lost_party, find_sale
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import get_posted_data, render_list_page, require_form, require_permission
from partnerportal.lib.requests import PortalRequest

may_browse = require_permission(ROLE_TABLE, OfferPermission.BROWSE)


@require_safe
@may_browse
def catalogue(request: PortalRequest) -> HttpResponse:
    """Show the published offers of all publishers, and which of them may be sold (CA-2)."""
    return render_list_page(
        request,
        CatalogueList(request.actor, request.GET),
        page_template="marketplace/catalogue.html",
        list_template="marketplace/catalogue.html#list",
        context={},
    )


@require_safe
@may_browse
def catalogue_choose(request: PortalRequest) -> HttpResponse:
    """Show the page on which a partner chooses the customer, and a distributor the partner too, for the catalogue."""
    chooser = PartyChooser(request.actor, request.GET)
    return render(request, "marketplace/catalogue_choose.html", {"chooser": chooser})


@require_safe
@may_browse
def catalogue_offer(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show an offer with its plans, the prices of one's market, and for each plan whether it may be sold."""
    offer = get_published_offer(request.actor, offer_id)
    chosen = CatalogueFilterSet(request.GET).cleaned_values
    sale = find_sale(request.actor, chosen)
    context = make_catalogue_offer_context(request.actor, offer, sale)
    context["lost_party"] = describe_lost_party(chosen, sale.partner, sale.customer)
    return render(request, "marketplace/catalogue_offer.html", context)


@require_form
@require_permission(ROLE_TABLE, OfferPermission.CONTACT_PUBLISHER)
@vary_on_headers("HX-Request")
def contact_publisher(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show the form for a message to an offer's publisher; on POST send it."""
    offer = get_published_offer(request.actor, offer_id)
    form = ContactPublisherForm(get_posted_data(request), initial={"reply_to": getattr(request.user, "email", "")})
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            write_to_publisher(actor=request.actor, offer=offer, **form.cleaned_data)
            messages.success(
                request, _("Your message was sent to %(publisher)s.") % {"publisher": offer.publisher.name}
            )
            return redirect("catalogue_offer", offer_id=offer_id)
    return render(request, "marketplace/contact_publisher.html", {"form": form, "offer": offer})
