"""Actions on the files of a request: attach some, and take some off a draft."""

from collections.abc import Collection, Sequence
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.actors import Actor
from partnerportal.lib.attached_files import save_attached_file
from partnerportal.lib.errors import Conflict, InvalidInput, StaleVersion
from partnerportal.lib.limits import enforce_hourly_limit
from partnerportal.lib.policies import authorize
from partnerportal.lib.states import STATE_CHANGED
from partnerportal.lib.uploaded_files import MEGABYTE, CheckedFile, check_document_or_image, clean_file_name
from support.actions.rows import ensure_state, lock_own_request, save_locked_draft
from support.models import Request, RequestFile, RequestMessage
from support.policies import ROLE_TABLE, SupportPermission

MOST_FILES = 20  # of a request, its messages' too
MOST_BYTES = 50 * MEGABYTE  # of all of them
FILES_AN_HOUR = 100  # of an organisation
PICTURE_BOX = (2400, 2400)  # pixels: a screen can be read
TOO_MANY = _("A request can have up to %(number)s files, including those in its messages.")
TOO_MUCH = _("The files of a request can total up to %(most)s MB, including those in its messages.")


@transaction.atomic
def attach_files(
    *, actor: Actor, request: Request, files: Sequence[UploadedFile], field: str = "attachments"
) -> list[RequestFile]:
    """Attach uploaded files to the draft of a request, and return them. `field` names the input that has them.

    Raises NotFound for a request of somebody else's, Conflict("state_changed") for one that is submitted, and what
    `store_files` raises.
    """
    authorize(actor, ROLE_TABLE, SupportPermission.MAKE_REQUESTS)
    row = lock_own_request(actor, request)
    ensure_state(row, Request.State.DRAFT)
    stored = store_files(actor, row, files, field=field)
    save_locked_draft(row)
    return stored


@transaction.atomic
def remove_file(*, actor: Actor, request: Request, file: RequestFile, version: int | None = None) -> Request:
    """Take a file off the draft of a request, and return this. The file is deleted.

    `version` is the version of the request that was seen, None for any. Raises NotFound for a request of somebody
    else's, Conflict("state_changed") for one that is submitted, and StaleVersion("changed_meanwhile").
    """
    authorize(actor, ROLE_TABLE, SupportPermission.MAKE_REQUESTS)
    row = lock_own_request(actor, request)
    ensure_state(row, Request.State.DRAFT)
    if version not in (None, row.version):
        raise StaleVersion("changed_meanwhile", STATE_CHANGED)
    delete_files(row, [file.public_id])
    save_locked_draft(row)
    return row


def delete_files(row: Request, public_ids: Collection[UUID | str]) -> None:
    """Delete files of a locked draft. Those that are gone already are left out."""
    for file in row.files.filter(public_id__in=public_ids):
        file.delete()  # one by one, so that each takes its private file along


def store_files(
    actor: Actor,
    row: Request,
    uploads: Sequence[UploadedFile],
    *,
    message: RequestMessage | None = None,
    field: str = "attachments",
) -> list[RequestFile]:
    """Store uploaded files of a locked request, with its details or with a message, and return them.

    Raises InvalidInput for one that is not accepted, which its sentence names; Conflict("too_many_files") and
    Conflict("too_much_attached") beyond what a request may have; TooManyAttempts beyond FILES_AN_HOUR.
    """
    for _each in uploads:
        enforce_hourly_limit(FILES_AN_HOUR, f"request-files:{actor.organization_id}")
    held = row.files.aggregate(number=Count("pk"), size=Sum("size", default=0))
    if held["number"] + len(uploads) > MOST_FILES:
        raise Conflict("too_many_files", TOO_MANY % {"number": MOST_FILES}, field=field)
    if held["size"] + sum(upload.size or 0 for upload in uploads) > MOST_BYTES:
        raise Conflict("too_much_attached", TOO_MUCH % {"most": MOST_BYTES // MEGABYTE}, field=field)
    checked = [check_file(upload, field) for upload in uploads]
    return [save_attached_file(RequestFile(request=row, message=message), each) for each in checked]


def check_file(upload: UploadedFile, field: str) -> CheckedFile:
    """Return a file that is accepted. Raises InvalidInput with the name of the file, because there may be several."""
    try:
        return check_document_or_image(upload, box=PICTURE_BOX, field=field)
    except InvalidInput as error:
        text = _("%(name)s: %(reason)s") % {"name": clean_file_name(upload.name or ""), "reason": error.message}
        raise InvalidInput(error.code, text, field=field) from error
