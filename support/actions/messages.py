"""Actions on the thread of a request."""

from collections.abc import Sequence

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from notifications.actions.recording import SAME_MESSAGE
from partnerportal.lib.actors import Actor
from partnerportal.lib.attached_files import find_same_file
from partnerportal.lib.errors import InvalidInput
from partnerportal.lib.policies import authorize
from partnerportal.lib.text import remove_invisible_characters
from support.actions.files import check_file, store_files
from support.actions.rows import ensure_state, lock_request, record_about
from support.events import SupportEventKind
from support.models import Request, RequestMessage
from support.models.request import TEXT_LENGTH
from support.policies import ROLE_TABLE, SupportPermission


@transaction.atomic
def post_message(
    *, actor: Actor, request: Request, body: str, attachments: Sequence[UploadedFile] = ()
) -> RequestMessage:
    """Write a message about a request that is not decided, and return it. The other side is told.

    `attachments` are sent with it. The latest message, sent again, is no further message.

    Raises NotFound for a request that the actor does not see, Conflict("state_changed") for one that is decided or a
    draft, InvalidInput("message_required") for a text that is empty or too long, and what `store_files` raises.
    """
    authorize(actor, ROLE_TABLE, SupportPermission.WRITE_MESSAGES)
    row = lock_request(actor, request)
    ensure_state(row, *Request.OPEN)
    if same := _find_same_message(actor, row, body, attachments):
        return same
    message = store_message(actor, row, body)
    store_files(actor, row, attachments, message=message)
    is_asker = actor.organization_id == row.organization_id
    record_about(SupportEventKind.REQUEST_COMMENTED, actor, row, note=message.body, is_by_asker=is_asker)
    return message


def _find_same_message(
    actor: Actor, row: Request, body: str, attachments: Sequence[UploadedFile]
) -> RequestMessage | None:
    """Return the latest message of a locked request if it is this one, sent a second time: same words, same files."""
    latest = row.messages.order_by("-pk").filter(at__gt=timezone.now() - SAME_MESSAGE).first()
    mine = (actor.organization_id, actor.person_id, _clean(body))
    if latest is None or (latest.organization_id, latest.person_id, latest.body) != mine:
        return None
    there = latest.files.all()
    if len(attachments) != len(there):
        return None
    checked = (check_file(upload, "attachments") for upload in attachments)
    return latest if all(find_same_file(there, each) for each in checked) else None


def _clean(body: str) -> str:
    return remove_invisible_characters(body).strip()


def store_message(actor: Actor, row: Request, body: str) -> RequestMessage:
    """Store a message in the actor's name, and return it. Raises InvalidInput("message_required")."""
    text = _clean(body)
    if not text or len(text) > TEXT_LENGTH:
        message = _("Enter a message of at most %(most)s characters.") % {"most": TEXT_LENGTH}
        raise InvalidInput("message_required", message, field="message")
    return RequestMessage.objects.create(
        request=row, organization_id=actor.organization_id or row.organization_id, person_id=actor.person_id, body=text
    )
