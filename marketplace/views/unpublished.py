"""Dialogs that correct what becomes fixed with the first publication of an offer, and delete an offer before it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.vary import vary_on_headers

from marketplace.actions.unpublished import (
    IDENTITY,
    OFFER_FIXED,
    OFFER_KEPT,
    change_unpublished_offer,
    delete_unpublished_offer,
)
from marketplace.forms.offers import ChangeOfferForm
from marketplace.models import Offer, Price
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.offers import get_newest_version, get_own_offer
from marketplace.rows.offers import get_offer_name, make_offer_header
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict, Message, StaleVersion
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import get_posted_data, require_form, require_permission
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.revisions import read_posted_revision

may_edit = require_permission(ROLE_TABLE, OfferPermission.EDIT)


@require_form
@may_edit
@vary_on_headers("HX-Request")
def offer_change(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show the dialog with the code, type and pricing model of an unpublished offer; on POST change them."""
    offer = get_own_offer(request.actor, offer_id)
    form = ChangeOfferForm(get_posted_data(request), initial={name: getattr(offer, name) for name in IDENTITY})
    context = _describe(request.actor, offer, OFFER_FIXED)
    if not context["prices"]:
        del form.fields["deletes_prices"]
    if request.method == "POST":
        newest, context["revision"] = context["revision"], read_posted_revision(request.POST)
    if request.method == "POST" and form.is_valid():
        try:
            with show_errors_in_form(form):
                change_unpublished_offer(
                    actor=request.actor, offer=offer, revision=context["revision"], **form.cleaned_data
                )
                messages.success(request, _("Offer changed."))
                return redirect("offer", offer_id=offer.public_id)
        except StaleVersion as refusal:
            context |= {"error": refusal.message, "revision": newest}
    status = 409 if request.method == "POST" and (context["error"] or context["refusal"]) else 200
    return render(request, "marketplace/offer_change.html", {**context, "form": form}, status=status)


@require_form
@may_edit
@vary_on_headers("HX-Request")
def offer_delete(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show the dialog that confirms that an unpublished offer is deleted; on POST delete it, if it was shown so."""
    offer = get_own_offer(request.actor, offer_id)
    error = None
    if request.method == "POST":
        revision = read_posted_revision(request.POST)
        try:
            delete_unpublished_offer(actor=request.actor, offer=offer, revision=revision)
        except (Conflict, StaleVersion) as refusal:
            error = refusal.message
        else:
            messages.success(request, _("The offer %(code)s was deleted.") % {"code": offer.code})
            return redirect("offers")
    context = _describe(request.actor, get_own_offer(request.actor, offer_id), OFFER_KEPT) | {"error": error}
    return render(request, "marketplace/offer_delete.html", context, status=409 if error else 200)


def _describe(actor: Actor, offer: Offer, refusal: Message) -> dict[str, Any]:
    """Return what a dialog says of an offer: what is stored with it, or `refusal` for one that is published."""
    return {
        "offer": offer,
        "name": get_offer_name(offer),
        "header": make_offer_header(offer),
        "revision": get_newest_version(offer).revision,
        "refusal": refusal if offer.is_published else "",
        "plans": offer.plans.count(),
        "prices": Price.objects.visible_to(actor).filter(plan__offer=offer, withdrawn_at=None).count(),
        "files": offer.files.count(),
        "error": "",
    }
