"""Pages of trials: the customer's request, and the list on which the vendor's staff decide."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.models import OrganizationKind
from entitlements.actions.trials import request_trial
from entitlements.imports import APPROVE_TRIALS, EXTEND_TRIALS
from entitlements.lists.requests import WAITING
from entitlements.lists.trials import RUNNING, TrialList
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.trials import get_trial
from entitlements.trial_actions import TRIAL_ACTIONS, TrialAction, format_trial_success_message
from entitlements.trial_forms import RequestTrialForm
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.imports.bulk import list_bulk_buttons
from partnerportal.lib.pages import get_posted_data, read_next_url, render_list_page, require_form, require_permission
from partnerportal.lib.requests import PortalRequest

BULK_ACTIONS = {WAITING: (APPROVE_TRIALS,), RUNNING: (EXTEND_TRIALS,)}  # by the view of the list


@require_form
@require_permission(ROLE_TABLE, EntitlementPermission.REQUEST_TRIALS)
@vary_on_headers("HX-Request")
def trial_request(request: PortalRequest) -> HttpResponse:
    """Show a customer's Admin the form for requesting a trial; on POST request the trial (CC-49)."""
    form = RequestTrialForm(request.actor, get_posted_data(request))
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            trial = request_trial(actor=request.actor, **form.cleaned_data)
            messages.success(request, _("You have requested a trial of %(service)s.") % {"service": trial.sku.name})
            return redirect("services")
    context = {"form": form, "days": settings.PORTAL_TRIAL_TIME.days}
    return render(request, "entitlements/trial_request.html", context)


@require_safe
@require_permission(ROLE_TABLE, EntitlementPermission.VIEW_TRIALS)
def trial_list(request: PortalRequest) -> HttpResponse:
    """Show the vendor's staff all customers' trials, first those that wait for a decision."""
    trials = TrialList(request.actor, request.GET)
    return render_list_page(
        request,
        trials,
        page_template="entitlements/trials.html",
        list_template="entitlements/trials.html#list",
        context={
            "may_decide": ROLE_TABLE[EntitlementPermission.DECIDE_TRIALS].check_actor(request.actor),
            "bulk_buttons": list_bulk_buttons(request.actor, BULK_ACTIONS.get(trials.tab, ())),
        },
    )


@require_form
def trial_action(request: PortalRequest, trial_id: UUID, name: str) -> HttpResponse:
    """Show the dialog that confirms an action on a trial; on POST run the action. `name` is its key in TRIAL_ACTIONS.

    The answer is 403 for people who may not run it, and 404 for a trial that the actor does not see, and for types of
    organisation that have nothing to do with trials.
    """
    action = TRIAL_ACTIONS[name]
    guard = require_permission(ROLE_TABLE, action.permission)
    return guard(_confirm_and_run)(request, action, trial_id)


@vary_on_headers("HX-Request")
def _confirm_and_run(request: PortalRequest, action: TrialAction, trial_id: UUID) -> HttpResponse:
    trial = get_trial(request.actor, trial_id)
    action.ensure_possible(trial)
    page = "trials" if request.actor.organization_kind == OrganizationKind.VENDOR else "services"
    back = read_next_url(request, reverse(page))
    form = action.form(get_posted_data(request), initial=action.proposal(trial))
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            action.run(actor=request.actor, trial=trial, **form.cleaned_data)
            messages.success(request, format_trial_success_message(action, trial))
            return redirect(back)
    context = {"form": form, "action": action, "question": action.question(trial), "page": page, "back": back}
    return render(request, "entitlements/trial_action.html", context)
