"""Actions of whoever asks: submit a request, answer a question about it, withdraw it."""

from collections.abc import Collection, Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Conflict
from partnerportal.lib.policies import authorize
from support.actions.files import delete_files, store_files
from support.actions.messages import store_message
from support.actions.rows import (
    RequestAlreadyOpen,
    check_request,
    close_as_overtaken,
    ensure_state,
    ensure_version,
    first_reason,
    lock_own_request,
    move_request,
    record_about,
    set_fields,
    store_revision,
)
from support.events import SupportEventKind
from support.kinds import get_request_kind
from support.models import Request
from support.policies import ROLE_TABLE, SupportPermission

State = Request.State


@transaction.atomic
def submit_request(
    *,
    actor: Actor,
    request: Request,
    version: str | None = None,
    attachments: Sequence[UploadedFile] = (),
    removed: Collection[str] = (),
    **fields: Any,
) -> Request:
    """Submit a draft to the vendor, and return the request. From then on its fields and files are fixed.

    `fields` replace some of the draft's; `attachments` are added, and files with the public ids `removed` are taken
    off. The kind's check decides whether the request is allowed, and its key that only one about the same is open.
    Raises NotFound for a request of somebody else's, InvalidInput for a field that is missing or wrong, Conflict with
    the check's reason, RequestAlreadyOpen, Conflict("state_changed") if the draft is submitted already, and what
    `store_files` raises.
    """
    row = _lock_to_write(actor, request, version, State.DRAFT)
    set_fields(actor, row, fields, is_complete=True)
    findings = check_request(row)
    if not findings.is_allowed:
        raise Conflict(*first_reason(findings))
    delete_files(row, removed)
    store_files(actor, row, attachments)
    key = get_request_kind(row.kind).open_key(row)
    try:
        moved = _submit(row, open_key=key, submitted_at=timezone.now())
    except RequestAlreadyOpen as error:
        open_one = Request.objects.visible_to(actor).open().filter(open_key=key).first()
        raise RequestAlreadyOpen(open_one) from error
    record_about(SupportEventKind.REQUEST_SUBMITTED, actor, moved, before=row.state)
    return moved


@transaction.atomic
def answer_request(
    *,
    actor: Actor,
    request: Request,
    message: str = "",
    version: str | None = None,
    attachments: Sequence[UploadedFile] = (),
    **fields: Any,
) -> Request:
    """Answer the vendor's question about a request by a new revision of its fields, and return the request.

    `attachments` are added to its details.

    It waits for its decision again, or is closed as overtaken if its kind does not allow it any more: the caller looks
    at the state. Raises what `submit_request` raises, except RequestAlreadyOpen.
    """
    row = _lock_to_write(actor, request, version, State.NEEDS_INFORMATION)
    set_fields(actor, row, fields, is_complete=True)
    if not check_request(row).is_allowed:
        return close_as_overtaken(actor, row)
    store_files(actor, row, attachments)
    moved = _submit(row)
    if message.strip():
        store_message(actor, moved, message)
    record_about(SupportEventKind.REQUEST_ANSWERED, actor, moved, before=row.state, note=message.strip())
    return moved


@transaction.atomic
def withdraw_request(*, actor: Actor, request: Request) -> Request:
    """Withdraw a request that is not decided, and return it.

    Raises NotFound for a request of somebody else's, and Conflict("state_changed") for one that is decided or a draft.
    """
    row = _lock_to_write(actor, request, None, *Request.OPEN)
    moved = move_request(row, State.WITHDRAWN)
    record_about(SupportEventKind.REQUEST_WITHDRAWN, actor, moved, before=row.state)
    return moved


def _lock_to_write(actor: Actor, request: Request, version: str | None, *states: str) -> Request:
    """Authorise, lock and return a request of the actor's own organisation that is in one of the states."""
    authorize(actor, ROLE_TABLE, SupportPermission.MAKE_REQUESTS)
    row = lock_own_request(actor, request)
    get_request_kind(row.kind).authorize_asker(actor)
    ensure_state(row, *states)
    ensure_version(row, version)
    return row


def _submit(row: Request, **changes: Any) -> Request:
    """Move the row to the vendor's queue with its fields as they are, and keep these as a revision."""
    moved = move_request(row, State.SUBMITTED, revision=row.revision + 1, **row.field_values, **changes)
    store_revision(moved)
    return moved
