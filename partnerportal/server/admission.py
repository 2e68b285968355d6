"""Who may send a file: asked before it is taken in, for a stranger could fill the disk with files of 256 MB."""

from functools import partial
from typing import Any

from django.db import DatabaseError, close_old_connections
from django.http import HttpRequest
from rest_framework.exceptions import AuthenticationFailed

from entitlements.api.authentication import IngestBearer


class Admission:
    """A task: looks at the token of the upload whose headers a channel has read, and tells the channel."""

    def __init__(self, channel: Any) -> None:
        self.channel, self.request = channel, channel.request

    def service(self) -> None:
        """Ask, in a thread; the loop hears of it by the server's trigger."""
        is_known = True  # should the database be away, the application says so better
        close_old_connections()
        try:
            is_known = is_known_sender(self.request.headers.get("AUTHORIZATION", ""))
        except DatabaseError:
            pass
        finally:
            close_old_connections()
            self.channel.server.trigger.pull_trigger(partial(self.channel.admit, self.request, is_known))

    def cancel(self) -> None:
        """The process leaves; the channel is closed with it."""


def is_known_sender(authorization: str) -> bool:
    """Return whether the header holds a token that the upload itself will be let in with."""
    asked: Any = HttpRequest()
    asked.META["HTTP_AUTHORIZATION"] = authorization
    try:
        return IngestBearer().authenticate(asked) is not None
    except AuthenticationFailed:
        return False
