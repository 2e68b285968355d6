"""The vendor's systems are known by a token of their own, in a module of its own for REST framework."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.permissions import BasePermission

from entitlements.models import IngestToken
from partnerportal.lib.api_tokens import BearerAuthentication, bearer_definition


class IngestBearer(BearerAuthentication):
    """An ingest token."""

    model = IngestToken


class HoldsIngestToken(BasePermission):
    """And nothing else: a session, whoever's it is, may not ingest."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return isinstance(request.auth, IngestToken)


class IngestBearerScheme(OpenApiAuthenticationExtension):
    target_class = "entitlements.ingest.authentication.IngestBearer"
    name = "ingest"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return bearer_definition("A token from `manage.py create_ingest_token`.")
