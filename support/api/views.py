from typing import Any, ClassVar
from uuid import UUID

import django_filters as df
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request as APIRequest
from rest_framework.response import Response

from partnerportal.lib.api import EmptyBodySerializer, PaginatedListView, PortalAPIView, UnpaginatedListView
from partnerportal.lib.api_conditions import IF_MATCH, read_seen_version, set_etag
from partnerportal.lib.api_input import JSONBodyParser, StrictSerializer
from partnerportal.lib.errors import StaleVersion
from partnerportal.lib.states import STATE_CHANGED
from partnerportal.lib.uploaded_files import REFUSALS
from partnerportal.lib.visible_rows import get_by_public_id
from support.actions.deciding import approve_request, ask_for_information, decline_request
from support.actions.drafts import discard_request_draft, save_request_draft, start_request
from support.actions.messages import post_message
from support.actions.rows import check_request
from support.actions.submitting import answer_request, submit_request, withdraw_request
from support.api.serializers import (
    AnswerRequestSerializer,
    AnswerWithFilesSerializer,
    ApproveRequestSerializer,
    DeclineRequestSerializer,
    FindingsSerializer,
    MessageWithFilesSerializer,
    RequestFieldsSerializer,
    RequestMessageSerializer,
    RequestSerializer,
    StartRequestSerializer,
    WriteMessageSerializer,
)
from support.filters import RequestFilterSet
from support.models import Request, RequestMessage
from support.policies import ROLE_TABLE, SupportPermission
from support.queries import list_messages, list_requests

TAGS = ["Requests"]
JSON, FORM = "application/json", "multipart/form-data"
FILE_ERRORS: dict[int, tuple[str, ...]] = {  # of what brings files
    400: REFUSALS,
    409: ("too_many_files", "too_much_attached"),
    429: ("too_often",),
    503: ("files_unavailable", "no_space"),
}


def is_form(request: APIRequest) -> bool:
    """Return whether the body of a request is a form, which may bring files, and not JSON."""
    return isinstance(request.data, QueryDict)


class RequestBaseView(PortalAPIView):
    """Base of the endpoints on requests: an organisation reaches its own, the vendor's staff those submitted."""

    model = Request
    rule = (ROLE_TABLE, SupportPermission.VIEW_REQUESTS)

    def get_queryset(self) -> QuerySet[Request]:
        return list_requests(self.actor)

    def get_request(self, request_id: UUID) -> Request:
        """Return a request that the actor may see. Raises NotFound."""
        return get_by_public_id(self.get_queryset(), request_id)

    def build_request_response(self, row: Request, status: int = 200) -> Response:
        """Return a response with a request, and its version as the ETag."""
        return set_etag(Response(RequestSerializer(row).data, status=status), str(row.version))


class RequestAPIFilterSet(RequestFilterSet):
    """The filters of requests: by state, kind and severity."""

    state = df.ChoiceFilter(choices=Request.State.choices)

    class Meta:
        model = Request
        fields: list[str] = []


@extend_schema(tags=TAGS)
class RequestsView(RequestBaseView, PaginatedListView):
    """Requests to the vendor: an organisation's own, and all that were submitted for the vendor's staff."""

    serializer_class = RequestSerializer
    filterset_class = RequestAPIFilterSet
    default_sort = "-id"
    errors = {400: ("unknown_field",), 403: ("wrong_role",), 404: ("not_found",)}

    @extend_schema(request=StartRequestSerializer, responses={201: RequestSerializer})
    def post(self, request: APIRequest) -> Response:
        """Begin a request, as a draft. Who has a draft of the same gets that one, with the new payload."""
        serializer = StartRequestSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        body = serializer.validated_data
        row = start_request(actor=self.actor, kind=body["kind"], subject_id=body["subject"], payload=body["payload"])
        response = self.build_request_response(self.get_request(row.public_id), status=201)
        response["Location"] = request.build_absolute_uri(reverse("api:request", args=[row.public_id]))
        return response


@extend_schema(tags=TAGS)
class RequestView(RequestBaseView):
    """One request. Its fields can be changed while it is a draft."""

    serializer_class = RequestSerializer
    errors = {
        400: ("unknown_field",),
        403: ("wrong_role",),
        409: ("state_changed",),
        412: ("changed_meanwhile",),
        428: ("if_match_required",),
    }

    @extend_schema(responses=RequestSerializer)
    def get(self, request: APIRequest, request_id: UUID) -> Response:
        return self.build_request_response(self.get_request(request_id))

    @extend_schema(request=RequestFieldsSerializer, responses=RequestSerializer, parameters=[IF_MATCH])
    def put(self, request: APIRequest, request_id: UUID) -> Response:
        """Change the fields of a draft. What is left out stays as it is."""
        row = self.get_request(request_id)
        body = RequestFieldsSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        seen = read_seen_version(request)
        if seen not in (None, str(row.version)):
            raise StaleVersion("changed_meanwhile", STATE_CHANGED)
        save_request_draft(actor=self.actor, request=row, version=seen, **body.validated_data)
        return self.build_request_response(self.get_request(request_id))


class RequestActionView(RequestBaseView):
    """Base of the endpoints that run one action on a request. The body holds what the action takes."""

    errors = {403: ("wrong_role",), 409: ("state_changed",)}
    run: ClassVar[Any]

    def post(self, request: APIRequest, request_id: UUID) -> Response:
        values = self.read_validated_body()
        type(self).run(actor=self.actor, request=self.get_request(request_id), **values)
        return self.build_request_response(self.get_request(request_id))


