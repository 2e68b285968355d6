"""The vendor's pages of whose product each SKU is."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from entitlements.actions.publishers import set_sku_publisher
from entitlements.policies import ROLE_TABLE as ENTITLEMENT_ROLES
from entitlements.policies import EntitlementPermission
from marketplace.catalogue_frame import render_catalogue_page
from marketplace.forms.skus import SkuPublisherForm
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.skus import get_sku, list_publishers, list_skus_with_publishers
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import get_posted_data, require_form, require_permission
from partnerportal.lib.requests import PortalRequest

TAB = "catalogue_skus"
may_view = require_permission(ROLE_TABLE, OfferPermission.VIEW_CATALOGUE)
may_set = require_permission(ENTITLEMENT_ROLES, EntitlementPermission.SET_PUBLISHERS)


@require_safe
@may_view
def sku_list(request: PortalRequest) -> HttpResponse:
    """Show the vendor's SKUs, with the publisher of each that is not the vendor's own."""
    return render_catalogue_page(request, TAB, "marketplace/catalogue_skus.html", {"skus": list_skus_with_publishers()})


@require_form
@may_set
@vary_on_headers("HX-Request")
def sku_publisher(request: PortalRequest) -> HttpResponse:
    """Ask for the publisher of the SKU that the parameter `sku` names; on POST set it."""
    sku = get_sku(request.POST.get("sku") or request.GET.get("sku", ""))
    form = SkuPublisherForm(get_posted_data(request), sku=sku, publishers=list_publishers(request.actor))
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            set_sku_publisher(actor=request.actor, sku=sku, publisher=form.chosen, seen=form.seen)
            messages.success(request, _("Publisher saved for %(sku)s.") % {"sku": sku.name})
            return redirect(TAB)
    return render(request, "marketplace/catalogue_sku.html", {"form": form, "sku": sku})
