"""The vendor's systems are known by a token of their own, in a module of its own for REST framework."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from entitlements.models import IngestToken
from entitlements.queries.ingest import living_token
from partnerportal.lib import tenancy
from partnerportal.lib.tokens import digest_of, is_token

SCHEME = "bearer"


class IngestBearer(BaseAuthentication):
    """`Authorization: Bearer` with an ingest token. It enters no organisation: the policies know the token alone."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, IngestToken] | None:
        scheme, _blank, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME:
            return None
        digest = digest_of(secret.strip()) if is_token(secret.strip()) else ""
        tenancy.enter(organization_id=None, secret=digest)
        token = living_token(digest)
        if token is None:
            raise AuthenticationFailed(_("This token is not known, or it has been revoked."))
        token.last_used_at = timezone.now()
        token.save(update_fields=["last_used_at"])
        return AnonymousUser(), token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class HoldsIngestToken(BasePermission):
    """And nothing else: a session, whoever's it is, may not ingest."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return isinstance(request.auth, IngestToken)


class IngestBearerScheme(OpenApiAuthenticationExtension):
    target_class = "entitlements.api.authentication.IngestBearer"
    name = "ingest"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": SCHEME, "description": "A token from `manage.py create_ingest_token`."}
