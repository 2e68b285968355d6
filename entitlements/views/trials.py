"""Trials: the customer's request, and the page on which the vendor's staff decide."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.models import Kind
from entitlements import actions, queries, rows
from entitlements.actions.trials import NO_LATER_END
from entitlements.models import Entitlement
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.trial_forms import TrialForm, form_of
from entitlements.trial_list import TrialList
from partnerportal.lib.errors import Conflict
from partnerportal.lib.form_errors import into_form
from partnerportal.lib.pages import allowed
from partnerportal.lib.requests import PortalRequest

require_form = require_http_methods(["GET", "HEAD", "POST"])
State = Entitlement.State
DONE = {
    "approve": gettext_lazy("The trial has begun."),
    "decline": gettext_lazy("The trial is declined."),
    "extend": gettext_lazy("The trial is extended."),
    "convert": gettext_lazy("It is now in production."),
    "cancel": gettext_lazy("It is cancelled."),
}
FROM = {"approve": {State.REQUESTED}, "decline": {State.REQUESTED}, "cancel": {State.REQUESTED, State.ACTIVE}}


@require_form
@allowed(ROLE_TABLE, EntitlementPermission.REQUEST_TRIALS)
@vary_on_headers("HX-Request")
def trial_request(request: PortalRequest) -> HttpResponse:
    """A customer's Admin asks to try a service (CC-49)."""
    form = TrialForm(request.actor, _posted(request))
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            trial = actions.request_trial(actor=request.actor, **form.cleaned_data)
            messages.success(request, _("A trial of %(service)s is requested.") % {"service": trial.sku.name})
            return redirect("services")
    context = {"form": form, "days": settings.PORTAL_TRIAL_TIME.days}
    return render(request, "entitlements/trial_request.html", context)


@require_safe
@allowed(ROLE_TABLE, EntitlementPermission.VIEW_TRIALS)
def trials(request: PortalRequest) -> HttpResponse:
    """All customers' trials, those that wait first. For the vendor's staff."""
    may_decide = ROLE_TABLE[EntitlementPermission.DECIDE_TRIALS].check(request.actor)
    context = {"list": TrialList(request.actor, request.GET), "may_decide": may_decide}
    return render(request, "entitlements/trials.html", context)


@require_form
@allowed(ROLE_TABLE, EntitlementPermission.DECIDE_TRIALS)
@vary_on_headers("HX-Request")
def trial_decide(request: PortalRequest, trial_id: UUID, deed: str) -> HttpResponse:
    """Approve, decline, extend or convert: ask, then do."""
    return _deed(request, deed, trial_id)


@require_form
@allowed(ROLE_TABLE, EntitlementPermission.CANCEL_TRIALS)
@vary_on_headers("HX-Request")
def trial_cancel(request: PortalRequest, trial_id: UUID) -> HttpResponse:
    """By the customer or the vendor: ask, then do."""
    return _deed(request, "cancel", trial_id)


def _posted(request: PortalRequest) -> Any:
    """An empty form, sent, is an answer too."""
    return request.POST if request.method == "POST" else None


def _deed(request: PortalRequest, deed: str, trial_id: UUID) -> HttpResponse:
    actor = request.actor
    trial = queries.trial(actor, trial_id)
    if trial.state not in FROM.get(deed, {State.ACTIVE}):
        raise Conflict("state_changed", _("This trial has gone on in the meantime. Nothing else was changed."))
    back = "trials" if actor.organization_kind == Kind.VENDOR else "services"
    extended_to = actions.extended_to(trial)
    if deed == "extend" and extended_to is None:
        raise Conflict("no_later_end", NO_LATER_END)
    form = form_of(deed, trial, _posted(request), extended_to)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            getattr(actions, f"{deed}_trial")(actor=actor, trial=trial, **form.cleaned_data)
            messages.success(request, str(DONE[deed]))
            return redirect(back)
    context: dict[str, Any] = {"form": form, "decision": rows.decision(deed, trial), "back": back}
    return render(request, "entitlements/trial_decide.html", context)
