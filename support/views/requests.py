"""The page of a request, for both sides, and what is done there: the decision, messages and the assignment."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from partnerportal.lib.actors import Actor
from partnerportal.lib.attached_files import serve_attached_file
from partnerportal.lib.errors import InvalidInput
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import get_posted_data, render_list_page, require_form, require_permission
from partnerportal.lib.requests import PortalRequest
from support.actions.deciding import FactsChanged, approve_request, assign_request
from support.actions.messages import post_message
from support.actions.rows import check_request
from support.forms import ApproveRequestForm, AssignRequestForm, ThreadMessageForm
from support.kinds import describe_kind, describe_prefilled
from support.lists.queue import RequestQueueList
from support.models import Request
from support.policies import ROLE_TABLE, SupportPermission
from support.queries import get_request, get_request_file, list_messages, list_request_files
from support.request_actions import REQUEST_ACTIONS, RequestAction, format_request_success_message
from support.rows import (
    describe_next_step,
    describe_overtaken,
    make_file_rows,
    make_message_rows,
    make_request_table_rows,
)
from support.views.asking import describe_fields

may_decide = require_permission(ROLE_TABLE, SupportPermission.DECIDE_REQUESTS)


@require_safe
@require_permission(ROLE_TABLE, SupportPermission.VIEW_QUEUE)
def request_queue(request: PortalRequest) -> HttpResponse:
    """Show the vendor's staff the requests of all organisations, first those that have waited longest."""
    return render_list_page(
        request,
        RequestQueueList(request.actor, request.GET),
        page_template="support/request_queue.html",
        list_template="support/request_queue.html#list",
        context={},
    )


@require_safe
@require_permission(ROLE_TABLE, SupportPermission.VIEW_REQUESTS)
def request_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Show a request to whoever asks, or to the vendor's staff, who decide it here."""
    return _render_page(request, get_request(request.actor, request_id))


def _render_page(
    request: PortalRequest, row: Request, error: Any = None, status: int = 200, message_form: Any = None
) -> HttpResponse:
    """Return the page of a request. `error` is why an action on it was refused; a form shows its own errors."""
    actor = request.actor
    files = make_file_rows(row, list_request_files(actor, row))
    is_own = row.organization_id == actor.organization_id
    context = {
        "row": row,
        "line": make_request_table_rows([row])[0],
        "kind": describe_kind(row.kind),
        "prefilled": describe_prefilled(row),
        "fields": describe_fields(row),
        "files": files.get(None, []),
        "thread": make_message_rows(actor, row, list_messages(actor, row), files),
        "message_form": message_form or ThreadMessageForm(),
        "next_step": describe_next_step(actor, row),
        "overtaken": describe_overtaken(row),
        "is_own": is_own,
        "list_url": reverse("own_requests" if is_own else "request_queue"),
        "may": _list_permissions(actor, row, is_own=is_own),
        "error": error,
    }
    more = {} if is_own else _make_decision_context(actor, row)
    return render(request, "support/request.html", context | more, status=status)


def _list_permissions(actor: Actor, row: Request, *, is_own: bool) -> dict[str, bool]:
    """Return what the actor may do with the request in its present state, by name."""
    makes = is_own and bool(ROLE_TABLE[SupportPermission.MAKE_REQUESTS].check_actor(actor))
    decides = not is_own and bool(ROLE_TABLE[SupportPermission.DECIDE_REQUESTS].check_actor(actor))
    allowed = {"discard": makes, "withdraw": makes, "ask": decides, "decline": decides}
    can = {name: allowed[name] and bool(action.check_possible(row)) for name, action in REQUEST_ACTIONS.items()}
    return can | {
        "edit": makes and row.is_editable,
        "approve": decides and row.state == Request.State.SUBMITTED,
        "assign": decides and row.is_open,
        "write": (makes or decides) and row.is_open,
    }


