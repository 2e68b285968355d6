"""Actions on the files of an offer's draft: add one, and take one off."""

from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from marketplace.actions.offers import SAVED_MEANWHILE, store_draft
from marketplace.content import MOST_DOCUMENTS, MOST_SCREENSHOTS, list_file_ids
from marketplace.models import Offer, OfferFile
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.offers import get_newest_version, lock_own_offer
from partnerportal.lib.actors import Actor
from partnerportal.lib.attached_files import find_same_file, save_attached_file
from partnerportal.lib.errors import Conflict, NotFound, StaleVersion
from partnerportal.lib.policies import authorize
from partnerportal.lib.uploaded_files import check_document, encode_image

LOGO_BOX, SCREENSHOT_BOX = (512, 512), (1920, 1200)  # pixels
TOO_MANY = _("You already have %(number)s files here, which is the limit. Remove one first.")

Kind = OfferFile.Kind


@transaction.atomic
def add_offer_file(*, actor: Actor, offer: Offer, kind: str, upload: UploadedFile) -> OfferFile:
    """Add an uploaded picture or document to the draft of an offer, and return the file. A new logo replaces the old.

    A file that the draft has already, sent again, is not added once more. Raises InvalidInput for a file that is not
    accepted, and Conflict("too_many_files") beyond the limits.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT)
    locked = lock_own_offer(actor, offer)
    newest = get_newest_version(locked)
    content, channel = dict(newest.content), dict(newest.channel.content)
    if kind in OfferFile.DOCUMENTS:
        checked = check_document(upload, field="file")
    else:
        checked = encode_image(upload, box=LOGO_BOX if kind == Kind.LOGO else SCREENSHOT_BOX, field="file")
    there = OfferFile.objects.filter(offer=locked, kind=kind, public_id__in=list_file_ids(content, channel))
    if same := find_same_file(there, checked):
        return same
    file = OfferFile(offer=locked, kind=kind)
    _name_file(content, channel, file)
    save_attached_file(file, checked)
    store_draft(locked, content, channel)
    return file


def _name_file(content: dict[str, Any], channel: dict[str, Any], file: OfferFile) -> None:
    """Put a new file into the content of a draft. Raises Conflict("too_many_files")."""
    key = str(file.public_id)
    if file.kind == Kind.LOGO:
        content["logo"] = key
        return
    if file.kind == Kind.SCREENSHOT:
        content["screenshots"] = _append(content.get("screenshots", []), key, MOST_SCREENSHOTS)
        return
    document: Mapping[str, str] = {"id": key, "kind": str(file.kind)}
    channel["documents"] = _append(channel.get("documents", []), document, MOST_DOCUMENTS)


def _append(items: list[Any], item: Any, most: int) -> list[Any]:
    if len(items) >= most:
        raise Conflict("too_many_files", TOO_MANY % {"number": most}, field="file")
    return [*items, item]


@transaction.atomic
def remove_offer_file(*, actor: Actor, offer: Offer, file: OfferFile, revision: int | None = None) -> None:
    """Take a file off the draft of an offer. It is deleted if no published version has it.

    `revision` is that of the newest version that the editor has seen, or None for any. Raises NotFound for a file that
    the newest version does not have, and StaleVersion if a colleague has saved the offer since.
    """
    authorize(actor, ROLE_TABLE, OfferPermission.EDIT)
    locked = lock_own_offer(actor, offer)
    newest = get_newest_version(locked)
    key, content, channel = str(file.public_id), dict(newest.content), dict(newest.channel.content)
    if key not in list_file_ids(content, channel):
        raise NotFound("not_found", "")
    if revision is not None and revision != newest.revision:
        raise StaleVersion("changed_meanwhile", SAVED_MEANWHILE)
    if content.get("logo") == key:
        content["logo"] = None
    content["screenshots"] = [other for other in content.get("screenshots", []) if other != key]
    channel["documents"] = [other for other in channel.get("documents", []) if other["id"] != key]
    store_draft(locked, content, channel)
