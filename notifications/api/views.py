from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from notifications import queries
from notifications.actions.inbox import dismiss_notice, mark_all_notices_read, mark_notice_read, restore_notice
from notifications.api.serializers import NoticeSerializer
from notifications.filters import NoticeFilterSet
from notifications.models import Notice
from notifications.policies import ROLE_TABLE, NoticePermission
from partnerportal.lib.api import EmptyBodySerializer, PaginatedListView, PortalAPIView
from partnerportal.lib.visible_rows import get_by_public_id


class BaseNoticeView(PortalAPIView):
    """The base of the API's views on notices of the acting organisation."""

    model = Notice
    rule = (ROLE_TABLE, NoticePermission.VIEW)

    def get_queryset(self) -> QuerySet[Notice]:
        return queries.list_notices(self.actor)

    def get_notice(self, notice_id: UUID) -> Notice:
        """Return the notice with this public id. Raises NotFound for one that the actor does not see."""
        return get_by_public_id(self.get_queryset(), notice_id)

    def build_notice_response(self, notice_id: UUID) -> Response:
        """Return a response with the present state of a notice.

        Raises NotFound for one that the actor does not see.
        """
        return Response(NoticeSerializer(self.get_notice(notice_id)).data)


@extend_schema(tags=["Notices"])
class NoticeListView(BaseNoticeView, PaginatedListView):
    """The notices of the acting organisation, newest first.

    Dismissed notices come only with `dismissed=true`, and those of a kind that the caller has switched off in the inbox
    only with that `kind`.
    """

    serializer_class = NoticeSerializer
    filterset_class = NoticeFilterSet
    default_sort = "-at"


@extend_schema(tags=["Notices"], responses=NoticeSerializer)
class NoticeDetailView(BaseNoticeView):
    """One notice of the acting organisation, open or dismissed. Reading it here does not mark it as read."""

    serializer_class = NoticeSerializer

    def get(self, request: Request, notice_id: UUID) -> Response:
        return self.build_notice_response(notice_id)


@extend_schema(tags=["Notices"], request=EmptyBodySerializer, responses=NoticeSerializer)
class MarkNoticeReadView(BaseNoticeView):
    """Mark one notice as read by the caller. Repeating changes nothing."""

    serializer_class = EmptyBodySerializer

    def post(self, request: Request, notice_id: UUID) -> Response:
        self.read_validated_body()
        mark_notice_read(actor=self.actor, notice=self.get_notice(notice_id))
        return self.build_notice_response(notice_id)


@extend_schema(tags=["Notices"], request=EmptyBodySerializer, responses=NoticeSerializer)
class DismissNoticeView(BaseNoticeView):
    """Hide a notice from the acting organisation; every other organisation keeps its own. Repeating changes nothing."""

    serializer_class = EmptyBodySerializer

    def post(self, request: Request, notice_id: UUID) -> Response:
        self.read_validated_body()
        dismiss_notice(actor=self.actor, notice=self.get_notice(notice_id))
        return self.build_notice_response(notice_id)


@extend_schema(tags=["Notices"], request=EmptyBodySerializer, responses=NoticeSerializer)
class RestoreNoticeView(BaseNoticeView):
    """Show a dismissed notice to the acting organisation again. Repeating changes nothing."""

    serializer_class = EmptyBodySerializer

    def post(self, request: Request, notice_id: UUID) -> Response:
        self.read_validated_body()
        restore_notice(actor=self.actor, notice=self.get_notice(notice_id))
        return self.build_notice_response(notice_id)


@extend_schema(tags=["Notices"], request=EmptyBodySerializer, responses={204: None})
class MarkAllNoticesReadView(BaseNoticeView):
    """Mark every notice of the acting organisation as read by the caller."""

    serializer_class = EmptyBodySerializer

    def post(self, request: Request) -> Response:
        self.read_validated_body()
        mark_all_notices_read(actor=self.actor)
        return Response(status=204)
