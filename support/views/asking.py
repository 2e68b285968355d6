"""Pages of whoever asks: its requests, the two steps of a new one, and the answer to a question."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from partnerportal.lib.actors import Actor
from partnerportal.lib.form_errors import show_errors_in_form
from partnerportal.lib.pages import get_posted_data, render_list_page, require_form, require_permission
from partnerportal.lib.policies import authorize
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.row_actions import NOT_CARRIED_OUT
from support.actions.drafts import save_request_draft, start_request
from support.actions.files import attach_files
from support.actions.rows import RequestAlreadyOpen
from support.actions.submitting import answer_request, submit_request
from support.forms import RequestForms
from support.kinds import (
    BeginningPage,
    describe_kind,
    describe_prefilled,
    get_request_kind,
    list_request_kinds,
    may_ask_for_anything,
)
from support.lists.own import OwnRequestList
from support.models import Request
from support.policies import ROLE_TABLE, SupportPermission
from support.queries import get_request
from support.views.page import render_request_page

may_list = require_permission(ROLE_TABLE, SupportPermission.LIST_REQUESTS)
may_make = require_permission(ROLE_TABLE, SupportPermission.MAKE_REQUESTS)


@require_safe
@may_list
def own_request_list(request: PortalRequest) -> HttpResponse:
    """Show an organisation its own requests, newest first, and what it may ask for."""
    return render_list_page(
        request,
        OwnRequestList(request.actor, request.GET),
        page_template="support/own_requests.html",
        list_template="support/own_requests.html#list",
        context={
            "beginnings": list_beginnings(request.actor),
            "pages": list_beginning_pages(request.actor),
            "may_ask": may_ask_for_anything(request.actor),
        },
    )


def list_beginnings(actor: Actor) -> list[dict[str, Any]]:
    """Return the kinds of requests that are begun here, each with the URL of its first step, or why it is refused."""
    found = []
    for kind in list_request_kinds():
        subject_id = kind.find_own_subject(actor) if actor.organization_kind in kind.rule.kinds else None
        if subject_id:
            url, answer = reverse("request_new", args=[kind.code, subject_id]), kind.check_asker(actor)
            found.append({"label": kind.label, "url": url, "reason": getattr(answer, "message", "")})
    return found


def list_beginning_pages(actor: Actor) -> list[BeginningPage]:
    """Return the pages on which the actor may begin requests of other kinds, each once."""
    pages = [kind.begun_on for kind in list_request_kinds() if kind.begun_on and kind.check_asker(actor)]
    return list(dict.fromkeys(pages))


@require_form
@may_list
def request_new(request: PortalRequest, kind: str, subject_id: UUID) -> HttpResponse:
    """Show the first step of a request: what it is about, read-only (CA-22). On POST begin the draft."""
    known = get_request_kind(kind)
    known.authorize_asker(request.actor)  # first: what other types of organisation ask for is not there
    authorize(request.actor, ROLE_TABLE, SupportPermission.MAKE_REQUESTS)
    subject = known.find_subject(request.actor, subject_id)
    if request.method == "POST":
        payload = known.read_query(request.actor, subject, request.GET)
        row = start_request(actor=request.actor, kind=kind, subject_id=subject_id, payload=payload)
        return redirect("request_details", row.public_id)
    prefilled = [field.as_json() for field in known.prefilled(request.actor, subject)]
    shown = describe_prefilled(Request(prefilled=prefilled))
    action, back = request.get_full_path(), reverse("own_requests")
    context = {"title": known.label, "prefilled": shown, "action": action, "back": back}
    return render(request, "support/request_new.html", context)


@require_form
@may_make
def request_details(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Show the second step of a request, or the form for an answer; on POST save the draft, submit it or answer."""
    row = get_request(request.actor, request_id)
    get_request_kind(row.kind).authorize_asker(request.actor)
    if not row.is_editable:
        message = NOT_CARRIED_OUT if request.method == "POST" else _("This request can no longer be edited.")
        return render_request_page(request, row, message, 409)
    saves = row.is_draft and "save" in request.POST
    posted = get_posted_data(request)
    forms = RequestForms(request.actor, row, posted, request.FILES or None, is_draft=saves)
    open_one: list[Request] = []
    if posted is not None and forms.is_valid():
        with show_errors_in_form(forms.fields):
            return _act(request, row, forms, open_one, saves=saves)
    if row.is_draft and request.FILES.getlist("attachments") and not forms.fields.has_error("attachments"):
        _keep_files(request, row, forms)
    context = {
        "row": row,
        "title": describe_kind(row.kind),
        "forms": forms,
        "prefilled": describe_prefilled(row),
        "open_one": open_one[0] if open_one else None,
    }
    return render(request, "support/request_details.html", context)


def _act(
    request: PortalRequest, row: Request, forms: RequestForms, open_one: list[Request], *, saves: bool
) -> HttpResponse:
    """Do what the form asks for, and redirect to the request. The request that is open already goes to `open_one`."""
    actions = (save_request_draft, _("Draft saved.")) if saves else (submit_request, _("Request submitted."))
    action, done = actions if row.is_draft else (answer_request, _("Your answer was sent. The vendor will decide."))
    try:
        changed = action(actor=request.actor, request=row, **forms.values)
    except RequestAlreadyOpen as error:
        open_one += [error.request] if error.request else []
        raise
    if changed.state == Request.State.OVERTAKEN:
        text = _(
            "What you requested is no longer possible or has already been done. The request has been overtaken by "
            "events and is now closed."
        )
        messages.warning(request, text)
    else:
        messages.success(request, done)
    return redirect("request_details" if saves else "request", changed.public_id)


def _keep_files(request: PortalRequest, row: Request, forms: RequestForms) -> None:
    """Attach the files of a form that was refused for something else, unless a colleague has saved the draft since.

    A browser forgets what was chosen, and whoever corrects the form would have to choose them again.
    """
    if request.POST.get("version") == str(row.version):
        with show_errors_in_form(forms.fields):
            kept = attach_files(actor=request.actor, request=row, files=request.FILES.getlist("attachments"))
            forms.take_kept_files(request.actor, kept[0].request)
