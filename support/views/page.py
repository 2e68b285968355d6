"""The page of a request, as each side sees it; it also says why an action on the request was refused."""

import json
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict
from partnerportal.lib.requests import PortalRequest
from partnerportal.lib.row_actions import NOT_CARRIED_OUT
from support.actions.rows import check_request
from support.forms import AssignRequestForm, RequestMessageForm
from support.kinds import LabelledText, describe_kind, describe_prefilled, get_request_kind
from support.models import Request
from support.policies import ROLE_TABLE, SupportPermission
from support.queries import get_request, list_messages, list_request_files
from support.request_actions import REQUEST_ACTIONS
from support.rows import (
    describe_next_step,
    describe_overtaken,
    describe_results,
    make_file_rows,
    make_message_rows,
    make_request_table_rows,
)


def render_conflict(request: PortalRequest, request_id: UUID, error: Conflict) -> HttpResponse:
    """Return the page of a request as it is now, which says what is in the way of an action, with status 409."""
    message = NOT_CARRIED_OUT if error.code == "state_changed" else error.message
    return render_request_page(request, get_request(request.actor, request_id), message, error.status)


def render_request_page(
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
        "message_form": message_form or RequestMessageForm(),
        "next_step": describe_next_step(actor, row),
        "overtaken": describe_overtaken(row),
        "results": describe_results(row),
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
    return context | make_decision_facts(row) if row.is_open else context


def make_decision_facts(row: Request) -> dict[str, Any]:
    """Return what a template shows of the facts on which a decision rests, and sends back with an approval."""
    findings = check_request(row)
    seen = {"facts_seen": json.dumps(findings.values), "facts_shown": json.dumps(findings.texts)}
    return {"findings": findings, **seen}


def describe_fields(row: Request) -> list[LabelledText]:
    """Return the fields of a request that whoever asks has filled in, as readers see them."""
    fields = get_request_kind(row.kind).describe_details(row)
    names = {
        "title": row.title,
        "justification": row.justification,
        "severity": row.get_severity_display(),
        "contact_email": row.contact_email,
        "contact_phone": row.contact_phone,
    }
    labels = {name: Request._meta.get_field(name).verbose_name for name in names}  # type: ignore[union-attr]
    return fields + [LabelledText(str(labels[name]).capitalize(), value) for name, value in names.items() if value]
