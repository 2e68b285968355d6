"""Idempotency keys: a POST of the API that is sent again is answered as the first time, and not done again.

A client that got no response cannot know whether its request was done. If it named the request in the header
`Idempotency-Key`, it sends it again with the same key. The request is stored, with its response, in the transaction
that does it: what failed leaves no row and is done anew, and of two at once the second waits for the first at the
unique key. An app above this module stores the rows, and registers how (`register_idempotency_store`).
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from hashlib import sha256
from typing import Any, Protocol

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ContradictoryInput, InvalidInput

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"  # the header of a response that is sent again
KEY = re.compile(r"[!-~]{1,120}")
STORED_HEADERS = ("Location", "ETag")
IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="A name for this request. Sent again with the same key within 24 hours, it is not done again: the "
    f"answer is the first one, with the header `{REPLAYED}`.",
)


@dataclass(frozen=True)
class StoredResponse:
    """The response to a request: its status, its JSON as text, and those of its headers that STORED_HEADERS names."""

    status: int
    text: str
    headers: dict[str, str] = field(default_factory=dict)


class IdempotencyStore(Protocol):
    """The interface of what stores requests with an idempotency key, each for the person who sent it."""

    def begin_request(self, actor: Actor, key: str, digest: str) -> StoredResponse | int:
        """Store a request and return its primary key, or return the response if the request was done already.

        `digest` is a hash of the request's content. Raises ContradictoryInput("key_reused") if the actor used the key
        for a request with another content.
        """

    def store_response(self, request_pk: int, response: StoredResponse | None) -> None:
        """Store the response to a begun request, or delete the request if its response cannot be sent again."""


_store: list[IdempotencyStore] = []


def register_idempotency_store(store: IdempotencyStore) -> None:
    """Set what stores requests and their responses. The last store that is registered counts."""
    _store[:] = [store]


def read_idempotency_key(request: Request) -> str | None:
    """Return the idempotency key of a request, or None without the header. Raises InvalidInput for a malformed one."""
    key: str | None = request.headers.get(HEADER)
    if key is not None and not KEY.fullmatch(key):
        raise InvalidInput("invalid_key", _("The Idempotency-Key must be 1 to 120 visible ASCII characters long."))
    return key


def make_reused_key_error() -> ContradictoryInput:
    """Return the error, for the caller to raise, of a key that was used for another request."""
    return ContradictoryInput(
        "key_reused", _("This Idempotency-Key has already been used for a request with different content.")
    )


def make_post_idempotent(post: Callable[..., Any]) -> Callable[..., Any]:
    """Return the `post` method of an API view, made idempotent for requests that carry a key."""

    @wraps(post)
    def post_once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
        key = read_idempotency_key(request)
        if key is None:
            return post(view, request, *args, **kwargs)
        begun = _store[0].begin_request(view.actor, key, _hash_content(request))
        if isinstance(begun, StoredResponse):
            return _build_replayed_response(begun)
        response = post(view, request, *args, **kwargs)
        _store[0].store_response(begun, _make_stored_response(response))
        return response

    return post_once


def _hash_content(request: Request) -> str:
    """Return a hash of the request's URL and content, whatever the order of the names in it.

    Of a file that is sent as part of a form its bytes count, and not its name.
    """
    data = dict(request.data.lists()) if isinstance(request.data, QueryDict) else request.data
    content = [request.get_full_path(), data]
    return sha256(json.dumps(content, sort_keys=True, default=_hash_file).encode()).hexdigest()


def _hash_file(file: Any) -> str:
    """Return a hash of an uploaded file's bytes, and go back to its start. Raises TypeError for anything else."""
    if not isinstance(file, UploadedFile):
        raise TypeError(f"{type(file).__name__} is not JSON")
    digest = sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def _make_stored_response(response: Any) -> StoredResponse | None:
    """Return a response as it is stored, or None for a file, which is made anew for whoever asks again."""
    if not isinstance(response, Response):
        return None
    headers = {name: response[name] for name in STORED_HEADERS if response.has_header(name)}
    return StoredResponse(response.status_code, JSONRenderer().render(response.data).decode(), headers)


def _build_replayed_response(stored: StoredResponse) -> Response:
    data = json.loads(stored.text) if stored.text else None
    return Response(data, status=stored.status, headers={**stored.headers, REPLAYED: "true"})
