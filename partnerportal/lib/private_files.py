"""Files that only the portal hands out: uploads that were sent to it, and exports that were asked for.

`STORAGES["private"]` says where they lie: in a folder, or in a bucket where several machines share the work
(`lib/private_bucket.py`). Names are `folder/name`. Nobody is given an address of the storage: whoever may have a file
gets it from a view, which checks that each time.
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

from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages
from django.db.models import QuerySet
from django.http import FileResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerportal.lib.errors import Unavailable

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # the errors of a full disk
UNFINISHED = ".part"  # what a name ends with while its file is being written
ORPHANED = timedelta(days=1)  # how long a file is kept that no row knows


@dataclass(frozen=True)
class StoredFile:
    """A file that lies in a folder of the storage. `name` has neither the folder nor UNFINISHED in it."""

    name: str
    changed_at: datetime
    delete: Callable[[], None]


class PrivateStorage(Protocol):
    """The interface of a storage of private files. Its methods raise Unavailable while it cannot be reached."""

    def open_for_writing(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Open a file for writing, which is in its place, whole, only when the block has ended without an error."""

    def open_for_reading(self, name: str) -> IO[bytes]:
        """Open a file for reading. Raises FileNotFoundError."""

    def delete(self, name: str) -> None:
        """Delete a file. Does nothing if it is not there."""

    def stored_files(self, folder: str) -> Iterator[StoredFile]:
        """Yield every file of the folder, also unfinished ones."""


@contextmanager
def write_file(name: str) -> Iterator[IO[bytes]]:
    """Open a file for writing. When the block ends the whole file is there; when the block fails, nothing of it is.

    Raises Unavailable("no_space") when the disk is full.
    """
    try:
        with _storage().open_for_writing(name) as file:
            yield file
    except OSError as error:
        if error.errno in NO_SPACE:
            raise Unavailable(
                "no_space", _("There is no space for the file at the moment. Try again later.")
            ) from error
        raise


def read_file(name: str) -> IO[bytes]:
    """Open a file for reading, in bounded memory. Raises FileNotFoundError."""
    return _storage().open_for_reading(name)


def delete_file(name: str) -> None:
    """Delete a file. Does nothing if it is not there."""
    _storage().delete(name)


def list_files(folder: str) -> Iterator[StoredFile]:
    """Yield every file of the folder, also those that a killed process left half-written."""
    return _storage().stored_files(folder)


def sweep_files(
    stored_files: Iterable[tuple[str, StoredFile]], rows: QuerySet[Any], is_needed: Callable[[Any, StoredFile], bool]
) -> int:
    """Delete each file that its row does not need, and after a day each file without a row. Returns how many.

    `stored_files` are pairs of a row's public id and a file. A file without a row is left over from a process that was
    killed, or this database is not the one it belongs to.
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


def answer_with_file(name: str, content_type: str) -> FileResponse:
    """Return an answer that streams the file. Raises FileNotFoundError."""
    return FileResponse(read_file(name), content_type=content_type)


def _storage() -> PrivateStorage:
    return cast(PrivateStorage, storages["private"])


class PrivateFolder(FileSystemStorage):
    """A storage in PRIVATE_ROOT, a folder that web and worker both see. Only the portal's own user may enter it."""

    @property
    def location(self) -> Any:
        return os.path.abspath(settings.PRIVATE_ROOT)

    @contextmanager
    def open_for_writing(self, name: str) -> Iterator[IO[bytes]]:
        """Write the file beside its place, and put it in its place when all of it is on the disk."""
        whole = Path(self.path(name))
        private_folder(os.path.dirname(name))
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

    def stored_files(self, folder: str) -> Iterator[StoredFile]:
        for path in private_folder(folder).iterdir():
            with suppress(FileNotFoundError):  # meanwhile it was put in its place, or deleted
                changed_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                name = path.name.removesuffix(UNFINISHED)
                yield StoredFile(name, changed_at, partial(path.unlink, missing_ok=True))


def private_folder(name: str) -> Path:
    """Return the path of a folder below PRIVATE_ROOT. It is made if need be, for the portal's own user alone."""
    path = Path(settings.PRIVATE_ROOT, name)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
