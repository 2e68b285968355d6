"""Actions on drafts of requests, which only the asking organisation sees."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused
from partnerportal.lib.policies import authorize
from support.actions.files import delete_files, store_files
from support.actions.rows import (
    clean_payload,
    ensure_state,
    ensure_version,
    lock_own_request,
    save_locked_draft,
    set_fields,
)
from support.kinds import get_request_kind
from support.models import Request
from support.policies import ROLE_TABLE, SupportPermission

State = Request.State


@transaction.atomic
def start_request(*, actor: Actor, kind: str, subject_id: UUID, payload: dict[str, Any] | None = None) -> Request:
    """Begin a request of a kind about a subject, and return its draft. Beginning again returns the same draft.

    The person has one draft of a kind about a subject; with a `payload` its fields of the kind are replaced. Raises
    NotFound for an unknown kind, and for a subject that the actor does not see; ActionRefused if the actor may not make
    requests of this kind; InvalidInput for a bad payload.
    """
    known = get_request_kind(kind)
    known.authorize_asker(actor)  # first: what other types of organisation ask for is not there
    authorize(actor, ROLE_TABLE, SupportPermission.MAKE_REQUESTS)
    if actor.organization_id is None or actor.person_id is None:
        raise ActionRefused("no_organization", "")
    subject = known.find_subject(actor, subject_id)
    row = Request(
        kind=kind,
        organization_id=actor.organization_id,
        person_id=actor.person_id,
        subject_id=subject_id,
        subject_label=known.describe_subject(subject)[:200],
        prefilled=[field.as_json() for field in known.prefilled(actor, subject)],
        title=gettext(known.title),
    )
    if payload:
        row.payload = clean_payload(actor, row, payload, is_complete=False)
    return _store_once(actor, row, has_payload=bool(payload))


def _store_once(actor: Actor, row: Request, *, has_payload: bool) -> Request:
    """Store a new draft and return it, or the person's draft of the same, which takes a payload that is given."""
    of_same = {name: getattr(row, name) for name in ("kind", "person_id", "organization_id", "subject_id")}
    try:
        with transaction.atomic():
            row.save(force_insert=True)
        return row
    except IntegrityError:  # there is a draft already
        drafts = Request.objects.visible_to(actor).select_for_update(of=("self",))
        before = drafts.filter(state=State.DRAFT, **of_same).first()
        if before is None:
            raise
    if has_payload:
        before.payload = row.payload
        save_locked_draft(before)
    return before


@transaction.atomic
def save_request_draft(
    *,
    actor: Actor,
    request: Request,
    version: str | None = None,
    attachments: Sequence[UploadedFile] = (),
    removed: Collection[str] = (),
    **fields: Any,
) -> Request:
    """Store the fields of a draft, and return it. It may lack what a submission needs.

    `fields` are some of RequestFields.FIELDS; `version` is the version that the form showed, None for any;
    `attachments` are added, and files with the public ids `removed` are taken off. Raises NotFound for a request of
    somebody else's, Conflict("state_changed") for one that is submitted, Conflict("changed_meanwhile") for another
    version, InvalidInput for a bad value, and what `store_files` raises.
    """
    authorize(actor, ROLE_TABLE, SupportPermission.MAKE_REQUESTS)
    row = lock_own_request(actor, request)
    ensure_state(row, State.DRAFT)
    ensure_version(row, version)
    set_fields(actor, row, fields, is_complete=False)
    delete_files(row, removed)
    store_files(actor, row, attachments)
    save_locked_draft(row)
    return row


@transaction.atomic
def discard_request_draft(*, actor: Actor, request: Request) -> Request:
    """Delete a draft, and return what it was. Nobody but the own organisation has seen it, so no event is recorded.

    Raises NotFound for a request of somebody else's, and Conflict("state_changed") for one that is submitted.
    """
    authorize(actor, ROLE_TABLE, SupportPermission.MAKE_REQUESTS)
    row = lock_own_request(actor, request)
    ensure_state(row, State.DRAFT)
    delete_files(row, row.files.values_list("public_id", flat=True))
    rows = Request.objects.filter(pk=row.pk)
    rows._raw_delete(rows.db)  # nothing else belongs to a draft, and the web role may delete nothing that does
    return row
