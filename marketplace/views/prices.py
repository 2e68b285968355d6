"""Pages of an offer's prices: the matrix with what is to come, the form that changes some, a history, a withdrawal."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from marketplace.actions.prices import PricesInvalid, PricesOvertaken, add_prices, withdraw_price
from marketplace.forms.prices import ChangePricesForm
from marketplace.models import Offer
from marketplace.offer_frame import render_offer_page
from marketplace.offer_pages import make_stops_context
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.price_desk import PriceDesk, PriceMatrix
from marketplace.pricing import PriceChange, check_changes
from marketplace.queries.history import find_pricing_events
from marketplace.queries.offers import get_own_offer
from marketplace.queries.prices import get_own_price, list_price_history, list_upcoming_prices
from marketplace.renewals import Reach
from marketplace.rows.offers import get_offer_name
from marketplace.rows.prices import format_reach, make_price_rows, name_plans
from partnerportal.lib import formats
from partnerportal.lib.pages import get_posted_data, require_form, require_permission
from partnerportal.lib.requests import PortalRequest

UPCOMING, HISTORY = 50, 200  # rows of these lists
may_view = require_permission(ROLE_TABLE, OfferPermission.VIEW_OWN)
may_edit = require_permission(ROLE_TABLE, OfferPermission.EDIT)


@require_safe
@may_view
def offer_prices(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show the prices of an offer by plan, market and currency, those that are to begin, and what is stopped."""
    actor, offer = request.actor, get_own_offer(request.actor, offer_id)
    matrix = PriceMatrix(actor, offer, request.GET)
    coming = list(list_upcoming_prices(actor, offer)[: UPCOMING + 1])
    events = find_pricing_events(actor, offer, coming[:UPCOMING])
    context = {
        "matrix": matrix,
        "export_query": f"offer={offer.public_id}",
        "upcoming": list(make_price_rows(offer, coming[:UPCOMING], matrix.plan_names, events)),
        "has_more_upcoming": len(coming) > UPCOMING,
        **make_stops_context(actor, offer),
    }
    return render_offer_page(request, offer, tab="prices", template="marketplace/prices.html", context=context)


@require_form
@may_edit
def price_change(request: PortalRequest, offer_id: UUID, plan_code: str) -> HttpResponse:
    """Show the form for new prices of a plan; on POST show what they would do, and publish them once confirmed."""
    offer = get_own_offer(request.actor, offer_id)
    desk = PriceDesk(request.actor, offer, plan_code)
    form = ChangePricesForm(desk.labels, desk.held, get_posted_data(request))
    if request.method != "POST" or request.POST.get("step") == "edit" or not form.is_valid():
        return _render_form(request, offer, desk, form)
    changes = form.build_changes()
    _checked, problems = check_changes(desk.facts, changes, is_preview=True)
    if problems:
        form.add_problems(problems, changes)
        return _render_form(request, offer, desk, form)
    if request.POST.get("step") == "publish" and _publish(request, offer, form, changes):
        return redirect("offer_prices", offer_id=offer.public_id)
    return _render_preview(request, offer, desk, form, changes)


def _publish(request: PortalRequest, offer: Offer, form: ChangePricesForm, changes: list[PriceChange]) -> bool:
    """Publish the prices and return True, or show in the form why they were not."""
    try:
        with transaction.atomic():
            prices = add_prices(actor=request.actor, offer=offer, changes=changes)
    except (PricesInvalid, PricesOvertaken) as error:
        form.add_problems(error.problems, changes)
        return False
    text = ngettext("%(count)s price published.", "%(count)s prices published.", len(prices))
    messages.success(request, text % {"count": formats.format_number(len(prices))})
    return True


def _render_form(request: PortalRequest, offer: Offer, desk: PriceDesk, form: ChangePricesForm) -> HttpResponse:
    context = {"desk": desk, "form": form, "rows": list(form.list_rows(desk.rows))}
    return render_offer_page(request, offer, tab="prices", template="marketplace/price_change.html", context=context)


def _render_preview(
    request: PortalRequest, offer: Offer, desk: PriceDesk, form: ChangePricesForm, changes: list[PriceChange]
) -> HttpResponse:
    rows, checked = desk.preview(changes)
    if not rows:
        form.add_error(None, _("These prices already apply."))
        return _render_form(request, offer, desk, form)
    form.fields["confirmed_code"].required = any(one.needs_code for one in checked)
    context = {
        "desk": desk,
        "form": form,
        "rows": rows,
        "valid_from": changes[0].valid_from,
        "needs_code": form.fields["confirmed_code"].required,
        "reached": format_reach(sum((row.reach for row in rows), Reach())),
        "notice_days": settings.PORTAL_PRICE_NOTICE_DAYS,
    }
    return render_offer_page(request, offer, tab="prices", template="marketplace/price_preview.html", context=context)


@require_safe
@may_view
def price_history(request: PortalRequest, offer_id: UUID, plan_code: str) -> HttpResponse:
    """Show every price that a plan had, has and will have, also withdrawn ones, the latest first."""
    actor, offer = request.actor, get_own_offer(request.actor, offer_id)
    desk = PriceDesk(actor, offer, plan_code)
    prices = list(list_price_history(actor, desk.priced.plan)[: HISTORY + 1])
    events = find_pricing_events(actor, offer, prices[:HISTORY])
    context = {
        "desk": desk,
        "rows": list(make_price_rows(offer, prices[:HISTORY], {plan_code: desk.name}, events, desk.in_force)),
        "has_more": len(prices) > HISTORY,
    }
    return render_offer_page(request, offer, tab="prices", template="marketplace/price_history.html", context=context)


@require_form
@may_edit
@vary_on_headers("HX-Request")
def price_withdraw(request: PortalRequest, offer_id: UUID, price_id: UUID) -> HttpResponse:
    """Show the dialog that confirms the withdrawal of a price that has not begun; on POST withdraw it."""
    offer = get_own_offer(request.actor, offer_id)
    price = get_own_price(request.actor, offer, price_id)
    back = reverse("offer_prices", args=[offer.public_id])
    if request.method == "POST":
        withdraw_price(actor=request.actor, price=price)
        messages.success(request, _("Price withdrawn."))
        return redirect(back)
    (row,) = make_price_rows(offer, [price], name_plans(request.actor, offer), {})
    context = {"name": get_offer_name(offer), "row": row, "back": back}
    return render(request, "marketplace/price_withdraw.html", context)
