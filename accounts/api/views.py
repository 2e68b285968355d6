from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import OrganizationSerializer
from accounts.models import Operator
from partnerportal.lib.api import EmptyBodySerializer, PortalAPIView, UnpaginatedListView


@extend_schema(tags=["Organizations"])
class OrganizationListView(UnpaginatedListView):
    """The organisations that the caller acts for, by name, with the caller's roles in each."""

    model = Operator
    serializer_class = OrganizationSerializer

    def get_queryset(self) -> Any:
        """Return the caller's operators, one for each organisation, which the middleware has fetched.

        This is the one list that crosses tenants, because it is the person's own.
        """
        return super().get_queryset() if self.is_generating_schema else self.request._request.operators  # type: ignore[attr-defined]


@extend_schema(tags=["Organizations"], responses=OrganizationSerializer)
class SwitchOrganizationView(PortalAPIView):
    """Let this session act for another of the caller's organisations from now on."""

    model = Operator
    serializer_class = EmptyBodySerializer

    def post(self, request: Request, organization_id: UUID) -> Response:
        self.read_validated_body()
        request._request.act_for(organization_id)  # type: ignore[attr-defined]
        return Response(OrganizationSerializer(request._request.operator, context={"request": request}).data)  # type: ignore[attr-defined]
