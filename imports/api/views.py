from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from imports.actions.requests import cancel_import, confirm_import, upload_import
from imports.actions.results import download_results
from imports.api.serializers import ApplyImportSerializer, ImportSerializer, UploadImportSerializer
from imports.catalogue import find_uploadable_kind
from imports.models import Import
from imports.policies import ROLE_TABLE, ImportPermission
from imports.queries import get_import, list_imports
from partnerportal.lib.api import EmptyBodySerializer, PaginatedListView, PortalAPIView
from partnerportal.lib.api_pagination import make_query_parameter_error

CSV_TYPE = "text/csv"


class BaseImportView(PortalAPIView):
    """Base class of the API views on the imports that the caller has uploaded."""

    model = Import
    rule = (ROLE_TABLE, ImportPermission.IMPORT)

    def get_queryset(self) -> QuerySet[Import]:
        return list_imports(self.actor)

    def respond_with(self, source: Import, status: int) -> Response:
        """Return a response with the import as it is stored now, and the URL at which to ask for its progress."""
        stored = get_import(self.actor, source.public_id)
        location = reverse("api:import", args=[source.public_id])
        return Response(ImportSerializer(stored).data, status=status, headers={"Location": location})


@extend_schema(tags=["Imports"])
class ImportListView(BaseImportView, PaginatedListView):
    """The caller's imports, newest first."""

    serializer_class = ImportSerializer
    default_sort = "-asked_at"
    parser_classes = (MultiPartParser,)
    errors = {
        400: (
            "too_large", "empty", "archive", "not_utf8", "binary", "too_long", "bad_quotes", "no_header",
            "unknown_column", "missing_column", "duplicate_column", "too_many_columns",
        ),
        404: ("not_found",),
        429: ("too_many_imports",),
        503: ("files_unavailable", "no_space"),
    }  # fmt: skip

    @extend_schema(request={"multipart/form-data": UploadImportSerializer}, responses={202: ImportSerializer})
    def post(self, request: Request) -> Response:
        """Upload a CSV file to import.

        Its rows are checked in the background, and nothing is changed until the import is confirmed: the answer is the
        import, and the header `Location` says where to ask for its progress. What is wrong with the head of the file is
        answered at once.
        """
        serializer = UploadImportSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked = serializer.validated_data
        file = asked["file"]
        source = upload_import(
            actor=self.actor,
            kind=find_uploadable_kind(asked["kind"]),
            target_id=asked["target"],
            file=file.file,
            size=file.size,
        )
        return self.respond_with(source, 202)


@extend_schema(tags=["Imports"], responses=ImportSerializer)
class ImportDetailView(BaseImportView):
    """One of the caller's imports, with the progress of its present run."""

    serializer_class = ImportSerializer

    def get(self, request: Request, import_id: UUID) -> Response:
        return Response(ImportSerializer(get_import(self.actor, import_id)).data)


@extend_schema(tags=["Imports"])
class ImportApplyView(BaseImportView):
    """The confirmation of an import whose dry run is done."""

    serializer_class = ApplyImportSerializer
    errors = {
        400: ("unknown_mode",),
        403: ("wrong_role",),
        404: ("not_found",),
        409: ("state_changed", "nothing_to_import"),
    }

    @extend_schema(responses={202: ImportSerializer})
    def post(self, request: Request, import_id: UUID) -> Response:
        """Import the file in the given mode, in the background."""
        source = get_import(self.actor, import_id)
        confirmed = confirm_import(actor=self.actor, source=source, mode=self.read_validated_body()["mode"])
        return self.respond_with(confirmed, 202)


@extend_schema(tags=["Imports"])
class ImportCancelView(BaseImportView):
    """The cancellation of an import that has not been confirmed."""

    serializer_class = EmptyBodySerializer
    errors = {404: ("not_found",), 409: ("state_changed",)}

    @extend_schema(responses={200: ImportSerializer})
    def post(self, request: Request, import_id: UUID) -> Response:
        """Cancel the import. Its file is deleted."""
        self.read_validated_body()
        return self.respond_with(cancel_import(actor=self.actor, source=get_import(self.actor, import_id)), 200)


@extend_schema(
    tags=["Imports"],
    parameters=[OpenApiParameter("only", str, enum=["failed"], description="`failed`: only the rows that failed.")],
    responses={(200, CSV_TYPE): OpenApiTypes.BINARY},
)
class ImportResultsView(BaseImportView):
    """The results of an import's latest run as a CSV file: row, outcome, message, and the columns of the file."""

    serializer_class = ImportSerializer
    errors = {400: ("invalid_choice",), 409: ("results_not_ready",), 410: ("import_gone",)}

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        """Accept any Accept header, because a client that expects CSV could not read an error otherwise."""
        return super().perform_content_negotiation(request, force=True)

    def get_accepted_query_parameters(self) -> set[str]:
        return {"only"}

    def get(self, request: Request, import_id: UUID) -> HttpResponse:
        only = request.query_params.get("only")
        if only not in (None, "failed"):
            raise make_query_parameter_error("only", "invalid_choice", _("Use “failed”, or leave the parameter out."))
        source = get_import(self.actor, import_id)
        return download_results(actor=self.actor, source=source, only_failed=only == "failed")
