"""What the actions on requests share: the locked row, the check of its kind, and the event."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.changes import list_changes_between
from partnerportal.lib.errors import Conflict, InvalidInput, Message, NotFound
from partnerportal.lib.states import STATE_CHANGED, change_row_state, make_state_changed_error
from partnerportal.lib.text import remove_invisible_characters
from support.events import SupportEventKind
from support.kinds import Findings, find_request_facts, get_request_kind
from support.models import Request, RequestRevision

State = Request.State
REQUIRED = ("title", "justification", "contact_email")  # of what is submitted


class RequestAlreadyOpen(Conflict):
    """Raised when another request about the same is open. `request` is that one, if the actor may see it."""

    def __init__(self, request: Request | None) -> None:
        text = _("Another request about this is already open: %(number)s. Wait until it is decided, or withdraw it.")
        path = reverse("api:request", args=[request.public_id]) if request else None
        super().__init__("request_open", text % {"number": request.number if request else "–"}, path=path)
        self.request = request


def lock_request(actor: Actor, request: Request) -> Request:
    """Lock and return the row of a request as it is now. Raises NotFound for one that the actor does not see."""
    rows = Request.objects.visible_to(actor).select_for_update(of=("self",)).select_related("organization")
    row = rows.filter(pk=request.pk).first()
    if row is None:
        raise NotFound("not_found", "")
    return row


def lock_own_request(actor: Actor, request: Request) -> Request:
    """Lock and return a request of the actor's own organisation. Raises NotFound for any other."""
    row = lock_request(actor, request)
    if row.organization_id != actor.organization_id:
        raise NotFound("not_found", "")
    return row


def ensure_state(row: Request, *states: str) -> None:
    """Raise Conflict("state_changed") unless the locked row is in one of these states."""
    if row.state not in states:
        raise make_state_changed_error()


def ensure_version(row: Request, seen: str | None) -> None:
    """Raise Conflict("changed_meanwhile") if the locked row is not the version that was seen; None stands for any."""
    if seen is not None and seen != str(row.version):
        raise Conflict("changed_meanwhile", STATE_CHANGED)


def set_fields(actor: Actor, row: Request, values: dict[str, Any], *, is_complete: bool) -> None:
    """Set the fields of a locked row, which is not saved yet.

    `is_complete` asks for every required field. Raises InvalidInput, which names the field at fault.
    """
    for name, value in values.items():
        setattr(row, name, remove_invisible_characters(value) if name == "justification" else value)
    row.payload = clean_payload(actor, row, row.payload, is_complete=is_complete)
    for name in REQUIRED if is_complete else ():
        if not getattr(row, name).strip():
            raise InvalidInput("required", _("This field is required."), field=name)


def save_locked_draft(row: Request) -> None:
    """Save the fields of a draft whose row is locked, and count the change."""
    row.version += 1
    row.updated_at = timezone.now()
    row.save(update_fields=[*Request.FIELDS, "version", "updated_at"])


def clean_payload(actor: Actor, row: Request, payload: dict[str, Any], *, is_complete: bool) -> dict[str, Any]:
    """Return the values of the fields of the request's kind, as its form cleans them.

    Raises InvalidInput for the first value that is wrong, for an unknown field, and with `is_complete` for a missing
    one.
    """
    form = get_request_kind(row.kind).details(payload, actor=actor, request=row)
    if unknown := payload.keys() - form.fields.keys():
        raise InvalidInput("unknown_field", _("Unknown field."), field=min(unknown))
    for field in form.fields.values():
        field.required = field.required and is_complete
    if not form.is_valid():
        name, (error, *_more) = next(iter(form.errors.as_data().items()))
        raise InvalidInput(error.code or "invalid", error.messages[0], field=name)
    return form.to_payload()


def check_request(row: Request) -> Findings:
    """Return what the kind of the request finds about it now, with the facts that other apps know."""
    findings = get_request_kind(row.kind).check(row)
    return replace(findings, facts=findings.facts + find_request_facts(row))


def move_request(row: Request, to: str, **changes: Any) -> Request:
    """Move a locked row to a state, and count the change; return it with its organisation.

    Raises Conflict("state_changed") where the moves of requests do not lead there, and RequestAlreadyOpen if another
    one with the same key is open.
    """
    now = timezone.now()
    times = {"decided_at": now} if to in Request.CLOSED else {}
    try:
        with transaction.atomic():
            moved = change_row_state(row, to, version=row.version + 1, updated_at=now, **times, **changes)
    except IntegrityError as error:
        diagnostics = getattr(error.__cause__, "diag", None)
        if not diagnostics or diagnostics.constraint_name != "request_one_open":
            raise
        raise RequestAlreadyOpen(None) from error
    moved.organization = row.organization
    return moved


def store_revision(row: Request) -> None:
    """Keep what the fields of a request are at this submission."""
    RequestRevision.objects.create(request=row, number=row.revision, **row.field_values)


def close_as_overtaken(actor: Actor, row: Request) -> Request:
    """Close a request that is not allowed any more, and return it. Why stands in the request and in its event."""
    found = say_in_each_language(lambda: check_request(row).as_json())
    moved = move_request(row, State.OVERTAKEN, overtaken_by=found)
    data: dict[str, Any] = {
        "reasons": [reason["code"] for reason in found[settings.LANGUAGE_CODE]["reasons"]],
        "why": {code: each["reasons"][0]["message"] for code, each in found.items()},
    }
    record_about(SupportEventKind.REQUEST_OVERTAKEN, actor, moved, before=row.state, **data)
    return moved


def say_in_each_language(say: Callable[[], Any]) -> dict[str, Any]:
    """Return what a function returns by language, with each of them active: what a kind words as it finds it now."""
    found = {}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            found[code] = say()
    return found


def first_reason(findings: Findings) -> tuple[str, Message]:
    """Return the code and the sentence of the first reason against a request."""
    return findings.reasons[0].code, findings.reasons[0].message


def record_about(
    kind: SupportEventKind, actor: Actor, row: Request, *, before: str = "", note: str = "", **data: Any
) -> None:
    """Record an event about a request, which the asking organisation may read too.

    `before` is the state that the request had, if it has changed. Its title may name a person, so the event has its
    number instead.
    """
    record_event(
        kind,
        actor=actor,
        subject=row,
        counterpart=row.organization,
        changes=list_changes_between({"state": before}, {"state": row.state}) if before else None,
        data={"number": row.number, "kind": row.kind, "request": str(row.public_id), **data},
        note=note,
    )
