"""What the API says of imports, and what it takes to upload and to confirm one."""

from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from imports.actions.results import get_results_deadline
from imports.models import Import
from partnerportal.lib.api_input import StrictSerializer
from partnerportal.lib.api_output import UTCDateTimeField

IMPORT = {
    "id": "0d0c1f1e-6b1f-4a53-8f3c-0f6f0a7f2f6e",
    "kind": "audience",
    "target": "b3a1f0aa-3f4e-4c0e-9d57-6a7f6f0d1a11",
    "state": "checked",
    "mode": "",
    "rows": 3,
    "rows_done": 3,
    "checked": {"new": 2, "unknown": 1},
    "applied": {},
    "remarks": {},
    "error": "",
    "problem": "",
    "requested_at": "2026-11-27T09:30:00Z",
    "results_url": "/api/v1/imports/0d0c1f1e-6b1f-4a53-8f3c-0f6f0a7f2f6e/results/",
    "results_until": "2026-12-04T09:30:02Z",
}


@extend_schema_serializer(examples=[OpenApiExample("import", value=IMPORT, response_only=True)])
class ImportSerializer(serializers.Serializer[Import]):
    id = serializers.UUIDField(source="public_id")
    kind = serializers.CharField()
    target = serializers.UUIDField(source="target_id", allow_null=True, help_text="What it is imported into.")
    state = serializers.ChoiceField(
        choices=Import.State.choices, help_text="`checked`: the dry run is done, and `apply` may be called."
    )
    mode = serializers.CharField(help_text="Empty until it is confirmed.")
    rows = serializers.IntegerField(source="rows_total", help_text="Of the file; 0 until they are counted.")
    rows_done = serializers.IntegerField(help_text="Of the present run.")
    checked = serializers.DictField(
        child=serializers.IntegerField(), help_text="How many rows would have which outcome, by the dry run."
    )
    applied = serializers.DictField(child=serializers.IntegerField(), help_text="How many rows had which outcome.")
    remarks = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), help_text="Sentences about the whole file, by mode."
    )
    error = serializers.CharField(help_text="Why it failed, or why it is tried again, as a code.")
    problem = serializers.CharField(help_text="Why it failed, as a sentence.")
    requested_at = UTCDateTimeField(source="asked_at")
    results_url = serializers.SerializerMethodField(help_text="Null unless the results can be fetched.")
    results_until = serializers.SerializerMethodField(help_text="Until when; null without results.")

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_results_url(self, source: Import) -> str | None:
        return reverse("api:import_results", args=[source.public_id]) if get_results_deadline(source) else None

    @extend_schema_field(UTCDateTimeField(allow_null=True))
    def get_results_until(self, source: Import) -> str | None:
        until = get_results_deadline(source)
        return UTCDateTimeField().to_representation(until) if until else None


class UploadImportSerializer(StrictSerializer):
    kind = serializers.CharField(max_length=20, help_text="The code of the kind of import.")
    target = serializers.UUIDField(default=None, help_text="For kinds that are imported into something.")
    file = serializers.FileField(allow_empty_file=True, help_text="CSV in UTF-8.")


class ApplyImportSerializer(StrictSerializer):
    mode = serializers.CharField(max_length=20, help_text="One of the modes of its kind, such as `merge`.")
