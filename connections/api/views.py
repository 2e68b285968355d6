from typing import Any
from uuid import UUID

import django_filters as df
from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from connections import actions, consent, queries
from connections.api.serializers import (
    AcceptInvitationSerializer,
    ChangeConnectionSharingSerializer,
    ConnectionSerializer,
    ConnectionSharingSerializer,
    InvitationLinkSerializer,
)
from connections.models import Connection, InvitationLink
from connections.policies import ROLE_TABLE, ConnectionPermission
from partnerportal.lib.api import EmptyBodySerializer, PaginatedListView, PortalAPIView
from partnerportal.lib.api_conditions import IF_MATCH, read_seen_version, set_etag
from partnerportal.lib.filters import FilterSet
from partnerportal.lib.scopes import Scope
from partnerportal.lib.visible_rows import get_by_public_id


class ConnectionFilterSet(FilterSet):
    state = df.ChoiceFilter(choices=Connection.State.choices)

    class Meta:
        model = Connection
        fields = ("state",)


class BaseConnectionView(PortalAPIView):
    """Base class of the API views on the connections of the caller's organisation."""

    model = Connection

    def get_queryset(self) -> QuerySet[Connection]:
        return queries.list_connections(self.actor)

    def build_connection_response(self, public_id: UUID, status: int = 200) -> Response:
        """Return a response with the connection that has this public id, read anew from the database.

        Raises NotFound unless the caller's organisation is one of its two sides.
        """
        connection = get_by_public_id(self.get_queryset(), public_id)
        return Response(ConnectionSerializer(connection).data, status=status)


@extend_schema(tags=["Connections"])
class ConnectionListView(BaseConnectionView, PaginatedListView):
    """Active and ended connections of the acting organisation, newest first."""

    rule = (ROLE_TABLE, ConnectionPermission.VIEW)
    serializer_class = ConnectionSerializer
    filterset_class = ConnectionFilterSet
    default_sort = "-connected_at"


@extend_schema(tags=["Connections"], responses=ConnectionSerializer)
class ConnectionDetailView(BaseConnectionView):
    """One connection of the acting organisation, active or ended."""

    rule = (ROLE_TABLE, ConnectionPermission.VIEW)
    serializer_class = ConnectionSerializer

    def get(self, request: Request, connection_id: UUID) -> Response:
        return self.build_connection_response(connection_id)


@extend_schema(
    tags=["Connections"],
    request=AcceptInvitationSerializer,
    responses={201: ConnectionSerializer, 200: ConnectionSerializer},
)
class AcceptInvitationView(BaseConnectionView):
    """Accept a partner's invitation: the partner then sees the acting organisation's data.

    The answer is 201 when the connection is new, and 200 when the two were connected already: then nothing changes.
    """

    serializer_class = AcceptInvitationSerializer
    errors = {
        400: ("invalid_link", "own_link", "unknown_scope"),
        403: ("no_organization", "wrong_role"),
        404: ("unknown_invitation", "not_found"),
        409: ("partner_not_active", "state_changed"),
        429: ("too_many_connections",),
    }

    def post(self, request: Request) -> Response:
        body = self.read_validated_body()
        scopes = consent.parse_scope_codes(body["scopes"])
        connection, is_new = actions.accept_invitation(actor=self.actor, token=body["invitation_link"], scopes=scopes)
        response = self.build_connection_response(connection.public_id, status=201 if is_new else 200)
        response["Location"] = request.build_absolute_uri(reverse("api:connection", args=[connection.public_id]))
        return response


@extend_schema(tags=["Connections"], request=EmptyBodySerializer, responses=ConnectionSerializer)
class EndConnectionView(BaseConnectionView):
    """End a connection at once, from either side. The partner then no longer sees the customer's data."""

    serializer_class = EmptyBodySerializer
    errors = {403: ("wrong_role",), 409: ("state_changed",)}

    def post(self, request: Request, connection_id: UUID) -> Response:
        self.read_validated_body()
        actions.end_connection(actor=self.actor, connection=queries.get_connection(self.actor, connection_id))
        return self.build_connection_response(connection_id)


@extend_schema(tags=["Connections"])
class ConnectionSharingView(PortalAPIView):
    """What a connection shares. The customer can change it, and sees every consent that it has given.

    The header `ETag` names the newest consent. A change carries it as `If-Match`, and is refused with 412 if a
    colleague has consented to something else since.
    """

    model = Connection
    rule = (ROLE_TABLE, ConnectionPermission.VIEW)
    serializer_class = ConnectionSharingSerializer
    errors = {
        400: ("unknown_scope",),
        403: ("wrong_role", "not_customer"),
        409: ("state_changed",),
        412: ("changed_meanwhile",),
        428: ("if_match_required",),
    }

    @extend_schema(responses=ConnectionSharingSerializer)
    def get(self, request: Request, connection_id: UUID) -> Response:
        return self._answer(queries.get_connection(self.actor, connection_id))

    @extend_schema(
        request=ChangeConnectionSharingSerializer,
        responses=ConnectionSharingSerializer,
        parameters=[IF_MATCH],
    )
    def put(self, request: Request, connection_id: UUID) -> Response:
        connection = queries.get_connection(self.actor, connection_id)
        body = ChangeConnectionSharingSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        changed = actions.change_connection_sharing(
            actor=self.actor,
            connection=connection,
            scopes=consent.parse_scope_codes(body.validated_data["scopes"]),
            version=read_seen_version(request),
        )
        return self._answer(changed)

    def _answer(self, connection: Connection) -> Response:
        given = list(queries.list_consents(self.actor, connection)[: queries.CONSENTS_SHOWN])
        facts = {
            "scopes": connection.shared_scopes.codes,
            "offered": consent.get_all_shareable_scopes().codes,
            "new": (consent.find_newly_shareable_scopes(given[0].offered) if given else Scope.NONE).codes,
            "history": given,
        }
        response = Response(ConnectionSharingSerializer(facts).data)
        return set_etag(response, given[0].version) if given else response


@extend_schema(tags=["Connections"], responses=InvitationLinkSerializer)
class InvitationLinkView(PortalAPIView):
    """The one invitation link of the acting partner."""

    model = InvitationLink
    rule = (ROLE_TABLE, ConnectionPermission.SEE_INVITATION_LINK)
    serializer_class = InvitationLinkSerializer

    def get(self, request: Request) -> Response:
        context: dict[str, Any] = {"accepted_count": queries.count_accepting_customers(self.actor)}
        return Response(InvitationLinkSerializer(queries.get_invitation_link(self.actor), context=context).data)
