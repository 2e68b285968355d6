"""Authentication of the vendor's systems by ingest tokens. REST framework imports this module by its name."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.permissions import BasePermission

from entitlements.models import IngestToken
from partnerportal.lib.api_tokens import BearerAuthentication, build_bearer_security_scheme


class IngestTokenAuthentication(BearerAuthentication):
    """The authentication of the vendor's systems, by an ingest token in `Authorization: Bearer`."""

    model = IngestToken


class HasIngestToken(BasePermission):
    """The permission that a request has if it shows an ingest token. A signed-in person never has it."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return isinstance(request.auth, IngestToken)


class IngestTokenAuthenticationScheme(OpenApiAuthenticationExtension):
    """The description of authentication by ingest token, for the API's schema."""

    target_class = "entitlements.ingest.authentication.IngestTokenAuthentication"
    name = "ingest"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return build_bearer_security_scheme("A token from `manage.py create_ingest_token`.")
