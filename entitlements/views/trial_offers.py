"""Pages on which vendor staff open services for trial, for activation links to offer them."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from entitlements.actions.trial_offers import open_trial_offer, withdraw_trial_offer
from entitlements.forms.trial_offers import TrialOfferForm
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.trial_offers import get_trial_offer, list_trial_offers
from entitlements.rows.trial_offers import build_trial_offer_rows
from partnerportal.lib.errors import Conflict
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import get_posted_data, require_form, require_permission
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.revisions import read_posted_revision

may_open = require_permission(ROLE_TABLE, EntitlementPermission.OPEN_TRIALS)


@require_safe
@require_permission(ROLE_TABLE, EntitlementPermission.VIEW_TRIAL_OFFERS)
def trial_offer_list(request: PortalRequest) -> HttpResponse:
    """Show vendor staff which services new customers can try, and who may offer them."""
    context = {
        "rows": build_trial_offer_rows(request.actor, list_trial_offers(request.actor)),
        "may_open": ROLE_TABLE[EntitlementPermission.OPEN_TRIALS].check_actor(request.actor),
    }
    return render(request, "entitlements/trial_offers.html", context)


@require_form
@may_open
@vary_on_headers("HX-Request")
def trial_offer_new(request: PortalRequest) -> HttpResponse:
    """Show the form that opens a service for trial; on POST open it."""
    return _edit(request, TrialOfferForm(request.actor, get_posted_data(request)))


@require_form
@may_open
@vary_on_headers("HX-Request")
def trial_offer_edit(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show the form that changes how a service is open for trial; on POST store it. A withdrawn one is open again."""
    offer = get_trial_offer(request.actor, offer_id)
    return _edit(request, TrialOfferForm(request.actor, get_posted_data(request), offer=offer))


def _edit(request: PortalRequest, form: TrialOfferForm) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            offer = open_trial_offer(actor=request.actor, **form.values)
            opened, changed = _("%(service)s is now open for trial."), _("The trial offer for %(service)s was changed.")
            text = changed if form.offer and form.offer.is_open else opened
            messages.success(request, text % {"service": offer.sku.name})
            return redirect("trial_offers")
    return render(request, "entitlements/trial_offer.html", {"form": form, "offer": form.offer})


@require_form
@may_open
@vary_on_headers("HX-Request")
def trial_offer_withdraw(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Ask on GET whether nobody shall be able to try a service any more; on POST withdraw it."""
    offer = get_trial_offer(request.actor, offer_id)
    refused = None
    if request.method == "POST":
        try:
            withdraw_trial_offer(actor=request.actor, offer=offer, revision=read_posted_revision(request.POST))
        except Conflict as error:
            refused = error
        else:
            messages.success(request, _("%(service)s is no longer open for trial.") % {"service": offer.sku.name})
            return redirect("trial_offers")
    context = {"offer": offer, "refused": refused}
    return render(request, "entitlements/trial_offer_withdraw.html", context, status=409 if refused else 200)
