"""What the API says of exports, and what it takes to ask for one."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from exports.actions import get_download_deadline
from exports.catalogue import LISTS
from exports.models import Export
from partnerportal.lib.api_input import StrictSerializer
from partnerportal.lib.api_output import UTCDateTimeField
from partnerportal.lib.exports.lists import LONGEST


class ExportedCustomerSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()


# A small export is the answer itself: the API lists those that become files.
STATES = [choice for choice in Export.State.choices if choice[0] != Export.State.SENT]
EXPORT = {
    "id": "5f0d3a52-8d0c-4b0e-9a5e-54b8c9a1f3d2",
    "list": "customers",
    "filters": {"country": "DE"},
    "customer": None,
    "state": "running",
    "rows": 20000,
    "rows_written": 8000,
    "size": 0,
    "requested_at": "2026-11-27T09:30:00Z",
    "file_url": None,
    "file_until": None,
}


@extend_schema_serializer(examples=[OpenApiExample("export", value=EXPORT, response_only=True)])
class ExportSerializer(serializers.Serializer[Export]):
    id = serializers.UUIDField(source="public_id")
    list = serializers.CharField()
    filters = serializers.DictField(source="query", help_text="As they were asked for.")
    customer = ExportedCustomerSerializer(allow_null=True, help_text="Whose rows it has; null for a list of all.")
    state = serializers.ChoiceField(choices=STATES, help_text="`gone`: its file is deleted.")
    rows = serializers.IntegerField(help_text="In the whole file; an estimate until it is ready.")
    rows_written = serializers.IntegerField(help_text="So far.")
    size = serializers.IntegerField(help_text="Bytes; 0 until it is ready.")
    requested_at = UTCDateTimeField(source="asked_at")
    file_url = serializers.SerializerMethodField(help_text="Null unless the file can be fetched.")
    file_until = serializers.SerializerMethodField(help_text="Until when it can be fetched; null without a file.")

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_file_url(self, export: Export) -> str | None:
        return reverse("api:export_file", args=[export.public_id]) if get_download_deadline(export) else None

    @extend_schema_field(UTCDateTimeField(allow_null=True))
    def get_file_until(self, export: Export) -> str | None:
        until = get_download_deadline(export)
        return UTCDateTimeField().to_representation(until) if until else None


class RequestExportSerializer(StrictSerializer):
    list = serializers.ChoiceField(choices=sorted(LISTS))
    filters = serializers.DictField(
        child=serializers.CharField(max_length=LONGEST),
        default=dict,
        help_text="The parameters of the list's page, such as `country`, `q` and `sort`. Without any: the whole list.",
    )
    customer = serializers.UUIDField(
        allow_null=True, default=None, help_text="For a list of one customer. Null: the caller's own organisation."
    )
