from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from notifications import registry
from notifications.models import Notice
from partnerportal.lib.api_output import UTCDateTimeField


class NoticeCustomerSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class NoticeSerializer(serializers.Serializer[Notice]):
    """A notice to the acting organisation. `subject` and `body` are in the reader's language."""

    id = serializers.UUIDField(source="public_id")
    kind = serializers.CharField(help_text="Stable; new kinds may appear.")
    at = UTCDateTimeField()
    subject = serializers.SerializerMethodField()
    body = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField(help_text="The page it leads to, if there is one.")
    customer = serializers.SerializerMethodField(help_text="Whose news it is; null for the acting organisation's own.")
    is_unread = serializers.BooleanField(help_text="Not yet opened by the caller.")
    dismissed_at = UTCDateTimeField(allow_null=True)

    def get_subject(self, notice: Notice) -> str:
        return registry.get_notice_kinds()[notice.kind].get_subject(notice)

    def get_body(self, notice: Notice) -> str:
        return registry.get_notice_kinds()[notice.kind].get_body(notice)

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_url(self, notice: Notice) -> str | None:
        path = registry.get_notice_kinds()[notice.kind].get_link_path(notice)
        return f"{settings.PORTAL_ORIGIN}{path}" if path else None

    @extend_schema_field(NoticeCustomerSerializer(allow_null=True))
    def get_customer(self, notice: Notice) -> dict[str, Any] | None:
        if notice.about_id is None:
            return None
        return {"id": notice.about_public_id, "name": notice.about_label}
