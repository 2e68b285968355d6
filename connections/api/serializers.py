import re
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from connections.models import Connection, Consent, InvitationLink
from partnerportal.lib.api_input import StrictSerializer
from partnerportal.lib.api_output import ScopeCodesField, UTCDateTimeField

LINK = re.compile(r"(?:(?P<origin>https?://[^/]+)/i/)?(?P<token>[A-Za-z0-9_-]{20,64})/?")


class ConnectionPartySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(allow_null=True, help_text="Null once the connection has ended.")
    name = serializers.CharField(help_text="As it was when the connection was made.")


class ConnectionSerializer(serializers.Serializer[Connection]):
    id = serializers.UUIDField(source="public_id")
    state = serializers.ChoiceField(choices=Connection.State.choices)
    partner = serializers.SerializerMethodField()
    customer = serializers.SerializerMethodField()
    scopes = ScopeCodesField(source="shared_scopes", help_text="What the customer shares; nothing once it has ended.")
    connected_at = UTCDateTimeField()
    ended_at = UTCDateTimeField(allow_null=True)
    ended_by = serializers.SerializerMethodField(help_text="Which side ended it; null while it is active.")

    @extend_schema_field(ConnectionPartySerializer)
    def get_partner(self, connection: Connection) -> dict[str, Any]:
        return {"id": connection.partner_public_id, "name": connection.partner_name}  # type: ignore[attr-defined]

    @extend_schema_field(ConnectionPartySerializer)
    def get_customer(self, connection: Connection) -> dict[str, Any]:
        return {"id": connection.customer_public_id, "name": connection.customer_name}  # type: ignore[attr-defined]

    @extend_schema_field(serializers.ChoiceField(choices=["partner", "customer"], allow_null=True))
    def get_ended_by(self, connection: Connection) -> str | None:
        if connection.ended_by_id is None:
            return None
        return "partner" if connection.ended_by_id == connection.partner_id else "customer"


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "link",
            value={"invitation_link": f"https://portal.example.com/i/{'q7Zr' * 10}abc/", "scopes": ["entitlements"]},
        ),
        OpenApiExample("token", value={"invitation_link": "q7Zr" * 10 + "abc", "scopes": []}),
    ]
)
class AcceptInvitationSerializer(StrictSerializer):
    invitation_link = serializers.CharField(
        max_length=300, help_text="The invitation link as it was received, or only the token at its end."
    )

    scopes = serializers.ListField(
        child=serializers.CharField(max_length=20),
        help_text="What the partner shall see besides the account information, which it always sees: codes of scopes.",
    )

    def validate_invitation_link(self, value: str) -> str:
        """Return the invitation's token from a full invitation link or from a bare token.

        Raises ValidationError("invalid_link") for any other text, including a link to another portal.
        """
        match = LINK.fullmatch(value)
        if match is None or match["origin"] not in (None, settings.PORTAL_ORIGIN):
            raise serializers.ValidationError(_("This is not an invitation link from this portal."), "invalid_link")
        return match["token"]


SHARING = {
    "scopes": ["account", "entitlements"],
    "offered": ["account", "entitlements", "usage", "orders", "notifications"],
    "new": [],
    "history": [{"scopes": ["account", "entitlements"], "at": "2026-11-28T10:15:00Z", "by": "Clara Moreau"}],
}


class SharingConsentSerializer(serializers.Serializer[Consent]):
    scopes = ScopeCodesField(help_text="What was consented to.")
    at = UTCDateTimeField()
    by = serializers.CharField(source="person_label", help_text="The person's name, or the program's.")
    wording = serializers.CharField(help_text="The version of the texts that were read; empty through the API.")
    language = serializers.CharField(help_text="Their language; empty through the API.")


@extend_schema_serializer(examples=[OpenApiExample("sharing", value=SHARING, response_only=True)])
class ConnectionSharingSerializer(serializers.Serializer[Any]):
    scopes = serializers.ListField(child=serializers.CharField(), help_text="What the partner sees now.")
    offered = serializers.ListField(child=serializers.CharField(), help_text="What can be shared.")
    new = serializers.ListField(
        child=serializers.CharField(),
        help_text="What could not be chosen yet when the newest consent was given.",
    )
    history = SharingConsentSerializer(
        many=True, help_text="For the customer alone, newest first; empty for the partner."
    )


@extend_schema_serializer(examples=[OpenApiExample("seats", value={"scopes": ["entitlements", "orders"]})])
class ChangeConnectionSharingSerializer(StrictSerializer):
    scopes = serializers.ListField(
        child=serializers.CharField(max_length=20),
        help_text="What the partner shall see besides the account information, and nothing else: codes of scopes.",
    )


class InvitationLinkSerializer(serializers.Serializer[InvitationLink]):
    url = serializers.SerializerMethodField(help_text="Permanent and reusable; give it to any number of customers.")
    created_at = UTCDateTimeField()
    accepted_count = serializers.SerializerMethodField(help_text="Customers that accepted through it, each once.")

    @extend_schema_field(serializers.URLField())
    def get_url(self, link: InvitationLink) -> str:
        return f"{settings.PORTAL_ORIGIN}{link.page_path}"

    def get_accepted_count(self, link: InvitationLink) -> int:
        return self.context["accepted_count"]
