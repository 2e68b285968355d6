"""Endpoints of the audience of an offer: read it, replace what is saved, and sync it (CA-7…CA-19)."""

from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace.actions import audience as actions
from marketplace.filters import ResellerFilterSet
from marketplace.models import Audience, Authorization, MarketCountry, Offer, ResellerListing
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.audience import count_audience_reach, list_audience, summarize_saved_audience
from marketplace.queries.history import name_authorizers
from marketplace.queries.offers import get_own_offer
from partnerportal.lib.api import EmptyBodySerializer, PaginatedListView, PortalAPIView
from partnerportal.lib.api_conditions import IF_MATCH, parse_revision, set_etag
from partnerportal.lib.api_input import LargeBodyParser, StrictSerializer
from partnerportal.lib.api_output import AttributeSerializer, UTCDateTimeField


class AudienceSerializer(AttributeSerializer):
    """The audience of an offer: the option in force, the one that is saved, and the numbers behind them."""

    in_force = serializers.ChoiceField(choices=Audience.choices)
    saved = serializers.ChoiceField(choices=Audience.choices)
    partners = serializers.IntegerField()
    covered_partners = serializers.IntegerField()
    partners_with_sales = serializers.IntegerField()
    to_add = serializers.IntegerField()
    to_remove = serializers.IntegerField()


class ReplaceAudienceSerializer(StrictSerializer):
    """The whole audience that an offer is to have. Tenant IDs count for the option `specific` alone."""

    audience = serializers.ChoiceField(choices=Audience.choices)
    tenant_ids = serializers.ListField(child=serializers.UUIDField(), default=list)


class AudienceMemberSerializer(serializers.Serializer[ResellerListing]):
    """An organisation in the audience of an offer. `change` is null, `add` or `remove` while it is only saved."""

    id = serializers.UUIDField(source="public_id")
    tenant_id = serializers.UUIDField()
    name = serializers.CharField()
    kind = serializers.CharField()
    country = serializers.CharField()
    market = serializers.SerializerMethodField()
    since = UTCDateTimeField(allow_null=True)
    source = serializers.ChoiceField(choices=Authorization.Source.choices, allow_null=True)  # type: ignore[assignment]
    by = serializers.SerializerMethodField(
        help_text="The person of one's own, or the vendor; empty if nobody chose it."
    )
    change = serializers.SerializerMethodField()

    def get_market(self, row: ResellerListing) -> str | None:
        """Return the code of the market in which the organisation may sell."""
        return self.context["markets"].get(row.country)

    def get_by(self, row: ResellerListing) -> str:
        """Return who brought the organisation into the audience."""
        return self.context["authorizers"].get(row.organization_id, "")

    def get_change(self, row: ResellerListing) -> str | None:
        """Return what is saved about the organisation."""
        return {None: None, False: "add", True: "remove"}[row.is_removal]  # type: ignore[attr-defined]


class AudienceBaseView(PortalAPIView):
    """The base of the endpoints of an audience, for the publisher of the offer."""

    model = Offer
    rule = (ROLE_TABLE, OfferPermission.VIEW_OWN)
    errors = {403: ("wrong_role",)}

    def get_offer(self, offer_id: UUID) -> Offer:
        """Return the publisher's offer. Raises NotFound."""
        return get_own_offer(self.actor, offer_id)

    def answer(self, offer: Offer) -> Response:
        """Return the response that shows the audience, with the revision as its ETag."""
        reach, saved = count_audience_reach(self.actor, offer), summarize_saved_audience(offer)
        facts = {
            "in_force": offer.audience if offer.is_published else Audience.NONE,
            "saved": offer.private.next_audience,
            "partners": reach.selected,
            "covered_partners": reach.covered,
            "partners_with_sales": reach.sellers,
            "to_add": saved.added,
            "to_remove": saved.removed,
        }
        return set_etag(Response(facts), str(offer.audience_revision))


@extend_schema(tags=["Offers"])
class AudienceView(AudienceBaseView):
    """Who may resell an offer. A change carries the `ETag` as `If-Match`; it takes effect by publishing or a sync.

    On a live offer, what would take the offer from somebody is decided by a request and answers 409. It takes at most
    50,000 tenant IDs; more are imported from a file.
    """

    serializer_class = AudienceSerializer
    parser_classes = (LargeBodyParser,)
    errors = AudienceBaseView.errors | {
        400: ("unknown_tenant_id", "not_in_program", "too_many_partners"),
        409: ("request_needed", "has_sales", "partner_has_sales"),
        412: ("changed_meanwhile",),
        428: ("if_match_required",),
    }

    @extend_schema(responses=AudienceSerializer)
    def get(self, request: Request, offer_id: UUID) -> Response:
        return self.answer(self.get_offer(offer_id))

    @extend_schema(request=ReplaceAudienceSerializer, responses=AudienceSerializer, parameters=[IF_MATCH])
    def put(self, request: Request, offer_id: UUID) -> Response:
        body = ReplaceAudienceSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        offer, revision = self.get_offer(offer_id), parse_revision(request)
        actions.replace_audience(actor=self.actor, offer=offer, revision=revision, **body.validated_data)
        return self.answer(self.get_offer(offer_id))


@extend_schema(tags=["Offers"], request=EmptyBodySerializer, responses=AudienceSerializer, parameters=[IF_MATCH])
class SyncAudienceView(AudienceBaseView):
    """Put the saved audience of a live offer in force. `If-Match` is the `ETag` of the audience that was seen."""

    serializer_class = EmptyBodySerializer
    errors = AudienceBaseView.errors | {
        409: ("not_live", "nothing_to_sync", "incomplete"),
        412: ("changed_meanwhile",),
        428: ("if_match_required",),
    }

    def post(self, request: Request, offer_id: UUID) -> Response:
        self.read_validated_body()
        offer = self.get_offer(offer_id)
        revision = parse_revision(request)
        actions.sync_audience(
            actor=self.actor, offer=offer, revision=offer.audience_revision if revision is None else revision
        )
        return self.answer(self.get_offer(offer_id))


@extend_schema(tags=["Offers"])
class AudienceMembersView(AudienceBaseView, PaginatedListView):
    """The organisations in the audience of an offer, by name, with those that are only saved."""

    serializer_class = AudienceMemberSerializer
    filterset_class = ResellerFilterSet
    default_sort = "name_folded"

    def get_queryset(self) -> QuerySet[ResellerListing]:
        if self.is_generating_schema:
            return ResellerListing.objects.none()
        return list_audience(self.actor, self.offer)

    @cached_property
    def offer(self) -> Offer:
        """The offer whose audience is listed."""
        return self.get_offer(self.kwargs["offer_id"])

    def paginate_queryset(self, queryset: Any) -> list[Any]:
        page = super().paginate_queryset(queryset) or []
        self.authorizers = name_authorizers(self.actor, self.offer, page)
        return page

    def get_serializer_context(self) -> dict[str, Any]:
        context = {**super().get_serializer_context()}
        if not self.is_generating_schema:
            markets = dict(MarketCountry.objects.values_list("country", "market__code"))
            context |= {"markets": markets, "authorizers": self.authorizers}
        return context
