"""Authentication: the one place where a request gets its actor, whatever its caller has shown to say who they are."""

from typing import Protocol

from django.http import HttpRequest

from partnerportal.lib import logs
from partnerportal.lib.actors import ANONYMOUS, Actor


class Credential(Protocol):
    """The interface of a checked credential of a caller: the session of a person, or the token of a machine."""

    def as_actor(self) -> Actor:
        """Return the actor that the holder of the credential becomes."""

    def log_fields(self) -> dict[str, str]:
        """Return the fields about the caller for the request's line in the access log. None of them is a secret."""


def authenticate(request: HttpRequest, credential: Credential | None) -> Actor:
    """Make the holder of the credential the actor of the request, and return the actor: nobody without a credential.

    Pages, the API and the feed all ask `request.actor`, and nothing else sets it, so that no way in is forgotten where
    permissions, the log or the database ask who acts.
    """
    actor = credential.as_actor() if credential else ANONYMOUS
    request.actor = actor  # type: ignore[attr-defined]
    if credential:
        logs.add_log_fields(**credential.log_fields())
    if actor.organization_public_id:
        logs.add_log_fields(organization=actor.organization_public_id)
    return actor
