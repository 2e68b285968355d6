from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from entitlements.actions.releases import mark_licence_released, reopen_licence_release
from entitlements.api.serializers import (
    LicenceReleaseKeySerializer,
    LicenceReleaseSerializer,
    ReleasedLicenceSerializer,
)
from entitlements.models import LicenceRelease
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.releases import list_released_licences, list_waiting_licence_releases
from partnerportal.lib.api import PaginatedListView, PortalAPIView


class LicenceReleasesBaseView(PortalAPIView):
    """Base of the endpoints about licences whose release a customer has asked for."""

    model = LicenceRelease
    rule = (ROLE_TABLE, EntitlementPermission.VIEW_RELEASES)


@extend_schema(tags=["Releases"])
class LicenceReleasesView(LicenceReleasesBaseView, PaginatedListView):
    """Licences that customers ask to be released, the oldest request first. For the vendor's staff.

    Each licence is named by its key in the feed, never by who holds it.
    """

    serializer_class = LicenceReleaseSerializer
    default_sort = "asked_at"

    def get_queryset(self) -> QuerySet[LicenceRelease]:
        return list_waiting_licence_releases(self.actor)


@extend_schema(tags=["Releases"])
class ReleasedLicencesView(LicenceReleasesBaseView, PaginatedListView):
    """Licences that were released in the last 90 days because customers asked for it, the latest first."""

    serializer_class = ReleasedLicenceSerializer
    default_sort = "-released_at"

    def get_queryset(self) -> QuerySet[LicenceRelease]:
        return list_released_licences(self.actor)


class LicenceReleaseActionView(LicenceReleasesBaseView):
    """Base of the endpoints that run one action on one licence, which the body names by its key in the feed."""

    serializer_class = LicenceReleaseKeySerializer
    errors = {403: ("wrong_role",), 409: ("state_changed",)}
    release_action: Any

    def post(self, request: Request) -> Response:
        type(self).release_action(actor=self.actor, assignment_key=self.read_validated_body()["key"])
        return Response(status=204)


@extend_schema(tags=["Releases"], responses={204: None})
class MarkReleasedView(LicenceReleaseActionView):
    """Mark a licence as released, before or after the feed says so. For the vendor's Admins."""

    release_action = staticmethod(mark_licence_released)


@extend_schema(tags=["Releases"], responses={204: None})
class ReopenReleaseView(LicenceReleaseActionView):
    """Undo the mark that a licence was released. It waits for its release again. For the vendor's Admins."""

    release_action = staticmethod(reopen_licence_release)
