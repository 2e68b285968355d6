"""Pages that stop the sale of an offer, of a plan, or of a term or market of a plan, and lift such a stop."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.vary import vary_on_headers

from accounts.models import OrganizationKind
from marketplace.actions.stops import lift_stop, stop_sale
from marketplace.forms.prices import StopSaleForm
from marketplace.models import Market, Offer, Plan
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.stops import get_managed_offer, get_stop
from marketplace.rows.prices import name_plans
from marketplace.rows.stops import format_stopped
from marketplace.simulator import name_offer
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import get_posted_data, read_next_url, require_form, require_permission
from partnerportal.lib.requests import PortalRequest

may_stop = require_permission(ROLE_TABLE, OfferPermission.STOP)


@require_form
@may_stop
@vary_on_headers("HX-Request")
def stop_new(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show the dialog that stops a sale at once; on POST stop it."""
    offer = get_managed_offer(request.actor, offer_id)
    names = name_plans(request.actor, offer, is_published=True)
    markets = [(market.code, market.local_name) for market in Market.objects.order_by("name")]
    form = StopSaleForm(names.items(), markets, get_posted_data(request), initial=request.GET)
    form.fields["reason"].required = _is_by_vendor(request)
    back = read_next_url(request, _default_url(request, offer))
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            plan, market = _chosen(request, offer, form)
            more = {name: form.cleaned_data[name] for name in ("term", "reason")}
            stop = stop_sale(actor=request.actor, offer=offer, plan=plan, market=market, **more)
            messages.success(request, _("Sale stopped: %(what)s.") % {"what": format_stopped(stop, names)})
            return redirect(back)
    context = {"form": form, "name": name_offer(offer), "back": back}
    return render(request, "marketplace/stop_new.html", context)


@require_form
@may_stop
@vary_on_headers("HX-Request")
def stop_lift(request: PortalRequest, offer_id: UUID, stop_id: UUID) -> HttpResponse:
    """Show the dialog that lifts a stop; on POST lift it."""
    offer = get_managed_offer(request.actor, offer_id)
    stop = get_stop(request.actor, offer, stop_id)
    what = format_stopped(stop, name_plans(request.actor, offer))
    back = read_next_url(request, _default_url(request, offer))
    if request.method == "POST":
        lift_stop(actor=request.actor, stop=stop)
        messages.success(request, _("On sale again: %(what)s.") % {"what": what})
        return redirect(back)
    context = {"name": name_offer(offer), "stop": stop, "what": what, "back": back}
    return render(request, "marketplace/stop_lift.html", context)


def _is_by_vendor(request: PortalRequest) -> bool:
    return request.actor.organization_kind == OrganizationKind.VENDOR


def _default_url(request: PortalRequest, offer: Offer) -> str:
    if not _is_by_vendor(request):
        return reverse("offer_prices", args=[offer.public_id])
    return reverse("vendor_offer", args=[offer.public_id]) if offer.is_published else reverse("all_offers")


def _chosen(request: PortalRequest, offer: Offer, form: StopSaleForm) -> tuple[Plan | None, Market | None]:
    """Return the plan and the market that a valid form names, or None for all."""
    plan, market = form.cleaned_data["plan"], form.cleaned_data["market"]
    plans = Plan.objects.visible_to(request.actor).filter(offer=offer)
    return plans.filter(code=plan).first() if plan else None, Market.objects.filter(code=market).first()