def _make_decision_context(actor: Actor, row: Request) -> dict[str, Any]:
    """Return what the vendor's staff read before they decide: the facts, what an approval changes, and who has it."""
    context: dict[str, Any] = {"assign": AssignRequestForm(actor, initial={"operator": None})}
    if row.assignee_id:
        operators = {operator.pk: operator for operator in context["assign"].fields["operator"].queryset}
        context["assign"] = AssignRequestForm(actor, initial={"operator": operators.get(row.assignee_id)})
    if row.is_open:
        findings = check_request(row)
        context |= {"findings": findings, "facts_seen": json.dumps(findings.values)}
    return context


@require_POST
@may_decide
def request_approve(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Approve a request as its page showed it, and redirect to it. Other facts show the page again, with status 409."""
    row = get_request(request.actor, request_id)
    form = ApproveRequestForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("incomplete", _("Open the request again, then decide."))
    try:
        decided = approve_request(actor=request.actor, request=row, **form.cleaned_data)
    except FactsChanged as error:
        return _render_page(request, get_request(request.actor, request_id), error.message, error.status)
    if decided.state == Request.State.OVERTAKEN:
        messages.warning(request, _("Request %(number)s is closed as overtaken.") % {"number": row.number})
    else:
        messages.success(request, _("Request %(number)s is approved, and done.") % {"number": row.number})
    return redirect("request", row.public_id)


@require_POST
@may_decide
def request_assign(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Assign a request to one of the vendor's operators, or to nobody, and redirect to it."""
    row = get_request(request.actor, request_id)
    form = AssignRequestForm(request.actor, request.POST)
    if not form.is_valid():
        raise InvalidInput("operator", _("Choose one of the vendor’s operators."))
    assign_request(actor=request.actor, request=row, operator=form.cleaned_data["operator"])
    messages.success(request, _("The assignment of request %(number)s is saved.") % {"number": row.number})
    return redirect("request", row.public_id)


@require_POST
@require_permission(ROLE_TABLE, SupportPermission.WRITE_MESSAGES)
def request_message(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Write a message about a request, and redirect to it. A bad one shows the page again, with status 400."""
    row = get_request(request.actor, request_id)
    form = ThreadMessageForm(request.POST, request.FILES)
    if form.is_valid():
        body, attachments = form.cleaned_data["message"], form.cleaned_data["attachments"]
        with show_errors_in_form(form):
            post_message(actor=request.actor, request=row, body=body, attachments=attachments)
            messages.success(request, _("Your message is sent."))
            return redirect("request", row.public_id)
    return _render_page(request, get_request(request.actor, request_id), status=400, message_form=form)


@require_safe
@require_permission(ROLE_TABLE, SupportPermission.VIEW_REQUESTS)
def request_file(request: PortalRequest, request_id: UUID, file_id: UUID) -> HttpResponse:
    """Send a file of a request, to be saved, to whoever may see the request."""
    row = get_request(request.actor, request_id)
    return serve_attached_file(get_request_file(request.actor, row, file_id))  # type: ignore[return-value]


@require_form
def request_action(request: PortalRequest, request_id: UUID, name: str) -> HttpResponse:
    """Show the dialog that confirms an action on a request; on POST run it. `name` is its key in REQUEST_ACTIONS.

    The answer is 403 for people who may not run it, and 404 for a request that the actor does not see.
    """
    action = REQUEST_ACTIONS[name]
    return require_permission(ROLE_TABLE, action.permission)(_confirm_and_run)(request, action, request_id)


@vary_on_headers("HX-Request")
def _confirm_and_run(request: PortalRequest, action: RequestAction, request_id: UUID) -> HttpResponse:
    row = get_request(request.actor, request_id)
    action.ensure_possible(row)
    page = reverse("request", args=[row.public_id])
    form = action.form(get_posted_data(request), initial=action.proposal(row))
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            action.run(actor=request.actor, request=row, **form.cleaned_data)
            messages.success(request, format_request_success_message(action, row))
            return redirect(reverse("own_requests") if row.is_draft else page)
    context = {"form": form, "action": action, "question": action.question(row), "back": page, "row": row}
    return render(request, "support/request_action.html", context)
