"""Files that only the portal hands out: uploads that were sent to it, exports, and what people attach.

`STORAGES["private"]` says where they lie: in a folder, or in a bucket where several machines share the work
(`lib/private_bucket.py`). Names are `folder/name`; a folder may stand in another. Nobody is given a URL of the
storage: whoever may have a file gets it from a view, which checks that each time.
"""

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import IO, Any, Protocol, cast
from uuid import UUID

from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages
from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.days import today
from partnerportal.lib.errors import TemporarilyUnavailable

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # the errors of a full disk
UNFINISHED = ".part"  # what a name ends with while its file is being written
CSV = "text/csv; charset=utf-8"
ORPHANED = timedelta(days=1)  # how long a file is kept that no row knows


@dataclass(frozen=True)
class StoredFile:
    """A file in a folder of the private storage, with the moment of its last change and a function that deletes it.

    `name` is without the folder, and for a half-written file without the ending UNFINISHED.
    """

    name: str
    changed_at: datetime
    delete: Callable[[], None]


class PrivateStorage(Protocol):
    """The interface that every storage of private files has: a folder on disk or a bucket.

    Its methods raise TemporarilyUnavailable while the storage cannot be reached.
    """

    def open_for_writing(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Return a context manager that gives a binary file to write to.

        The file gets its name, whole, only when the block ends without an error.
        """

    def open_for_reading(self, name: str) -> IO[bytes]:
        """Return the file, open for reading bytes. Raises FileNotFoundError."""

    def delete(self, name: str) -> None:
        """Delete the file of this name, if there is one."""

    def list_stored_files(self, folder: str) -> Iterator[StoredFile]:
        """Yield a StoredFile for every file of the folder, finished or not."""


@contextmanager
def open_private_file_for_writing(name: str) -> Iterator[IO[bytes]]:
    """Open a private file for writing bytes, as a context manager.

    When the block ends, the whole file is there; when it fails, nothing is. Raises TemporarilyUnavailable("no_space")
    when the disk is full.
    """
    try:
        with _storage().open_for_writing(name) as file:
            yield file
    except OSError as error:
        if error.errno in NO_SPACE:
            raise TemporarilyUnavailable(
                "no_space", _("There is no space for the file at the moment. Try again later.")
            ) from error
        raise


def open_private_file_for_reading(name: str) -> IO[bytes]:
    """Open a private file for reading bytes, without holding it in memory. Raises FileNotFoundError."""
    return _storage().open_for_reading(name)


def delete_private_file(name: str) -> None:
    """Delete the private file of this name, if there is one."""
    _storage().delete(name)


def list_private_files(folder: str) -> Iterator[StoredFile]:
    """Yield a StoredFile for every private file of the folder, also those that a killed process left half-written."""
    return _storage().list_stored_files(folder)


def list_files_by_public_id(folder: str) -> Iterator[tuple[str, str, StoredFile]]:
    """Yield each private file of a folder whose files are named after database rows: `<public id>.<rest>`.

    Each comes as a tuple: the public id, the rest of the name, and the file. Files with other names are left out.
    """
    for file in list_private_files(folder):
        public_id, dot, rest = file.name.partition(".")
        with suppress(ValueError):
            if dot and UUID(public_id):
                yield public_id, rest, file


def delete_unneeded_files(
    stored_files: Iterable[tuple[str, StoredFile]], rows: QuerySet[Any], is_needed: Callable[[Any, StoredFile], bool]
) -> int:
    """Delete the private files that are no longer needed, and return how many were deleted.

    `stored_files` are pairs of a public id and the file that belongs to the database row with that id. `rows` is where
    the row is looked up, and `is_needed(row, file)` says whether the file is kept. A file whose row does not exist is
    deleted only when it is a day old: it may be left over from a killed process, or belong to another database.
    """
    stored = list(stored_files)  # files are listed first, so that one made meanwhile does not look orphaned
    found = rows.filter(public_id__in={public_id for public_id, _file in stored})
    known = {str(row.public_id): row for row in found}
    before = timezone.now() - ORPHANED
    deleted = 0
    for public_id, file in stored:
        row = known.get(public_id)
        is_dead = not is_needed(row, file) if row else file.changed_at < before
        if is_dead:
            file.delete()
            deleted += 1
    return deleted


def build_private_file_response(name: str, content_type: str) -> FileResponse:
    """Return a response that streams the private file to the browser. Raises FileNotFoundError."""
    return FileResponse(open_private_file_for_reading(name), content_type=content_type)


def add_download_headers(response: HttpResponseBase, file_name: str, *, inline: bool = False) -> None:
    """Add headers to a response so that browsers save it as a file of this name, or show it if `inline` is true.

    The headers also forbid to keep a copy in any cache, and to take the file for something else than its content type.
    """
    response["Content-Disposition"] = content_disposition_header(not inline, file_name) or "attachment"
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"


def add_csv_download_headers(response: Any, name: str) -> HttpResponse:
    """Add headers to a response so that browsers save it as a CSV file; return the response.

    The file is called `name` and today's date.
    """
    add_download_headers(response, f"{name.replace('_', '-')}-{today().isoformat()}.csv")
    download: HttpResponse = response
    return download


def _storage() -> PrivateStorage:
    return cast(PrivateStorage, storages["private"])


class PrivateFolderStorage(FileSystemStorage):
    """A storage of private files in the folder PRIVATE_ROOT, which web and worker processes share.

    Only the portal's own system user may enter the folder.
    """

    @property
    def location(self) -> Any:
        return os.path.abspath(settings.PRIVATE_ROOT)

    @contextmanager
    def open_for_writing(self, name: str) -> Iterator[IO[bytes]]:
        """Write to a temporary file, and give it the file's name when all of it is on the disk."""
        whole = Path(self.path(name))
        ensure_private_folder(os.path.dirname(name))
        part = whole.with_name(whole.name + UNFINISHED)
        try:
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, whole)
        finally:
            part.unlink(missing_ok=True)

    def open_for_reading(self, name: str) -> IO[bytes]:
        return open(self.path(name), "rb")

    def list_stored_files(self, folder: str) -> Iterator[StoredFile]:
        for path in ensure_private_folder(folder).iterdir():
            with suppress(FileNotFoundError):  # meanwhile it was put in its place, or deleted
                changed_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                name = path.name.removesuffix(UNFINISHED)
                yield StoredFile(name, changed_at, partial(path.unlink, missing_ok=True))


def ensure_private_folder(name: str) -> Path:
    """Return the path of the folder below PRIVATE_ROOT, and create the folder if it is missing.

    Only the portal's own system user may enter it.
    """
    path = Path(settings.PRIVATE_ROOT)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for part in Path(name).parts:  # one by one, because `parents` would leave those above open to everybody
        path /= part
        path.mkdir(mode=0o700, exist_ok=True)
    return path
