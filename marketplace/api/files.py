"""The API of the pictures and documents of an offer's draft."""

from typing import Any
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace.actions.files import add_offer_file, remove_offer_file
from marketplace.api.offers import TARGET, OffersBaseView, read_target
from marketplace.content import list_file_ids
from marketplace.models import Offer, OfferFile
from marketplace.queries.files import get_own_offer_file, list_files
from marketplace.queries.offers import get_newest_version, get_own_offer, get_version
from partnerportal.lib.api import UnpaginatedListView
from partnerportal.lib.api_conditions import IF_MATCH, parse_revision, set_etag
from partnerportal.lib.api_input import StrictSerializer
from partnerportal.lib.api_output import AttachedFileSerializer
from partnerportal.lib.uploaded_files import REFUSALS

KINDS = OfferFile.Kind.values  # in the order of pages
FILE: dict[str, Any] = {
    "id": "4f6c2a0e-6f0b-4b0e-8f0d-0b9f3a7b1c55",
    "kind": "sales",
    "name": "Price sheet.pdf",
    "content_type": "application/pdf",
    "size": 48213,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "is_live": False,
    "created_at": "2026-11-20T14:05:00Z",
    "url": "/marketplace/files/4f6c2a0e-6f0b-4b0e-8f0d-0b9f3a7b1c55/",
}


@extend_schema_serializer(examples=[OpenApiExample("file", value=FILE, response_only=True)])
class OfferFileSerializer(AttachedFileSerializer):
    """A picture or document of an offer. The tree of the offer names it by its id."""

    kind = serializers.ChoiceField(choices=OfferFile.Kind.choices)
    is_live = serializers.BooleanField(help_text="Whether the live version has it.")

    def get_url(self, file: OfferFile) -> str:
        return reverse("offer_file", args=[file.public_id])


class UploadOfferFileSerializer(StrictSerializer):
    """A file to add to a draft."""

    kind = serializers.ChoiceField(
        choices=OfferFile.Kind.choices, help_text="`logo` replaces the present one; resellers alone see documents."
    )
    file = serializers.FileField(
        allow_empty_file=True,
        help_text="A PNG, JPEG or WebP picture; as a document PDF or an office format, at most 20 MB.",
    )


@extend_schema(tags=["Offers"])
class OfferFilesView(OffersBaseView, UnpaginatedListView):
    """The pictures and documents of an offer, pictures first, each kind in the order of the version."""

    serializer_class = OfferFileSerializer
    parser_classes = (MultiPartParser,)
    errors = {
        400: ("invalid_target", *REFUSALS),
        403: ("wrong_role",),
        409: ("too_many_files",),
        503: ("files_unavailable", "no_space"),
    }

    def get_accepted_query_parameters(self) -> set[str]:
        return {"target"} if self.request.method in ("GET", "HEAD") else set()

    @extend_schema(parameters=[TARGET])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the files of the draft, or with `target=live` of the live version."""
        return super().get(request, *args, **kwargs)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        target = read_target(request)
        offer = get_own_offer(self.actor, kwargs["offer_id"])
        version = get_version(offer, "live") if target == "live" else get_newest_version(offer)
        files = list_files(self.actor, list_file_ids(version.content, version.channel.content))
        files.sort(key=lambda file: KINDS.index(file.kind))
        page: Any = self.paginate_queryset(files)
        return self.get_paginated_response(OfferFileSerializer(page, many=True).data)

    @extend_schema(request={"multipart/form-data": UploadOfferFileSerializer}, responses={201: OfferFileSerializer})
    def post(self, request: Request, offer_id: UUID) -> Response:
        """Add a picture or document to the draft. The `ETag` of the answer is that of the draft with it."""
        offer = get_own_offer(self.actor, offer_id)
        body = UploadOfferFileSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        file = add_offer_file(actor=self.actor, offer=offer, kind=asked["kind"], upload=asked["file"])
        stored = get_own_offer_file(self.actor, offer, file.public_id)  # the database has set its moment
        return _answer(offer, OfferFileSerializer(stored).data, 201)


@extend_schema(tags=["Offers"])
class OfferFileView(OffersBaseView):
    """A picture or document of an offer's draft."""

    errors = {
        403: ("wrong_role",),
        412: ("changed_meanwhile",),
        428: ("if_match_required",),
    }

    @extend_schema(parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, offer_id: UUID, file_id: UUID) -> Response:
        """Take the file off the draft. It is deleted if no published version has it."""
        offer = get_own_offer(self.actor, offer_id)
        file = get_own_offer_file(self.actor, offer, file_id)
        remove_offer_file(actor=self.actor, offer=offer, file=file, revision=parse_revision(request))
        return _answer(offer, None, 204)


def _answer(offer: Offer, data: Any, status: int) -> Response:
    return set_etag(Response(data, status=status), str(get_newest_version(offer).revision))
