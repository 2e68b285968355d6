"""The check of who may send a file, before it is taken in: a stranger could fill the disk with files of 256 MB."""

from functools import partial
from typing import Any

from django.db import DatabaseError, close_old_connections
from django.http import HttpRequest
from rest_framework.exceptions import AuthenticationFailed

from entitlements.ingest.authentication import IngestTokenAuthentication


class UploadSenderCheckTask:
    """A task that checks the token of an upload before its body is read.

    It tells the upload's channel the result.
    """

    def __init__(self, channel: Any) -> None:
        self.channel, self.request = channel, channel.request

    def service(self) -> None:
        """Check the token, and have the main loop pass the result to `channel.resume_or_refuse_upload`."""
        is_known = True  # stays so while the database is away, because the application answers that better
        close_old_connections()
        try:
            is_known = is_known_upload_sender(self.request.headers.get("AUTHORIZATION", ""))
        except DatabaseError:
            pass
        finally:
            close_old_connections()
            self.channel.server.trigger.pull_trigger(
                partial(self.channel.resume_or_refuse_upload, self.request, is_known)
            )

    def cancel(self) -> None:
        """Do nothing. It is called when the process leaves, and the channel is closed with it."""


def is_known_upload_sender(authorization_header: str) -> bool:
    """Return whether an `Authorization` header's value holds a token with which its sender may upload."""
    request: Any = HttpRequest()
    request.META["HTTP_AUTHORIZATION"] = authorization_header
    try:
        return IngestTokenAuthentication().authenticate(request) is not None
    except AuthenticationFailed:
        return False
