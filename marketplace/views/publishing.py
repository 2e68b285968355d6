"""Pages on which a publisher publishes the draft of an offer, and compares its versions."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from marketplace.actions.offers import discard_draft, publish_offer
from marketplace.comparison import Difference, compare_versions
from marketplace.models import Offer, OfferVersion
from marketplace.offer_frame import render_offer_page
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.categories import list_category_names
from marketplace.queries.files import name_offer_files
from marketplace.queries.offers import (
    get_draft,
    get_own_offer,
    get_version,
    list_published_versions,
    list_publishers_by_version,
    make_tree,
)
from marketplace.rows.checklist import make_checklist
from marketplace.rows.offers import get_offer_name
from marketplace.rows.versions import VERSIONS_SHOWN, make_compared_version, make_version_choices, make_version_rows
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict, StaleVersion
from partnerportal.lib.pages import require_form, require_permission
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.revisions import read_posted_revision

may_view = require_permission(ROLE_TABLE, OfferPermission.VIEW_OWN)
may_edit = require_permission(ROLE_TABLE, OfferPermission.EDIT)


@require_form
@may_edit
def offer_publish(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show what the publication of an offer's draft changes; on POST publish it, if it is still what was shown."""
    offer = get_own_offer(request.actor, offer_id)
    error = None
    if request.method == "POST":
        revision = read_posted_revision(request.POST)
        try:
            version = publish_offer(actor=request.actor, offer=offer, revision=revision)
        except (Conflict, StaleVersion) as refusal:
            error = refusal
        else:
            messages.success(request, _("Version %(number)s is live.") % {"number": version.number})
            return redirect("offer", offer_id=offer.public_id)
    context = _describe_publication(request.actor, offer) | {"error": error}
    return render_offer_page(
        request,
        offer,
        tab="overview",
        template="marketplace/offer_publish.html",
        context=context,
        status=409 if error else 200,
    )


def _describe_publication(actor: Actor, offer: Offer) -> dict[str, Any]:
    draft = get_draft(offer)
    if draft is None:
        return {"draft": None}
    live = get_version(offer, "live") if offer.live_version else None
    return {
        "draft": draft,
        "checklist": make_checklist(offer, make_tree(draft)),
        "differences": _compare(actor, live, draft),
    }


def _compare(actor: Actor, before: OfferVersion | None, after: OfferVersion) -> list[Difference]:
    names = dict(list_category_names()) | name_offer_files(actor, after.offer)
    return compare_versions(make_tree(before) if before else {}, make_tree(after), names)


@require_form
@may_edit
@vary_on_headers("HX-Request")
def offer_discard(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show the dialog that confirms that an offer's draft is discarded; on POST discard it, if it is what was shown."""
    offer = get_own_offer(request.actor, offer_id)
    error = None
    if request.method == "POST":
        revision = read_posted_revision(request.POST)
        try:
            discard_draft(actor=request.actor, offer=offer, revision=revision)
        except (Conflict, StaleVersion) as refusal:
            error = refusal
        else:
            messages.success(request, _("Draft discarded."))
            return redirect("offer", offer_id=offer.public_id)
    context = {"offer": offer, "name": get_offer_name(offer), "error": error}
    context["discard"] = _describe_discard(request.actor, offer)
    return render(request, "marketplace/offer_discard.html", context, status=409 if error else 200)


def _describe_discard(actor: Actor, offer: Offer) -> dict[str, Any] | None:
    """Return what would be lost with the draft of an offer, or None if there is none to discard."""
    draft = get_draft(offer)
    if draft is None or offer.live_version is None:
        return None
    return {
        "revision": draft.revision,
        "changes": len(_compare(actor, get_version(offer, "live"), draft)),
        "plans": formats.join_names(offer.plans.filter(published_in=None).values_list("code", flat=True)),
    }


@require_safe
@may_view
def offer_history(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show the versions of an offer, who published each and when, and a form to compare any two."""
    offer = get_own_offer(request.actor, offer_id)
    versions = list(list_published_versions(offer)[:VERSIONS_SHOWN])
    context = {
        "versions": make_version_rows(offer, versions, list_publishers_by_version(request.actor, offer)),
        "choices": make_version_choices(offer, versions),
    }
    return render_offer_page(request, offer, tab="history", template="marketplace/offer_history.html", context=context)


@require_safe
@may_view
def offer_compare(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show what differs between two versions of an offer, which the parameters `from` and `to` name."""
    offer = get_own_offer(request.actor, offer_id)
    before = get_version(offer, request.GET.get("from", ""))
    after = get_version(offer, request.GET.get("to", ""))
    versions = list(list_published_versions(offer)[:VERSIONS_SHOWN])
    context = {
        "before": make_compared_version(before),
        "after": make_compared_version(after),
        "differences": _compare(request.actor, before, after),
        "choices": make_version_choices(offer, versions),
    }
    return render_offer_page(request, offer, tab="history", template="marketplace/offer_compare.html", context=context)
