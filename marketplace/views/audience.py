"""Pages of the audience of an offer: the three options, the table, the picker and the sync (CA-7…CA-21)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from marketplace.actions import audience as actions
from marketplace.audience_requests import find_open_audience_request
from marketplace.audience_rules import build_audience_request_url
from marketplace.content import find_opt_in_problems
from marketplace.forms.audience import AudienceForm, PasteForm, SyncForm
from marketplace.lists.audience import AudienceList, ResellerList, make_addition_rows
from marketplace.models import Audience, Offer
from marketplace.offer_frame import authorize_post, render_offer_page
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.audience import (
    PastedEntry,
    count_audience_reach,
    get_organization_ids,
    match_chosen,
    match_pasted_entries,
    summarize_saved_audience,
)
from marketplace.queries.offers import get_own_offer
from marketplace.rows.audience import (
    describe_kept,
    describe_locked,
    describe_marked,
    describe_pasted_entries,
    make_audience_options,
    name_open_plans,
)
from partnerportal.lib import formats
from partnerportal.lib.errors import Conflict, StaleVersion
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import require_form, require_permission
from partnerportal.lib.requests import PortalRequest

may_view = require_permission(ROLE_TABLE, OfferPermission.VIEW_OWN)
may_edit = require_permission(ROLE_TABLE, OfferPermission.EDIT)


@require_form
@may_view
@vary_on_headers("HX-Request")
def audience(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show who may resell an offer: the options with their numbers, and the table; on POST save the option."""
    offer = get_own_offer(request.actor, offer_id)
    authorize_post(request)
    form = AudienceForm(request.POST or None, initial={"audience": offer.private.next_audience})
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            actions.choose_audience(actor=request.actor, offer=offer, **form.cleaned_data)
            messages.success(request, _("Audience saved."))
            return redirect("offer_audience", offer_id=offer.public_id)
    shows_table = Audience.SPECIFIC in (offer.audience, offer.private.next_audience)
    open_plans = "" if request.htmx else name_open_plans(offer)
    reach = None if request.htmx else count_audience_reach(request.actor, offer)
    options = make_audience_options(offer, reach, open_plans) if reach else []
    context = {
        "form": form,
        "options": options,
        "open_plans": open_plans,
        "can_choose": sum(option.is_choosable for option in options) > 1,
        "list": AudienceList(request.actor, offer, request.GET) if shows_table else None,
        "saved": summarize_saved_audience(offer),
        "open_request": find_open_audience_request(request.actor, offer),
        "removal_url": build_audience_request_url(offer),
        "export_query": f"offer={offer.public_id}",
        "shows_table": shows_table,
    }
    template = "marketplace/audience.html#list" if request.htmx else "marketplace/audience.html"
    return render_offer_page(request, offer, tab="audience", template=template, context=context)


@require_form
@may_edit
@vary_on_headers("HX-Request")
def audience_select(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show the picker of partners; on POST add those that were chosen to the table (CA-11…CA-13)."""
    offer = get_own_offer(request.actor, offer_id)
    context: dict[str, Any] = {}
    if request.method == "POST":
        entries = match_chosen(request.actor, offer, request.POST.getlist("row"))
        number, context = _add_entries(request, offer, entries)
        if not context["refused"]:
            (messages.success if number else messages.warning)(request, _describe_added(number))
            return redirect("offer_audience", offer_id=offer.public_id)
    context |= {"list": ResellerList(request.actor, offer, request.GET), "paste": PasteForm()}
    template = "marketplace/audience_select.html#list" if request.htmx else "marketplace/audience_select.html"
    return render_offer_page(request, offer, tab="audience", template=template, context=context)


@require_POST
@may_edit
def audience_paste(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Add the partners of a pasted list of names or tenant IDs, and show what could not be added and why."""
    offer = get_own_offer(request.actor, offer_id)
    form = PasteForm(request.POST)
    context: dict[str, Any] = {}
    if form.is_valid():
        entries = match_pasted_entries(request.actor, offer, form.cleaned_data["entries"])
        _number, context = _add_entries(request, offer, entries)
    context |= {"list": ResellerList(request.actor, offer, {}), "paste": form}
    return render_offer_page(
        request, offer, tab="audience", template="marketplace/audience_select.html", context=context
    )


@require_POST
@may_edit
def audience_remove(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Take the chosen partners out of what is saved, and mark those in force for a request; `keep` unmarks them."""
    offer = get_own_offer(request.actor, offer_id)
    keys = get_organization_ids(request.actor, request.POST.getlist("row"))
    if "keep" in request.POST:
        kept = actions.keep_in_audience(actor=request.actor, offer=offer, organization_ids=keys)
        messages.success(request, describe_kept(kept))
        return redirect("offer_audience", offer_id=offer.public_id)
    result = actions.remove_from_audience(actor=request.actor, offer=offer, organization_ids=keys)
    if result.dropped:
        messages.success(request, _describe_dropped(result.dropped))
    if result.marked:
        messages.success(request, describe_marked(result.marked))
    if result.locked:
        messages.warning(request, describe_locked(result.locked))
    return redirect("offer_audience", offer_id=offer.public_id)


@require_form
@may_edit
def audience_sync(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show what a sync would do; on POST sync what was shown (CA-17), or show what it would do by now."""
    offer = get_own_offer(request.actor, offer_id)
    form = SyncForm(request.POST or None)
    if not form.is_valid():
        return _render_sync(request, offer)
    try:
        number = actions.sync_audience(actor=request.actor, offer=offer, **form.cleaned_data)
    except (Conflict, StaleVersion):  # a colleague was faster, or another tab
        return _render_sync(request, get_own_offer(request.actor, offer_id), is_overtaken=True)
    messages.success(request, _("Audience synced.") + " " + _describe_added(number))
    return redirect("offer_audience", offer_id=offer.public_id)


def _render_sync(request: PortalRequest, offer: Offer, *, is_overtaken: bool = False) -> HttpResponse:
    saved = summarize_saved_audience(offer)
    rows = make_addition_rows(request.actor, offer) if saved.added else []
    context = {
        "saved": saved,
        "rows": rows,
        "unlisted": saved.added - len(rows),
        "lacks": find_opt_in_problems(offer),
        "is_overtaken": is_overtaken,
    }
    template, status = "marketplace/audience_sync.html", 409 if is_overtaken else 200
    return render_offer_page(request, offer, tab="audience", template=template, context=context, status=status)


def _add_entries(request: PortalRequest, offer: Offer, entries: Sequence[PastedEntry]) -> tuple[int, dict[str, Any]]:
    """Add those that can be added; return how many are new, and what the picker says of them and of the others."""
    keys = {entry.organization_id for entry in entries if entry.organization_id and not entry.code}
    number = actions.add_to_audience(actor=request.actor, offer=offer, organization_ids=keys) if keys else 0
    context = {"added": _describe_added(number), "added_tone": "ok" if number else "warn"}
    return number, context | {"refused": describe_pasted_entries(entries)}


def _describe_added(number: int) -> str:
    if not number:
        return _("No partner was added.")
    text = ngettext("%(number)s partner added.", "%(number)s partners added.", number)
    return text % {"number": formats.format_number(number)}


def _describe_dropped(number: int) -> str:
    text = ngettext("%(number)s partner removed.", "%(number)s partners removed.", number)
    return text % {"number": formats.format_number(number)}
