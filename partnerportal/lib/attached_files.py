"""Files that people attach to what the portal keeps, such as documents and pictures of an offer.

A model on `AttachedFile` has a row for each; its bytes are a private file (`lib/private_files.py`), in the folder or
the bucket of the installation. `lib/uploaded_files.py` says what may become one:

    document = save_attached_file(OfferDocument(offer=offer), check_document(request.FILES["file"]))

Whoever is to have a file gets it from a view that asks who may, and answers with `serve_attached_file`.
"""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any, TypeVar
from uuid import UUID

from django.db import connection, models, transaction
from django.db.models.signals import class_prepared, post_delete
from django.dispatch import receiver
from django.http import FileResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.errors import NoLongerExists, TemporarilyUnavailable
from partnerportal.lib.fields import OneLineModelField
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.private_files import (
    StoredFile,
    add_download_headers,
    build_private_file_response,
    delete_private_file,
    delete_unneeded_files,
    list_private_files,
    open_private_file_for_reading,
    open_private_file_for_writing,
)
from partnerportal.lib.uploaded_files import IMAGE_TYPES, LONGEST_NAME, CheckedFile

FOLDER = "attached"  # below the private files; the backup holds it
_CHUNK = 1 << 18  # bytes that are copied at a time
A = TypeVar("A", bound="AttachedFile")


class AttachedFile(PublicIdModel):
    """The base of models that have one private file for each row. The file never changes; a new one is a new row.

    The file goes when the transaction that deletes its row is committed.
    """

    name = OneLineModelField(max_length=LONGEST_NAME)  # as its owner called it
    content_type = models.CharField(max_length=100)  # by its content
    size = models.PositiveIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)  # in hex
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True

    @classmethod
    def get_folder(cls) -> str:
        """Return the folder of this model's files within the private files. It is named after the model."""
        return f"{FOLDER}/{cls._meta.label_lower}"

    @property
    def path(self) -> str:
        """The name of the row's file within the private files."""
        return f"{self.get_folder()}/{self.public_id}"


def save_attached_file(row: A, checked: CheckedFile) -> A:
    """Store a checked file and then its new row, whose other fields the caller has set. Return the row.

    If the row cannot be stored, the file is deleted again. If the transaction is rolled back later, the sweep deletes
    it. Raises TemporarilyUnavailable while there is no space, or no bucket.
    """
    digest, size = hashlib.sha256(), 0
    with open_private_file_for_writing(row.path) as file:
        while chunk := checked.file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            file.write(chunk)
    row.name, row.content_type, row.size, row.sha256 = checked.name, checked.content_type, size, digest.hexdigest()
    try:
        row.save(force_insert=True)
    except BaseException:
        with suppress(TemporarilyUnavailable):
            delete_private_file(row.path)
        raise
    return row


def find_same_file(rows: models.QuerySet[A], checked: CheckedFile) -> A | None:
    """Return that of the rows which is the checked file, uploaded before: its name and its bytes are the same."""
    digest = hashlib.file_digest(checked.file, "sha256").hexdigest()  # type: ignore[arg-type]
    checked.file.seek(0)
    return rows.filter(name=checked.name, sha256=digest).order_by("pk").first()


def open_attached_file(row: AttachedFile) -> IO[bytes]:
    """Open the file of a row for reading bytes. Raises FileNotFoundError if it is lost."""
    return open_private_file_for_reading(row.path)


def serve_attached_file(row: AttachedFile, *, inline: bool = False) -> FileResponse:
    """Return a response with the file of a row, which the caller has checked that the reader may have.

    Browsers save it under its name. With `inline` they show a picture in a page; never anything else, which could act
    there. Raises NoLongerExists("file_lost") if there is a row and no file, as after a restore without the files.
    """
    try:
        response = build_private_file_response(row.path, row.content_type)
    except FileNotFoundError:
        raise NoLongerExists("file_lost", _("This file is no longer available.")) from None
    add_download_headers(response, row.name, inline=inline and row.content_type in IMAGE_TYPES.values())
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def delete_orphaned_files(model: type[AttachedFile]) -> int:
    """Delete the files of a model that have had no row for a day, and return how many were deleted.

    They are left over from transactions that were rolled back, processes that were killed, and rows that went while
    the bucket was away. Raises AssertionError in a process that does not see every row.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_security_active(%s)", [model._meta.db_table])
        assert not cursor.fetchone()[0], "files of rows that are hidden would look orphaned"
    rows: models.QuerySet[Any] = model._base_manager.only("public_id")
    return delete_unneeded_files(_list_attached_files(model), rows, lambda _row, _file: True)


def _list_attached_files(model: type[AttachedFile]) -> Iterator[tuple[str, StoredFile]]:
    """Yield the public id and the file of everything stored for a model. Files with other names are left out."""
    for file in list_private_files(model.get_folder()):
        with suppress(ValueError):
            yield str(UUID(file.name)), file


@receiver(class_prepared)
def _delete_files_with_rows(sender: type[models.Model], **_arguments: Any) -> None:
    """Listen to the deletion of rows of every model on AttachedFile. Other models keep their fast deletion."""
    if issubclass(sender, AttachedFile):
        post_delete.connect(_delete_file_of_row, sender=sender, dispatch_uid=f"file of {sender._meta.label}")


def _delete_file_of_row(instance: AttachedFile, using: str, **_arguments: Any) -> None:
    path = instance.path

    def delete_file() -> None:  # no partial: Django would not know how to name it in the log, and fail
        delete_private_file(path)

    transaction.on_commit(delete_file, using=using, robust=True)
