"""Private files in an S3-compatible bucket.

The module is imported only where PRIVATE_BUCKET is set, because its libraries are large.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, Any, NoReturn

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection
from django.core.files import File
from django.utils.translation import gettext_lazy as _
from storages.backends.s3 import S3Storage

from partnerportal.lib.breaker import CircuitBreaker, ServiceUnavailable
from partnerportal.lib.errors import TemporarilyUnavailable
from partnerportal.lib.private_files import StoredFile, ensure_private_folder

AWAY = _("File storage is not available at the moment. Try again in a few minutes.")
CLIENT = Config(
    connect_timeout=2,  # seconds; a page may have to wait for it
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 2},
    request_checksum_calculation="when_required",  # servers other than Amazon's refuse the newer checksums
    response_checksum_validation="when_required",
)


def _is_bucket_failure(error: BaseException) -> bool:
    """Return whether nobody answers. That there is no such file, or no room, is an answer of the bucket."""
    return isinstance(error, (NoConnection, HTTPClientError))


# It runs calls in the caller's own thread: the client has time limits itself, and each thread has a client of its own.
BUCKET = CircuitBreaker("The bucket", is_failure=_is_bucket_failure)


@contextmanager
def _bucket_errors() -> Iterator[None]:
    try:
        with BUCKET.guard_calls():
            yield
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404"):  # 404 is the answer to HEAD, which has no body
            raise FileNotFoundError(str(error)) from None
        raise TemporarilyUnavailable("files_unavailable", AWAY) from error
    except (ServiceUnavailable, BotoCoreError, Boto3Error) as error:
        raise TemporarilyUnavailable("files_unavailable", AWAY) from error


class PrivateS3Storage(S3Storage):
    """A storage of private files in an S3 bucket, below a prefix that belongs to this installation alone.

    Each file passes through a temporary file in PRIVATE_ROOT. So a slow reader or writer keeps no connection to the
    bucket open, memory stays bounded, and the bucket never holds half a file.
    """

    def __init__(self, **options: Any) -> None:
        alone = TransferConfig(use_threads=False)  # one thread holds no more than one part of eight megabytes
        super().__init__(client_config=CLIENT, transfer_config=alone, **options)

    @contextmanager
    def open_for_writing(self, name: str) -> Iterator[IO[bytes]]:
        with _nameless() as file:
            yield file
            file.seek(0)
            with _bucket_errors():
                self.save(name, File(file, name))

    def open_for_reading(self, name: str) -> IO[bytes]:
        file = _nameless()
        try:
            with _bucket_errors():
                self.bucket.Object(self._normalize_name(name)).download_fileobj(file, Config=self.transfer_config)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

    def delete(self, name: str) -> None:
        with _bucket_errors():
            super().delete(name)

    def list_stored_files(self, folder: str) -> Iterator[StoredFile]:
        """Yield the files of the folder, with the leftovers of processes that were killed while sending one."""
        prefix = self._normalize_name(folder) + "/"
        with _bucket_errors():
            whole = list(self.bucket.objects.filter(Prefix=prefix))
            unfinished = list(self.bucket.multipart_uploads.filter(Prefix=prefix))
        for entry in whole:
            yield StoredFile(entry.key.removeprefix(prefix), entry.last_modified, partial(_call, entry.delete))
        for part in unfinished:
            yield StoredFile(part.object_key.removeprefix(prefix), part.initiated, partial(_call, part.abort))

    def url(self, *_arguments: Any, **_options: Any) -> NoReturn:
        raise NotImplementedError("A private file has no URL: the portal itself hands it out")


def _nameless() -> Any:
    return tempfile.TemporaryFile(dir=ensure_private_folder("passing"))


def _call(delete: Any) -> None:
    with _bucket_errors():
        delete()
