"""Authentication of machines that call the API with a token. REST framework needs it in a module of its own.

A view for machines has `has_session = False` (`lib.api`), and opens its transactions by `open_token_transaction`. So
none is open while a body is stored, and the token's row is locked for a moment at most: one token serves many requests
at once.
"""

from contextlib import AbstractContextManager
from typing import Any, ClassVar

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from partnerportal.lib import tenancy
from partnerportal.lib.authentication import set_request_actor
from partnerportal.lib.tokens import Token, digest_secret, has_token_shape, record_token_use

SCHEME = "bearer"


def open_token_transaction(token: Token) -> AbstractContextManager[None]:
    """Return a context manager: a transaction in which row-level security shows only what belongs to the token.

    It acts for no organisation.
    """
    return tenancy.tenant_transaction(secret=token.digest)


class BearerAuthentication(BaseAuthentication):
    """Authentication of API calls by a token in the header `Authorization: Bearer …`.

    A subclass sets `model`, the kind of token. The token becomes `request.auth`, and the machine it was issued to
    becomes `request.actor`.
    """

    model: ClassVar[type[Token]]

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Token] | None:
        """Return an anonymous Django user and the token, or None if the header has no bearer token.

        None lets other authentication classes try. Raises AuthenticationFailed for an unknown or revoked token.
        """
        scheme, _blank, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME:
            return None
        digest = digest_secret(secret.strip()) if has_token_shape(secret.strip()) else ""
        with tenancy.tenant_transaction(secret=digest):
            token = self.model._default_manager.filter(digest=digest, revoked_at=None).first()
            if token:
                record_token_use(token)
        if token is None:
            raise AuthenticationFailed(_("This token is unknown or has been revoked."))
        set_request_actor(request._request, token)
        return AnonymousUser(), token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def build_bearer_security_scheme(description: str) -> dict[str, Any]:
    """Return the OpenAPI security scheme of bearer tokens, as a dict with this description."""
    return {"type": "http", "scheme": SCHEME, "description": description}
