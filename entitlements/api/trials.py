from typing import ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from entitlements.actions.trials import request_trial
from entitlements.api.serializers import (
    ConvertTrialSerializer,
    DeclineTrialSerializer,
    ExtendTrialSerializer,
    RequestTrialSerializer,
    TrialSerializer,
)
from entitlements.api.views import EntitlementFilterSet
from entitlements.models import Entitlement
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.trials import list_trials
from entitlements.trial_actions import TRIAL_ACTIONS, TrialAction
from partnerportal.lib.api import EmptyBodySerializer, PaginatedListView, PortalAPIView
from partnerportal.lib.visible_rows import get_by_public_id


class TrialsBaseView(PortalAPIView):
    """Base of the endpoints on trials: the vendor's staff reach every trial, a customer its own."""

    model = Entitlement
    rule = (ROLE_TABLE, EntitlementPermission.LIST_TRIALS)
    errors = {403: ("wrong_role",), 409: ("state_changed",)}

    def get_queryset(self) -> QuerySet[Entitlement]:
        return list_trials(self.actor)

    def get_trial(self, trial_id: UUID) -> Entitlement:
        """Return a trial that the actor may see. Raises NotFound."""
        return get_by_public_id(self.get_queryset(), trial_id)


class TrialFilterSet(EntitlementFilterSet):
    """The filters of trials: by state. There is none by kind, because every trial has the same."""

    class Meta:
        model = Entitlement
        fields = ("state",)

    kind = None


@extend_schema(tags=["Trials"])
class TrialsView(TrialsBaseView, PaginatedListView):
    """Trials and requests for them: a customer's own, and all of them for the vendor's staff."""

    serializer_class = TrialSerializer
    filterset_class = TrialFilterSet
    default_sort = "-id"
    errors = {403: ("wrong_role",), 409: ("already_requested", "already_running"), 429: ("too_many_trials",)}

    @extend_schema(request=RequestTrialSerializer, responses={201: TrialSerializer})
    def post(self, request: Request) -> Response:
        """Request a trial of a service that is neither running nor requested."""
        serializer = RequestTrialSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        trial = request_trial(actor=self.actor, **serializer.validated_data)
        response = Response(TrialSerializer(trial).data, status=201)
        response["Location"] = request.build_absolute_uri(reverse("api:trial", args=[trial.public_id]))
        return response


@extend_schema(tags=["Trials"], responses=TrialSerializer)
class TrialView(TrialsBaseView):
    """One trial: it runs, has ended, or is still a request."""

    serializer_class = TrialSerializer

    def get(self, request: Request, trial_id: UUID) -> Response:
        return Response(TrialSerializer(self.get_trial(trial_id)).data)


class TrialActionView(TrialsBaseView):
    """Base of the endpoints that run one action of TRIAL_ACTIONS on a trial. The body holds what the action takes."""

    trial_action: ClassVar[TrialAction]

    def post(self, request: Request, trial_id: UUID) -> Response:
        values = self.read_validated_body()
        trial = self.trial_action.run(actor=self.actor, trial=self.get_trial(trial_id), **values)
        return Response(TrialSerializer(trial).data)


@extend_schema(tags=["Trials"], request=EmptyBodySerializer, responses=TrialSerializer)
class CancelTrialView(TrialActionView):
    """Cancel a trial or take back its request, as the customer or the vendor."""

    serializer_class = EmptyBodySerializer
    trial_action = TRIAL_ACTIONS["cancel"]


@extend_schema(tags=["Trials"], request=EmptyBodySerializer, responses=TrialSerializer)
class ApproveTrialView(TrialActionView):
    """Approve a request for a trial. It runs from today for the usual time of trials. For the vendor's Admins."""

    serializer_class = EmptyBodySerializer
    trial_action = TRIAL_ACTIONS["approve"]


@extend_schema(tags=["Trials"], request=DeclineTrialSerializer, responses=TrialSerializer)
class DeclineTrialView(TrialActionView):
    """Decline a request for a trial, with a reason. For the vendor's Admins."""

    serializer_class = DeclineTrialSerializer
    errors = TrialsBaseView.errors | {400: ("reason_required",)}
    trial_action = TRIAL_ACTIONS["decline"]


@extend_schema(tags=["Trials"], request=ExtendTrialSerializer, responses=TrialSerializer)
class ExtendTrialView(TrialActionView):
    """Extend a running trial by the usual time of trials. Sent twice, it extends once. For the vendor's Admins."""

    serializer_class = ExtendTrialSerializer
    errors = TrialsBaseView.errors | {409: ("state_changed", "no_later_end")}
    trial_action = TRIAL_ACTIONS["extend"]


@extend_schema(tags=["Trials"], request=ConvertTrialSerializer, responses=TrialSerializer)
class ConvertTrialView(TrialActionView):
    """Turn a running trial into production. For the vendor's Admins."""

    serializer_class = ConvertTrialSerializer
    errors = TrialsBaseView.errors | {400: ("ends_on",)}
    trial_action = TRIAL_ACTIONS["convert"]


ACTION_VIEWS: dict[str, type[TrialActionView]] = {
    "cancel": CancelTrialView,
    "approve": ApproveTrialView,
    "decline": DeclineTrialView,
    "extend": ExtendTrialView,
    "convert": ConvertTrialView,
}
