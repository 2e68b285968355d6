from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Organization
from exports import files
from exports.actions import download_export_file, request_export
from exports.api.serializers import ExportSerializer, RequestExportSerializer
from exports.catalogue import find_exported_list
from exports.models import Export
from exports.policies import ROLE_TABLE, ExportPermission
from exports.queries import find_exported_organization, get_export, list_stored_exports
from partnerportal.lib.api import PaginatedListView, PortalAPIView
from partnerportal.lib.api_pagination import make_query_parameter_error
from partnerportal.lib.private_files import CSV
from partnerportal.lib.visible_rows import get_by_public_id

CSV_TYPE = "text/csv"


class BaseExportView(PortalAPIView):
    """Base class of the API views on the exports that the caller has asked for."""

    model = Export
    rule = (ROLE_TABLE, ExportPermission.EXPORT)

    def get_queryset(self) -> QuerySet[Export]:
        return list_stored_exports(self.actor)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        """Accept any Accept header, because a client cannot know whether a CSV file or JSON will come."""
        return super().perform_content_negotiation(request, force=True)


@extend_schema(tags=["Exports"])
class ExportListView(BaseExportView, PaginatedListView):
    """The caller's exports that became files, newest first."""

    serializer_class = ExportSerializer
    default_sort = "-asked_at"
    errors = {
        400: ("invalid_choice", "unknown_filter"),
        403: ("not_shared",),
        404: ("not_found",),
        429: ("too_many_exports",),
    }

    @extend_schema(
        request=RequestExportSerializer,
        responses={(200, CSV_TYPE): OpenApiTypes.BINARY, (202, "application/json"): ExportSerializer},
    )
    def post(self, request: Request) -> HttpResponse | Response:
        """Export a list as CSV.

        The answer to a small export is the file. A large one is made in the background: the answer is the export, and
        the header `Location` says where to ask for its progress. The same request, sent again meanwhile, makes no
        second export.
        """
        serializer = RequestExportSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked = serializer.validated_data
        exported_list = find_exported_list(asked["list"])
        for name in sorted(asked["filters"].keys() - exported_list.filters):
            raise make_query_parameter_error(f"filters.{name}", "unknown_filter", _("This list has no such filter."))
        own = Organization.objects.visible_to(self.actor).get(public_id=self.actor.organization_public_id)
        customer = find_exported_organization(self.actor, own, exported_list, asked["customer"])
        export, content = request_export(
            actor=self.actor,
            exported_list=exported_list,
            query=exported_list.pick_filters(asked["filters"]),
            customer=customer,
        )
        if content is not None:
            return files.add_download_headers(HttpResponse(content, content_type=CSV), export)
        kept = get_export(self.actor, export.public_id)  # with what the database itself says of it
        location = reverse("api:export", args=[export.public_id])
        return Response(ExportSerializer(kept).data, status=202, headers={"Location": location})


@extend_schema(tags=["Exports"], responses=ExportSerializer)
class ExportDetailView(BaseExportView):
    """One of the caller's exports, with the progress of its file."""

    serializer_class = ExportSerializer

    def get(self, request: Request, export_id: UUID) -> Response:
        return Response(ExportSerializer(get_by_public_id(self.get_queryset(), export_id)).data)


@extend_schema(tags=["Exports"], responses={(200, CSV_TYPE): OpenApiTypes.BINARY})
class ExportFileView(BaseExportView):
    """The CSV file of one of the caller's exports. Whether the caller may see the list is checked again."""

    serializer_class = ExportSerializer
    errors = {409: ("export_not_ready",), 410: ("export_gone", "sharing_narrowed", "role_narrowed")}

    def get(self, request: Request, export_id: UUID) -> HttpResponse | Response:
        return download_export_file(actor=self.actor, export=get_export(self.actor, export_id))
