"""Endpoints by which the vendor's systems send files of facts. A worker reads the files (docs/feed.md)."""

from collections.abc import Mapping
from typing import IO, Any, cast
from uuid import UUID

from django.conf import settings
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import APIException, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from entitlements.ingest.authentication import HasIngestToken, IngestTokenAuthentication
from entitlements.ingest.queries import find_ingest_upload
from entitlements.ingest.uploads import receive_upload
from entitlements.models import IngestToken, IngestUpload
from partnerportal.lib import idempotency
from partnerportal.lib.api import PortalAPIView
from partnerportal.lib.api_input import BodyTooLarge
from partnerportal.lib.api_output import UTCDateTimeField
from partnerportal.lib.api_tokens import open_token_transaction
from partnerportal.lib.errors import InvalidInput

KEY_MEANING = """Names this upload: 1 to 120 visible ASCII characters. The same key with the same bytes gets the same
answer."""
BODY = {"application/x-ndjson": OpenApiTypes.BINARY}


class LengthRequired(APIException):
    """Raised for a request without Content-Length, which does not say how many bytes it sends. Answered by 411."""

    status_code = 411
    default_code = "length_required"


class NDJSONParser(BaseParser):
    """A parser of newline-delimited JSON that leaves the body unread: the view copies it to the disk piece by piece."""

    media_type = "application/x-ndjson"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        return stream


class FeedLineProblemSerializer(serializers.Serializer[Any]):
    line = serializers.IntegerField(help_text="From 1.")
    code = serializers.CharField(help_text="Stable; docs/feed.md lists them.")
    message = serializers.CharField()
    field = serializers.CharField(help_text="A path such as `lines.2.sku`, or empty.")


class UploadReceiptSerializer(serializers.Serializer[IngestUpload]):
    """The receipt of an upload, which stays the same however often the upload is sent again."""

    id = serializers.UUIDField(source="public_id")
    kind = serializers.ChoiceField(choices=IngestUpload.Kind.choices)
    size = serializers.IntegerField(help_text="Bytes, as sent.")
    received_at = UTCDateTimeField()
    status_url = serializers.SerializerMethodField(help_text="Where to ask how far it is.")

    @extend_schema_field(OpenApiTypes.URI_REF)
    def get_status_url(self, upload: IngestUpload) -> str:
        return reverse("api:ingest_upload", args=[upload.public_id])


class UploadSerializer(serializers.Serializer[IngestUpload]):
    id = serializers.UUIDField(source="public_id")
    kind = serializers.ChoiceField(choices=IngestUpload.Kind.choices)
    state = serializers.ChoiceField(
        choices=IngestUpload.State.choices, help_text="`done`: the good lines are stored. `failed`: see `error`."
    )
    size = serializers.IntegerField(help_text="Bytes, as sent.")
    read = serializers.IntegerField(help_text="Of them.")
    lines = serializers.IntegerField(help_text="Lines worked off.")
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="Lines by what became of them.")
    problems = FeedLineProblemSerializer(many=True, help_text="The first hundred.")
    error = serializers.CharField(help_text="Why it failed: a code, or empty.")
    received_at = UTCDateTimeField()
    finished_at = UTCDateTimeField(allow_null=True)


class IngestBaseView(PortalAPIView):
    """Base of the endpoints for the vendor's systems. The actor is an ingest token, not an organisation or a person."""

    model = IngestUpload
    authentication_classes = (IngestTokenAuthentication,)
    permission_classes = (HasIngestToken,)
    has_session = False

    @property
    def token(self) -> IngestToken:
        """The ingest token that the request has sent."""
        return cast(IngestToken, self.request.auth)


class IngestUploadsView(IngestBaseView):
    """Upload a file of facts. They may be entitlements, days of use or licences that are held.

    The file is stored, and a worker imports it later. The response has the URL that tells the progress.
    """

    parser_classes = (NDJSONParser,)
    serializer_class = UploadReceiptSerializer
    errors = {
        400: ("key_required", "empty", "incomplete", "not_gzip", "too_slow"),
        403: ("kind_not_allowed",),
        411: ("length_required",),
        413: ("too_large",),
        415: ("unsupported_media_type",),
        422: ("key_reused",),
        429: ("too_many_uploads",),
        503: ("files_unavailable", "no_space"),
    }

    @extend_schema(
        tags=["Ingest"],
        request=BODY,
        responses={202: UploadReceiptSerializer},
        parameters=[
            OpenApiParameter("kind", str, OpenApiParameter.PATH, enum=IngestUpload.Kind.values),
            OpenApiParameter(idempotency.HEADER, str, OpenApiParameter.HEADER, required=True, description=KEY_MEANING),
            OpenApiParameter("Content-Encoding", str, OpenApiParameter.HEADER, enum=["gzip"]),
        ],
    )  # fmt: skip
    def post(self, request: Request, kind: str) -> Response:
        if kind not in IngestUpload.Kind.values:
            raise Http404
        key, packed = _key(request), _is_packed(request)
        length = _length(request)
        stream = cast(IO[bytes], request.data)
        upload = receive_upload(
            token=self.token, kind=kind, idempotency_key=key, stream=stream, length=length, is_gzip=packed
        )
        response = Response(UploadReceiptSerializer(upload).data, status=202)
        response["Location"] = reverse("api:ingest_upload", args=[upload.public_id])
        return response


def _key(request: Request) -> str:
    """Return the key that names the upload. Raises InvalidInput("key_required")."""
    key = request.headers.get(idempotency.HEADER, "")
    if not idempotency.KEY.fullmatch(key):
        raise InvalidInput(
            "key_required", _("Give the upload a name of 1 to 120 visible characters in the Idempotency-Key header.")
        )
    return key


def _is_packed(request: Request) -> bool:
    """Return whether the content is packed by gzip. Raises UnsupportedMediaType for any other encoding."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("gzip", "identity"):
        raise UnsupportedMediaType(encoding[:40], _("Only gzip compression is accepted."))
    return encoding == "gzip"


def _length(request: Request) -> int:
    """Return how many bytes are sent. Raises LengthRequired, BodyTooLarge, and InvalidInput("empty")."""
    if "Content-Length" not in request.headers:
        raise LengthRequired(_("State the size of the content in the Content-Length header."))
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length > settings.INGEST_BYTES:
        raise BodyTooLarge(_("The upload is too large. Split it into smaller ones."))
    if not length:
        raise InvalidInput("empty", _("The request has no content. Send the file as its body."))
    return length


@extend_schema(tags=["Ingest"], responses=UploadSerializer)
class IngestUploadView(IngestBaseView):
    """The progress of an upload: how far it is, and the problems of its lines. For the token that sent it."""

    serializer_class = UploadSerializer

    def get(self, request: Request, upload_id: UUID) -> Response:
        with open_token_transaction(self.token):
            upload = find_ingest_upload(self.token, upload_id)
        if upload is None:
            raise Http404
        return Response(self.get_serializer(upload).data)
