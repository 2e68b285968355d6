"""Authentication: the one place where a request gets its actor, whatever its caller has shown to say who they are."""

from typing import Protocol

from django.http import HttpRequest

from partnerportal.lib import logs
from partnerportal.lib.actors import ANONYMOUS, Actor


class Credential(Protocol):
    """The interface of a checked proof of identity: a person's session or a machine's token."""

    def as_actor(self) -> Actor:
        """Return the actor that owns this credential."""

    def list_log_fields(self) -> dict[str, str]:
        """Return what the access log says about the caller, as field names with values. None of them is secret."""


def set_request_actor(request: HttpRequest, credential: Credential | None) -> Actor:
    """Set `request.actor` to the owner of the credential, or to an anonymous actor without one, and return the actor.

    Nothing else sets `request.actor`, which pages, the API and the feed all read. So permissions, the log and the
    database always see the same actor.
    """
    actor = credential.as_actor() if credential else ANONYMOUS
    request.actor = actor  # type: ignore[attr-defined]
    if credential:
        logs.add_log_fields(**credential.list_log_fields())
    if actor.organization_public_id:
        logs.add_log_fields(organization=actor.organization_public_id)
    return actor
