"""The table of what people confirm in a dialog about a request. Dialogs, URLs and buttons are made of it."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from partnerportal.lib.row_actions import ConfirmationDialog, RowAction
from partnerportal.lib.states import find_states_leading_to
from support.actions.deciding import ask_for_information, decline_request
from support.actions.drafts import discard_request_draft
from support.actions.submitting import withdraw_request
from support.forms import DeclineRequestForm, RequestMessageForm
from support.models import Request
from support.policies import SupportPermission

State = Request.State
RequestAction = RowAction[Request]


def name_request(row: Request) -> dict[str, str]:
    """Return the number of a request and the name of whoever made it, for messages."""
    return {"number": row.number, "organization": row.organization.name}


def format_request_success_message(action: RequestAction, row: Request) -> str:
    """Return the message that is shown after an action on a request. It has the request's number."""
    return str(action.done) % name_request(row)


def _ask_to_discard(row: Request) -> ConfirmationDialog:
    title = _("Discard draft %(number)s?") % name_request(row)
    return ConfirmationDialog(
        title, _("The draft will be deleted. The vendor hasn’t seen it."), _("Discard draft"), "danger-solid"
    )


def _ask_to_withdraw(row: Request) -> ConfirmationDialog:
    text = _("The vendor won’t decide on this request, and nothing will change. You can make a new request.")
    title = _("Withdraw request %(number)s?") % name_request(row)
    return ConfirmationDialog(title, text, _("Withdraw request"), "danger-solid")


def _ask_for_information(row: Request) -> ConfirmationDialog:
    text = _(
        "%(organization)s will answer your question with a new revision. You can’t approve the request until then."
    )
    title = _("Ask for information about request %(number)s?") % name_request(row)
    return ConfirmationDialog(title, text % name_request(row), _("Ask for information"))


def _ask_to_decline(row: Request) -> ConfirmationDialog:
    text = _(
        "The Admins of %(organization)s will see this reason, in the portal and by email. Don’t name anyone in it."
    )
    title = _("Decline request %(number)s?") % name_request(row)
    return ConfirmationDialog(title, text % name_request(row), pgettext("request", "Decline"), "danger-solid")


def _propose_revision(row: Request) -> dict[str, Any]:
    return {"revision": row.revision}


REQUEST_ACTIONS: dict[str, RequestAction] = {
    "discard": RequestAction(
        run=discard_request_draft,
        permission=SupportPermission.MAKE_REQUESTS,
        states={State.DRAFT},
        label=gettext_lazy("Discard draft…"),
        icon="trash-2",
        done=gettext_lazy("Draft %(number)s was deleted."),
        question=_ask_to_discard,
        is_danger=True,
    ),
    "withdraw": RequestAction(
        run=withdraw_request,
        permission=SupportPermission.MAKE_REQUESTS,
        states=find_states_leading_to(Request.MOVES, State.WITHDRAWN),
        label=gettext_lazy("Withdraw…"),
        icon="undo-2",
        done=gettext_lazy("Request %(number)s was withdrawn."),
        question=_ask_to_withdraw,
        is_danger=True,
    ),
    "ask": RequestAction(
        run=ask_for_information,
        permission=SupportPermission.DECIDE_REQUESTS,
        states=find_states_leading_to(Request.MOVES, State.NEEDS_INFORMATION),
        label=gettext_lazy("Ask for information…"),
        icon="circle-question-mark",
        done=gettext_lazy("You have asked %(organization)s for information about request %(number)s."),
        question=_ask_for_information,
        form=RequestMessageForm,
    ),
    "decline": RequestAction(
        run=decline_request,
        permission=SupportPermission.DECIDE_REQUESTS,
        states=find_states_leading_to(Request.MOVES, State.DECLINED),
        label=gettext_lazy("Decline…"),
        icon="x",
        done=gettext_lazy("Request %(number)s from %(organization)s was declined."),
        question=_ask_to_decline,
        form=DeclineRequestForm,
        proposal=_propose_revision,
    ),
}
