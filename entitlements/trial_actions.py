"""The table of what people do with trials. Menu, dialogs, URLs, endpoints and the command are made of it."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from entitlements.actions.trials import (
    NO_LATER_END,
    approve_trial,
    cancel_trial,
    compute_extended_trial_end,
    convert_trial,
    decline_trial,
    extend_trial,
)
from entitlements.models import Entitlement
from entitlements.notices.news import describe_licence_count
from entitlements.policies import EntitlementPermission
from entitlements.trial_forms import ConvertTrialForm, DeclineTrialForm, ExtendTrialForm
from partnerportal.lib import formats
from partnerportal.lib.days import today
from partnerportal.lib.policies import ActionAllowed, ActionDenied, Answer
from partnerportal.lib.row_actions import ConfirmationDialog, RowAction
from partnerportal.lib.states import find_states_leading_to

State = Entitlement.State
TrialAction = RowAction[Entitlement]


def _names(trial: Entitlement) -> dict[str, str]:
    return {"service": trial.sku.name, "customer": trial.customer.name}


def format_trial_success_message(action: TrialAction, trial: Entitlement) -> str:
    """Return the message that is shown after an action on a trial. It names the trial's service and customer."""
    if action is TRIAL_ACTIONS["cancel"] and trial.is_request:
        return _("The request for a trial of %(service)s was cancelled.") % _names(trial)
    return str(action.done) % _names(trial)


def _ask_to_approve(trial: Entitlement) -> ConfirmationDialog:
    dates = {
        "date": formats.format_date(today() + settings.PORTAL_TRIAL_TIME),
        "licences": describe_licence_count(trial.quantity),
    }
    text = _("%(customer)s will be able to use the service from today until %(date)s (UTC), with %(licences)s.")
    return ConfirmationDialog(
        _("Approve the trial of %(service)s?") % _names(trial), text % (_names(trial) | dates), _("Approve")
    )


def _ask_to_decline(trial: Entitlement) -> ConfirmationDialog:
    text = _("%(customer)s and its connected partners will see the reason. Don’t name anyone in it.")
    title = _("Decline the trial of %(service)s?") % _names(trial)
    return ConfirmationDialog(title, text % _names(trial), pgettext("trial", "Decline"), "danger-solid")


def _ask_to_extend(trial: Entitlement) -> ConfirmationDialog:
    new, time = compute_extended_trial_end(trial), settings.PORTAL_TRIAL_TIME
    assert trial.ends_on and new, "the action's condition holds"
    dates = {"old": formats.format_date(trial.ends_on), "new": formats.format_date(new)}
    text = _("%(customer)s will then be able to use the service until %(new)s (UTC) instead of %(old)s.") % (
        _names(trial) | dates
    )
    before = (trial.ends_on - trial.starts_on) // time - 1 if trial.starts_on else 0
    note = ""
    if before > 0:
        note = ngettext(
            "The trial has been extended once before.", "The trial has been extended %(count)s times before.", before
        ) % {"count": formats.format_number(before)}
    return ConfirmationDialog(_("Extend the trial of %(service)s?") % _names(trial), text, _("Extend"), note=note)


def _ask_to_convert(trial: Entitlement) -> ConfirmationDialog:
    text = _("%(customer)s will keep using the service, now in production.") % _names(trial)
    return ConfirmationDialog(
        _("Convert the %(service)s trial to production?") % _names(trial), text, _("Convert to production")
    )


def _ask_to_cancel(trial: Entitlement) -> ConfirmationDialog:
    if trial.state == State.REQUESTED:
        title = _("Cancel the request for %(service)s?") % _names(trial)
        text = _("The request from %(customer)s will be withdrawn. The trial can be requested again later.") % _names(
            trial
        )
        return ConfirmationDialog(title, text, _("Cancel request"), "danger-solid")
    title = _("Cancel the trial of %(service)s?") % _names(trial)
    text = _("%(customer)s will lose access to the service immediately.") % _names(trial)
    return ConfirmationDialog(title, text, _("Cancel trial"), "danger-solid")


def _has_later_end(trial: Entitlement) -> Answer:
    return ActionAllowed() if compute_extended_trial_end(trial) else ActionDenied("no_later_end", NO_LATER_END)


def _propose_later_end(trial: Entitlement) -> dict[str, Any]:
    return {"ends_on": compute_extended_trial_end(trial)}


def _propose_seats(trial: Entitlement) -> dict[str, Any]:
    return {"quantity": trial.quantity}


TRIAL_ACTIONS: dict[str, TrialAction] = {  # in the order of the menu
    "approve": TrialAction(
        run=approve_trial,
        permission=EntitlementPermission.DECIDE_TRIALS,
        states=find_states_leading_to(Entitlement.MOVES, State.ACTIVE),
        label=gettext_lazy("Approve…"),
        icon="check",
        done=gettext_lazy("The trial of %(service)s for %(customer)s has started."),
        question=_ask_to_approve,
    ),
    "decline": TrialAction(
        run=decline_trial,
        permission=EntitlementPermission.DECIDE_TRIALS,
        states=find_states_leading_to(Entitlement.MOVES, State.DECLINED),
        label=gettext_lazy("Decline…"),
        icon="x",
        done=gettext_lazy("The trial of %(service)s for %(customer)s was declined."),
        question=_ask_to_decline,
        form=DeclineTrialForm,
    ),
    "extend": TrialAction(
        run=extend_trial,
        permission=EntitlementPermission.DECIDE_TRIALS,
        states={State.ACTIVE},
        label=gettext_lazy("Extend…"),
        icon="calendar-plus",
        done=gettext_lazy("The trial of %(service)s for %(customer)s was extended."),
        question=_ask_to_extend,
        form=ExtendTrialForm,
        proposal=_propose_later_end,
        condition=_has_later_end,
    ),
    "convert": TrialAction(
        run=convert_trial,
        permission=EntitlementPermission.DECIDE_TRIALS,
        states={State.ACTIVE},
        label=gettext_lazy("Convert to production…"),
        icon="package-check",
        done=gettext_lazy("%(service)s is now in production for %(customer)s."),
        question=_ask_to_convert,
        form=ConvertTrialForm,
        proposal=_propose_seats,
    ),
    "cancel": TrialAction(
        run=cancel_trial,
        permission=EntitlementPermission.CANCEL_TRIALS,
        states=find_states_leading_to(Entitlement.MOVES, State.CANCELLED),
        label=gettext_lazy("Cancel…"),
        icon="ban",
        done=gettext_lazy("The trial of %(service)s was cancelled."),
        question=_ask_to_cancel,
        is_danger=True,
    ),
}
