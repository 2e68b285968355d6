"""Endpoints of a plan that was never published: its code can be another, and it can be deleted."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace.actions.unpublished import delete_unpublished_plan, rename_unpublished_plan
from marketplace.api.offers import OfferTreeView
from marketplace.api.serializers import ChangePlanSerializer, OfferTreeSerializer
from marketplace.models import Plan
from marketplace.queries.offers import get_own_offer, get_own_plan
from partnerportal.lib.api_conditions import IF_MATCH, parse_revision


@extend_schema(tags=["Offers"], parameters=[IF_MATCH])
class OfferPlanView(OfferTreeView):
    """A plan of an offer. Its texts, terms and limits are edited in the tree of the offer."""

    serializer_class = ChangePlanSerializer
    errors = {
        400: ("required", "malformed_code", "code_twice"),
        403: ("wrong_role",),
        409: ("plan_fixed",),
        412: ("changed_meanwhile",),
        428: ("if_match_required",),
    }

    @extend_schema(responses=OfferTreeSerializer)
    def patch(self, request: Request, offer_id: UUID, plan_code: str) -> Response:
        """Give a plan that was never published another code. Its prices stay."""
        asked = self._read(request, offer_id, plan_code)
        draft = rename_unpublished_plan(**asked, **self.read_validated_body())
        return self._answer(get_own_offer(self.actor, offer_id), draft)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, offer_id: UUID, plan_code: str) -> Response:
        """Delete a plan that was never published, with its prices."""
        delete_unpublished_plan(**self._read(request, offer_id, plan_code))
        return Response(status=204)

    def _read(self, request: Request, offer_id: UUID, plan_code: str) -> dict[str, Any]:
        offer = get_own_offer(self.actor, offer_id)
        plan: Plan = get_own_plan(self.actor, offer, plan_code)
        return {"actor": self.actor, "offer": offer, "plan": plan, "revision": parse_revision(request)}
