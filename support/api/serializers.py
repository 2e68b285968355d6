"""What the API reads and says of requests. A request names its organisation, and nobody who acts for it."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from partnerportal.lib.api_input import StrictSerializer
from partnerportal.lib.api_output import AttachedFileSerializer, UTCDateTimeField
from support.actions.files import MOST_FILES
from support.kinds import Findings, describe_prefilled, list_results
from support.models import Request, RequestFile, RequestMessage, Severity
from support.models.request import PHONE_LENGTH, REASON_LENGTH, TEXT_LENGTH, TITLE_LENGTH
from support.rows import describe_overtaken

EXAMPLE: dict[str, Any] = {"kind": "organization.country", "subject": "0b8b3c1e-6d0f-4a57-9d0e-2f6a0a5d7c11"}


class RequestOrganizationSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="public_id")
    org_id = serializers.CharField()
    name = serializers.CharField()


class LabelledTextSerializer(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    text = serializers.CharField()


class ReasonSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()


class OvertakenSerializer(serializers.Serializer[Any]):
    """Why a request was overtaken, and the facts at that moment."""

    reasons = ReasonSerializer(many=True)
    facts = LabelledTextSerializer(many=True)


class PartResultSerializer(serializers.Serializer[Any]):
    """What an approval has done of one part of a request, such as one of its partners."""

    name = serializers.CharField(help_text="As in the facts of the decision.")
    label = serializers.CharField()  # type: ignore[assignment]
    code = serializers.CharField()
    number = serializers.IntegerField(help_text="Of what made it so, such as sales.")
    is_done = serializers.BooleanField(help_text="What was asked for.")


class RequestSerializer(serializers.Serializer[Request]):
    """A request, with what it was prefilled with."""

    id = serializers.UUIDField(source="public_id")
    number = serializers.CharField(help_text="For people, such as R-48209317.")
    kind = serializers.CharField()
    organization = RequestOrganizationSerializer()
    subject = serializers.UUIDField(source="subject_id", help_text="What it is about.")
    subject_label = serializers.CharField()
    prefilled = serializers.SerializerMethodField(help_text="Read-only, in your language.")
    title = serializers.CharField()
    justification = serializers.CharField()
    severity = serializers.ChoiceField(choices=Severity.choices)
    contact_email = serializers.CharField()
    contact_phone = serializers.CharField()
    payload = serializers.JSONField(help_text="The fields of the request’s kind.")
    state = serializers.ChoiceField(choices=Request.State.choices)
    reason = serializers.CharField(help_text="Why it was declined.")
    overtaken_by = serializers.SerializerMethodField(help_text="Of one that was overtaken, in your language.")
    results = serializers.SerializerMethodField(help_text="Of one that was approved, for each part that it names.")
    revision = serializers.IntegerField(help_text="How often it was submitted or answered.")
    created_at = UTCDateTimeField()
    updated_at = UTCDateTimeField()
    submitted_at = UTCDateTimeField(allow_null=True)
    decided_at = UTCDateTimeField(allow_null=True)

    @extend_schema_field(LabelledTextSerializer(many=True))
    def get_prefilled(self, row: Request) -> Any:
        return LabelledTextSerializer(describe_prefilled(row), many=True).data

    @extend_schema_field(OvertakenSerializer(allow_null=True))
    def get_overtaken_by(self, row: Request) -> Any:
        found = describe_overtaken(row)
        return OvertakenSerializer(found).data if found else None

    @extend_schema_field(PartResultSerializer(many=True))
    def get_results(self, row: Request) -> Any:
        return PartResultSerializer(list_results(row), many=True).data


class FactSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    text = serializers.CharField(source="shown")


class FindingsSerializer(serializers.Serializer[Findings]):
    """What a decision rests on now."""

    is_allowed = serializers.BooleanField()
    facts_digest = serializers.CharField(source="digest", help_text="An approval sends it back.")
    facts = FactSerializer(many=True)
    changes = LabelledTextSerializer(many=True, help_text="What an approval changes.")
    reasons = ReasonSerializer(many=True, help_text="Why it is not allowed any more.")


class RequestMessageSerializer(serializers.Serializer[RequestMessage]):
    id = serializers.UUIDField(source="public_id")
    is_by_vendor = serializers.SerializerMethodField(help_text="False: by the organisation that asks.")
    body = serializers.CharField()
    at = UTCDateTimeField()

    def get_is_by_vendor(self, message: RequestMessage) -> bool:
        return bool(message.organization_id != message.request.organization_id)


class RequestFileSerializer(AttachedFileSerializer):
    """A file of a request."""

    message = serializers.UUIDField(
        source="message.public_id",
        default=None,
        allow_null=True,
        help_text="It was sent with. Null: the details.",
    )

    def get_url(self, file: RequestFile) -> str:
        return reverse("api:request_file", args=[file.request.public_id, file.public_id])


class AttachFileSerializer(StrictSerializer):
    file = serializers.FileField(allow_empty_file=True, help_text="A PDF, an office document or a picture.")


@extend_schema_serializer(examples=[OpenApiExample("country", value=EXAMPLE | {"payload": {"country": "FR"}})])
class StartRequestSerializer(StrictSerializer):
    kind = serializers.CharField(max_length=40)
    subject = serializers.UUIDField(help_text="The id of what it is about.")
    payload = serializers.DictField(default=dict, help_text="The fields of the request’s kind.")


class RequestFieldsSerializer(StrictSerializer):
    """The fields of a request. What is left out stays as it is."""

    title = serializers.CharField(max_length=TITLE_LENGTH, allow_blank=True, required=False)
    justification = serializers.CharField(max_length=TEXT_LENGTH, allow_blank=True, required=False)
    severity = serializers.ChoiceField(choices=Severity.choices, required=False)
    contact_email = serializers.EmailField(max_length=254, allow_blank=True, required=False)
    contact_phone = serializers.CharField(max_length=PHONE_LENGTH, allow_blank=True, required=False)
    payload = serializers.DictField(required=False, help_text="The fields of the request’s kind.")


class AnswerRequestSerializer(RequestFieldsSerializer):
    message = serializers.CharField(max_length=TEXT_LENGTH, allow_blank=True, default="")


class WriteMessageSerializer(StrictSerializer):
    message = serializers.CharField(max_length=TEXT_LENGTH)


class AttachmentsSerializer(StrictSerializer):
    attachments = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True), max_length=MOST_FILES, default=list, help_text="To attach."
    )


class AnswerWithFilesSerializer(AttachmentsSerializer, AnswerRequestSerializer):
    """An answer as a form, which may bring files. The fields of the request’s kind stay as they are."""

    payload = None  # type: ignore[assignment]


class MessageWithFilesSerializer(AttachmentsSerializer, WriteMessageSerializer):
    """A message as a form, which may bring files."""


class DeclineRequestSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=REASON_LENGTH, help_text="For the organisation that asks.")
    revision = serializers.IntegerField(help_text="That was read.")


class ApproveRequestSerializer(StrictSerializer):
    facts_digest = serializers.CharField(max_length=64, help_text="Of `findings/`.")
    revision = serializers.IntegerField(help_text="That was read.")
    facts_seen = serializers.DictField(
        child=serializers.CharField(),
        default=dict,
        help_text="The value of each fact by name: the error then says only which are not as they were.",
    )
