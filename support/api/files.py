"""Endpoints of the files of requests: who sees a request sees them, and whoever asks attaches some to its draft."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import FileResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request as APIRequest
from rest_framework.response import Response

from partnerportal.lib.api import UnpaginatedListView
from partnerportal.lib.api_conditions import IF_MATCH, parse_revision, set_etag
from partnerportal.lib.attached_files import serve_attached_file
from partnerportal.lib.uploaded_files import DOCUMENT_TYPES, IMAGE_TYPES
from partnerportal.lib.visible_rows import get_by_public_id
from support.actions.files import attach_files, remove_file
from support.api.serializers import AttachFileSerializer, RequestFileSerializer
from support.api.views import FILE_ERRORS, FORM, TAGS, RequestBaseView
from support.models import RequestFile
from support.queries import get_request_file, list_request_files, list_requests

TYPES = (*DOCUMENT_TYPES.values(), *IMAGE_TYPES.values())


@extend_schema(tags=TAGS)
class RequestFilesView(RequestBaseView, UnpaginatedListView):
    """The files of a request and of its messages, oldest first."""

    serializer_class = RequestFileSerializer
    parser_classes = (MultiPartParser,)
    errors = FILE_ERRORS | {403: ("wrong_role",), 409: ("state_changed", *FILE_ERRORS[409])}

    def get_queryset(self) -> QuerySet[Any]:
        if self.is_generating_schema:
            return RequestFile.objects.visible_to(self.actor)
        row = get_by_public_id(list_requests(self.actor), self.kwargs["request_id"])
        return list_request_files(self.actor, row).select_related("request", "message")

    @extend_schema(request={FORM: AttachFileSerializer}, responses={201: RequestFileSerializer})
    def post(self, request: APIRequest, request_id: UUID) -> Response:
        """Attach a file to a draft; later ones come with an answer or a message. The `ETag` is that of the draft."""
        row = get_by_public_id(list_requests(self.actor), request_id)
        body = AttachFileSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        (file,) = attach_files(actor=self.actor, request=row, files=[body.validated_data["file"]], field="file")
        location = reverse("api:request_file", args=[row.public_id, file.public_id])
        answer = Response(RequestFileSerializer(file).data, status=201, headers={"Location": location})
        return set_etag(answer, str(file.request.version))


@extend_schema(tags=TAGS)
class RequestFileView(RequestBaseView):
    """A file of a request: who sees the request saves it, and whoever asks takes it off a draft."""

    errors = {
        403: ("wrong_role",),
        409: ("state_changed",),
        410: ("file_lost",),
        412: ("changed_meanwhile",),
        428: ("if_match_required",),
        503: ("files_unavailable",),
    }
    serializer_class = RequestFileSerializer

    def perform_content_negotiation(self, request: APIRequest, force: bool = False) -> tuple[Any, str]:
        """Accept any Accept header, because a client that expects a file could not read an error otherwise."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(responses={(200, kind): OpenApiTypes.BINARY for kind in TYPES})
    def get(self, request: APIRequest, request_id: UUID, file_id: UUID) -> FileResponse:
        """Save a file. Its content type is that of the file."""
        return serve_attached_file(get_request_file(self.actor, self.get_request(request_id), file_id))

    @extend_schema(parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: APIRequest, request_id: UUID, file_id: UUID) -> Response:
        """Take the file off a draft. It is deleted. The `ETag` of the answer is that of the draft without it."""
        row = self.get_request(request_id)
        file = get_request_file(self.actor, row, file_id)
        changed = remove_file(actor=self.actor, request=row, file=file, version=parse_revision(request))
        return set_etag(Response(status=204), str(changed.version))