@extend_schema(tags=TAGS, request=EmptyBodySerializer, responses=RequestSerializer)
class SubmitRequestView(RequestActionView):
    """Submit a draft to the vendor. Only one request about the same can be open (409 `request_open`).

    What its kind does not allow now is answered by 409 with the code of the first reason.
    """

    serializer_class = EmptyBodySerializer
    errors = RequestActionView.errors | {400: ("required",), 409: ("state_changed", "request_open")}
    run = staticmethod(submit_request)


@extend_schema(tags=TAGS, request=EmptyBodySerializer, responses=RequestSerializer)
class WithdrawRequestView(RequestActionView):
    """Withdraw a request that is not decided."""

    serializer_class = EmptyBodySerializer
    run = staticmethod(withdraw_request)


@extend_schema(
    tags=TAGS, request={JSON: AnswerRequestSerializer, FORM: AnswerWithFilesSerializer}, responses=RequestSerializer
)
class AnswerRequestView(RequestActionView):
    """Answer the vendor's question by a new revision. If it is not allowed any more, its state is `overtaken`.

    Sent as a form, it may bring files.
    """

    parser_classes = (JSONBodyParser, MultiPartParser)
    errors = (
        RequestActionView.errors
        | FILE_ERRORS
        | {
            400: ("required", "unknown_field", *FILE_ERRORS[400]),
            409: ("state_changed", *FILE_ERRORS[409]),
        }
    )
    run = staticmethod(answer_request)

    def get_serializer_class(self) -> type[StrictSerializer]:
        return AnswerWithFilesSerializer if is_form(self.request) else AnswerRequestSerializer


@extend_schema(tags=TAGS, request=EmptyBodySerializer, responses={204: None})
class DiscardRequestView(RequestActionView):
    """Delete a draft."""

    serializer_class = EmptyBodySerializer

    def post(self, request: APIRequest, request_id: UUID) -> Response:
        self.read_validated_body()
        discard_request_draft(actor=self.actor, request=self.get_request(request_id))
        return Response(status=204)


@extend_schema(
    tags=TAGS, request={JSON: WriteMessageSerializer, FORM: MessageWithFilesSerializer}, responses=RequestSerializer
)
class AskRequestView(RequestActionView):
    """Ask for information about a request. For the vendor's Admins. Sent as a form, it may bring files."""

    parser_classes = (JSONBodyParser, MultiPartParser)
    errors = RequestActionView.errors | FILE_ERRORS | {409: ("state_changed", *FILE_ERRORS[409])}
    run = staticmethod(ask_for_information)

    def get_serializer_class(self) -> type[StrictSerializer]:
        return MessageWithFilesSerializer if is_form(self.request) else WriteMessageSerializer


@extend_schema(tags=TAGS, request=DeclineRequestSerializer, responses=RequestSerializer)
class DeclineRequestView(RequestActionView):
    """Decline a request, with a reason. For the vendor's Admins."""

    serializer_class = DeclineRequestSerializer
    errors = RequestActionView.errors | {400: ("reason_required",), 409: ("state_changed", "revision_changed")}
    run = staticmethod(decline_request)


@extend_schema(tags=TAGS, request=ApproveRequestSerializer, responses=RequestSerializer)
class ApproveRequestView(RequestActionView):
    """Approve a request on the facts that were read; its effect happens at once. For the vendor's Admins.

    A request that is not allowed any more is closed instead: its state is then `overtaken`, and nothing is changed.
    """

    serializer_class = ApproveRequestSerializer
    errors = RequestActionView.errors | {409: ("state_changed", "revision_changed", "facts_changed")}
    run = staticmethod(approve_request)


@extend_schema(tags=TAGS, responses=FindingsSerializer)
class RequestFindingsView(RequestBaseView):
    """The facts on which the decision of a request rests now. For the vendor's staff."""

    rule = (ROLE_TABLE, SupportPermission.VIEW_QUEUE)
    serializer_class = FindingsSerializer

    def get(self, request: APIRequest, request_id: UUID) -> Response:
        return Response(FindingsSerializer(check_request(self.get_request(request_id))).data)


@extend_schema(tags=TAGS)
class RequestMessagesView(RequestBaseView, UnpaginatedListView):
    """The messages about a request, oldest first."""

    serializer_class = RequestMessageSerializer
    parser_classes = (JSONBodyParser, MultiPartParser)
    errors = FILE_ERRORS | {403: ("wrong_role",), 409: ("state_changed", *FILE_ERRORS[409])}

    def get_queryset(self) -> QuerySet[Any]:
        if self.is_generating_schema:
            return RequestMessage.objects.visible_to(self.actor)
        row = get_by_public_id(list_requests(self.actor), self.kwargs["request_id"])
        return list_messages(self.actor, row).select_related("request")

    @extend_schema(
        request={JSON: WriteMessageSerializer, FORM: MessageWithFilesSerializer},
        responses={201: RequestMessageSerializer},
    )
    def post(self, request: APIRequest, request_id: UUID) -> Response:
        """Write a message about a request that is not decided. Sent as a form, it may bring files."""
        row = get_by_public_id(list_requests(self.actor), request_id)
        body = (MessageWithFilesSerializer if is_form(request) else WriteMessageSerializer)(data=request.data)
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        message = post_message(actor=self.actor, request=row, body=values.pop("message"), **values)
        return Response(RequestMessageSerializer(message).data, status=201)
