"""Pages of the health of an offer: its issues with their reports, for the publisher (CA-4)."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from marketplace.actions.health import report_health_issue, update_health_issue
from marketplace.forms.health import ReportHealthIssueForm, UpdateHealthIssueForm
from marketplace.models import Offer
from marketplace.offer_frame import authorize_post, render_offer_page
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.health import get_own_health_issue, list_health_issues
from marketplace.queries.offers import get_own_offer
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import get_posted_data, require_form, require_permission
from partnerportal.lib.requests import PortalRequest

may_view = require_permission(ROLE_TABLE, OfferPermission.VIEW_OWN)
may_edit = require_permission(ROLE_TABLE, OfferPermission.EDIT)


@require_form
@may_view
def offer_health(request: PortalRequest, offer_id: UUID) -> HttpResponse:
    """Show the health issues of an offer; on POST report one, of which partners with subscriptions are told."""
    offer = get_own_offer(request.actor, offer_id)
    authorize_post(request)
    form = ReportHealthIssueForm(get_posted_data(request))
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            report_health_issue(actor=request.actor, offer=offer, **form.cleaned_data)
            messages.success(request, _("Issue reported. Partners with subscriptions will get a notification."))
            return redirect("offer_health", offer_id=offer.public_id)
    return _render(request, offer, {"form": form, "update": UpdateHealthIssueForm()})


@require_POST
@may_edit
def health_update(request: PortalRequest, issue_id: UUID) -> HttpResponse:
    """Add a report to an open issue, or give the all-clear."""
    issue = get_own_health_issue(request.actor, issue_id)
    form = UpdateHealthIssueForm(request.POST)
    if form.is_valid():
        with show_errors_in_form(form):
            is_all_clear = "clear" in request.POST
            update_health_issue(actor=request.actor, issue=issue, is_all_clear=is_all_clear, **form.cleaned_data)
            messages.success(request, _("Issue resolved.") if is_all_clear else _("Update sent."))
            return redirect("offer_health", offer_id=issue.offer.public_id)
    offer = get_own_offer(request.actor, issue.offer.public_id)
    return _render(request, offer, {"form": ReportHealthIssueForm(), "update": form, "updated": issue})


def _render(request: PortalRequest, offer: Offer, context: dict[str, object]) -> HttpResponse:
    context["issues"] = list_health_issues(request.actor, offer)
    return render_offer_page(request, offer, tab="health", template="marketplace/offer_health.html", context=context)
