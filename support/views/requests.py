"""The page of a request, for both sides, and what is done there: the decision, messages and the assignment."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from partnerportal.lib.attached_files import serve_attached_file
from partnerportal.lib.errors import Conflict, InvalidInput
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import get_posted_data, read_next_url, render_list_page, require_form, require_permission
from partnerportal.lib.policies import ActionDenied
from partnerportal.lib.requests import PortalRequest
from support.actions.deciding import approve_request, assign_request
from support.actions.messages import post_message
from support.forms import ApproveRequestForm, AssignRequestForm, RequestMessageForm
from support.lists.queue import RequestQueueList
from support.models import Request
from support.policies import ROLE_TABLE, SupportPermission
from support.queries import get_request, get_request_file
from support.request_actions import REQUEST_ACTIONS, RequestAction, format_request_success_message, name_request
from support.views.page import make_decision_facts, render_conflict, render_request_page

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
        context={"may_decide": ROLE_TABLE[SupportPermission.DECIDE_REQUESTS].check_actor(request.actor)},
    )


@require_safe
@require_permission(ROLE_TABLE, SupportPermission.VIEW_REQUESTS)
def request_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Show a request to whoever asks, or to the vendor's staff, who decide it here."""
    return render_request_page(request, get_request(request.actor, request_id))


@require_form
@may_decide
@vary_on_headers("HX-Request")
def request_approve(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Show a dialog with the facts on which an approval rests; on POST approve the request as they were shown.

    The answer is then a redirect to `next`, or to the request. What has changed shows its page, with status 409.
    """
    row = get_request(request.actor, request_id)
    page = reverse("request", args=[row.public_id])
    if request.method != "POST":
        if row.state != Request.State.SUBMITTED:
            return render_request_page(request, row, _("This request is no longer waiting for a decision."), 409)
        context = {"row": row, "back": read_next_url(request, page), **make_decision_facts(row)}
        return render(request, "support/request_approve.html", context)
    form = ApproveRequestForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("incomplete", _("Open the request again, then decide."))
    try:
        decided = approve_request(actor=request.actor, request=row, **form.cleaned_data)
    except Conflict as error:
        return render_conflict(request, request_id, error)
    if decided.state == Request.State.OVERTAKEN:
        text = _("Request %(number)s from %(organization)s has been overtaken by events and is now closed.")
        messages.warning(request, text % name_request(row))
    else:
        text = _("Request %(number)s from %(organization)s was approved and carried out.")
        messages.success(request, text % name_request(row))
    return redirect(read_next_url(request, page))


@require_POST
@may_decide
def request_assign(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Assign a request to one of the vendor's operators, or to nobody, and redirect to it."""
    row = get_request(request.actor, request_id)
    form = AssignRequestForm(request.actor, request.POST)
    if not form.is_valid():
        raise InvalidInput("operator", _("Choose an operator of your organisation."))
    try:
        assign_request(actor=request.actor, request=row, operator=form.cleaned_data["operator"])
    except Conflict as error:
        return render_conflict(request, request_id, error)
    messages.success(request, _("Assignment saved for request %(number)s.") % {"number": row.number})
    return redirect("request", row.public_id)


@require_POST
@require_permission(ROLE_TABLE, SupportPermission.WRITE_MESSAGES)
def request_message(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Write a message about a request, and redirect to it. A bad one shows the page again, with status 400."""
    row = get_request(request.actor, request_id)
    form = RequestMessageForm(request.POST, request.FILES)
    if form.is_valid():
        body, attachments = form.cleaned_data["message"], form.cleaned_data["attachments"]
        with show_errors_in_form(form):
            post_message(actor=request.actor, request=row, body=body, attachments=attachments)
            messages.success(request, _("Message sent."))
            return redirect("request", row.public_id)
    return render_request_page(request, get_request(request.actor, request_id), status=400, message_form=form)


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
    answer = action.check_possible(row)
    if isinstance(answer, ActionDenied):
        return render_request_page(request, row, answer.message, 409)
    page = read_next_url(request, reverse("request", args=[row.public_id]))
    form = action.form(get_posted_data(request), request.FILES or None, initial=action.proposal(row))
    if request.method == "POST" and form.is_valid():
        with show_errors_in_form(form):
            action.run(actor=request.actor, request=row, **form.cleaned_data)
            messages.success(request, format_request_success_message(action, row))
            return redirect(reverse("own_requests") if row.is_draft else page)
    context = {"form": form, "action": action, "question": action.question(row), "back": page, "row": row}
    return render(request, "support/request_action.html", context)
