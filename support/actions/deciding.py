"""Actions of the vendor's staff: ask for information, assign, approve and decline a request."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict, InvalidInput
from partnerportal.lib.policies import authorize
from partnerportal.lib.text import remove_invisible_characters
from support.actions.files import store_files
from support.actions.messages import store_message
from support.actions.rows import (
    check_request,
    close_as_overtaken,
    ensure_state,
    lock_request,
    move_request,
    record_about,
    say_in_each_language,
)
from support.events import SupportEventKind
from support.kinds import LabelledText, get_request_kind
from support.models import Request
from support.models.request import REASON_LENGTH
from support.policies import ROLE_TABLE, SupportPermission

State = Request.State
REVISION_CHANGED = _("The request has been answered since you opened it. Read the new revision before you decide.")


class FactsChanged(Conflict):
    """Raised when a decision rests on facts that have changed. `differences` are those that are not as they were."""

    def __init__(self, differences: list[LabelledText]) -> None:
        changed = "; ".join(f"{each.label}: {each.text}" for each in differences)
        text = _("These facts have changed since you opened the request: %(changed)s. Check them, then decide.")
        super().__init__("facts_changed", text % {"changed": changed})
        self.differences = differences


@transaction.atomic
def ask_for_information(
    *, actor: Actor, request: Request, message: str, attachments: Sequence[UploadedFile] = ()
) -> Request:
    """Ask whoever made the request for information, which becomes a message of its thread; return the request.

    `attachments` are sent with it. Raises InvalidInput("message_required") without a text, Conflict("state_changed") if
    the request does not wait, and what `store_files` raises.
    """
    row = _lock_to_decide(actor, request, State.SUBMITTED)
    stored = store_message(actor, row, message)
    store_files(actor, row, attachments, message=stored)
    moved = move_request(row, State.NEEDS_INFORMATION)
    record_about(SupportEventKind.REQUEST_INFORMATION_ASKED, actor, moved, before=row.state, note=stored.body)
    return moved


@transaction.atomic
def assign_request(*, actor: Actor, request: Request, operator: Operator | None) -> Request:
    """Assign a request to one of the vendor's operators, or to nobody, and return it.

    Raises InvalidInput("operator") for an operator whom the actor does not see, and Conflict("state_changed") for a
    request that is decided.
    """
    row = _lock_to_decide(actor, request, *Request.OPEN)
    if operator and not Operator.objects.visible_to(actor).filter(pk=operator.pk).exists():
        raise InvalidInput("operator", _("Choose an operator of your organisation."), field="operator")
    if row.assignee_id != (operator.pk if operator else None):
        row.assignee = operator
        row.version += 1
        row.updated_at = timezone.now()
        row.save(update_fields=["assignee", "version", "updated_at"])
        record_about(SupportEventKind.REQUEST_ASSIGNED, actor, row, is_assigned=operator is not None)
    return row


@transaction.atomic
def approve_request(
    *,
    actor: Actor,
    request: Request,
    facts_digest: str,
    revision: int,
    facts_seen: Mapping[str, str] | None = None,
    facts_shown: Mapping[str, str] | None = None,
) -> Request:
    """Approve a request: its effect happens in the same transaction. Return the request.

    `facts_digest` and `revision` are those that the page showed. A request that is not allowed any more is closed as
    overtaken instead, without an effect: the caller looks at the state, because an error would take the change back.
    Raises FactsChanged if the request is allowed on other facts than were seen, with the differences from `facts_seen`,
    which are the values by name, and `facts_shown`, the words for them; Conflict("revision_changed") for another
    revision; Conflict("state_changed") if it does not wait; and what the effect raises.
    """
    row = _lock_to_decide(actor, request, State.SUBMITTED)
    _ensure_revision(row, revision)
    kind = get_request_kind(row.kind)
    kind.lock(actor, row)
    findings = check_request(row)
    if not findings.is_allowed:
        return close_as_overtaken(actor, row)
    if findings.digest != facts_digest:
        raise FactsChanged(findings.list_differences(facts_seen or {}, facts_shown or {}))
    results = kind.effect(actor, row)
    moved = move_request(row, State.APPROVED, results=[each.as_json() for each in results])
    data: dict[str, Any] = {"revision": revision}
    if results:
        data["done"] = say_in_each_language(lambda: kind.summarize_results(results))
    record_about(SupportEventKind.REQUEST_APPROVED, actor, moved, before=row.state, **data)
    return moved


@transaction.atomic
def decline_request(*, actor: Actor, request: Request, reason: str, revision: int) -> Request:
    """Decline a request, and return it. Whoever asked reads the reason, also in a mail.

    `revision` is the one that was read. Raises InvalidInput("reason_required") for a reason that is empty
    or too long, Conflict("revision_changed"), and Conflict("state_changed") for a request that is decided.
    """
    row = _lock_to_decide(actor, request, *Request.OPEN)
    reason = remove_invisible_characters(reason).strip()
    if not reason or len(reason) > REASON_LENGTH:
        message = _("Enter a reason of at most %(most)s characters.") % {"most": REASON_LENGTH}
        raise InvalidInput("reason_required", message, field="reason")
    _ensure_revision(row, revision)
    moved = move_request(row, State.DECLINED, reason=reason)
    record_about(SupportEventKind.REQUEST_DECLINED, actor, moved, before=row.state, note=reason)
    return moved


def _lock_to_decide(actor: Actor, request: Request, *states: str) -> Request:
    authorize(actor, ROLE_TABLE, SupportPermission.DECIDE_REQUESTS)
    row = lock_request(actor, request)
    ensure_state(row, *states)
    return row


def _ensure_revision(row: Request, revision: int) -> None:
    if row.revision != revision:
        raise Conflict("revision_changed", REVISION_CHANGED)
