"""The check of who may send a file, before it is taken in: a stranger could fill the disk with files of 256 MB.

The vendor's systems are known by a token, people by their session.
"""

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import DatabaseError, close_old_connections
from django.http import HttpRequest, parse_cookie
from rest_framework.exceptions import AuthenticationFailed

from entitlements.ingest.authentication import IngestTokenAuthentication
from partnerportal.lib.sessions import SessionStore
from partnerportal.server.reading import RequestParser


class UploadSenderCheckTask:
    """A task that checks who sends an upload or a large form, before its body is read.

    It tells the upload's channel the result.
    """

    def __init__(self, channel: Any) -> None:
        self.channel, self.request = channel, channel.request

    def service(self) -> None:
        """Check the sender, and have the main loop pass the result to `channel.resume_or_refuse_upload`."""
        is_known = True  # stays so while the database is away, because the application answers that better
        close_old_connections()
        try:
            is_known = is_known_sender(self.request)
        except DatabaseError:
            pass
        finally:
            close_old_connections()
            self.channel.server.trigger.pull_trigger(
                partial(self.channel.resume_or_refuse_upload, self.request, is_known)
            )

    def cancel(self) -> None:
        """Do nothing. It is called when the process leaves, and the channel is closed with it."""


def is_known_sender(request: RequestParser) -> bool:
    """Return whether an upload has a token with which its sender may upload, or a large form a signed-in session."""
    if request.is_upload:
        return is_known_upload_sender(request.headers.get("AUTHORIZATION", ""))
    key = parse_cookie(request.headers.get("COOKIE", "")).get(settings.SESSION_COOKIE_NAME)
    return key is not None and SESSION_KEY in SessionStore.from_cookie(key)


def is_known_upload_sender(authorization_header: str) -> bool:
    """Return whether an `Authorization` header's value holds a token with which its sender may upload."""
    request: Any = HttpRequest()
    request.META["HTTP_AUTHORIZATION"] = authorization_header
    try:
        return IngestTokenAuthentication().authenticate(request) is not None
    except AuthenticationFailed:
        return False
