from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace.actions.offers import (
    create_offer,
    discard_draft,
    publish_offer,
    save_draft,
    set_technical_configuration,
)
from marketplace.actions.unpublished import IDENTITY, change_unpublished_offer, delete_unpublished_offer
from marketplace.api.serializers import (
    ChangeOfferSerializer,
    CreateOfferSerializer,
    DifferenceSerializer,
    OfferSerializer,
    OfferTreeSerializer,
    OfferVersionSerializer,
    TechnicalSerializer,
)
from marketplace.comparison import compare_versions
from marketplace.content import DraftSerializer, Problem, find_problems, read_draft
from marketplace.filters import OfferFilterSet
from marketplace.models import Offer, OfferVersion
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.offers import (
    get_newest_version,
    get_own_offer,
    get_version,
    list_own_offers,
    list_published_versions,
    list_publishers_by_version,
    make_technical_version,
    make_tree,
)
from partnerportal.lib.api import EmptyBodySerializer, PaginatedListView, PortalAPIView, UnpaginatedListView
from partnerportal.lib.api_conditions import IF_MATCH, parse_revision, read_seen_version, set_etag
from partnerportal.lib.api_input import LargeBodyParser
from partnerportal.lib.api_pagination import make_query_parameter_error
from partnerportal.lib.errors import NotFound

TARGETS = ("draft", "live")
TARGET = OpenApiParameter(
    "target", enum=TARGETS, description="Which tree to show. Without a draft, `draft` shows what is live."
)
NO_SUCH_TARGET = "Use draft or live."


def read_target(request: Request) -> str:
    """Return which tree of an offer a request asks for. Raises ValidationError for one that there is not."""
    target = request.query_params.get("target", "draft")
    if target not in TARGETS:
        raise make_query_parameter_error("target", "invalid_target", NO_SUCH_TARGET)
    return target


class OffersBaseView(PortalAPIView):
    """Base of the endpoints on the offers of the caller's organisation."""

    model = Offer
    rule = (ROLE_TABLE, OfferPermission.VIEW_OWN)

    def get_queryset(self) -> QuerySet[Offer]:
        return list_own_offers(self.actor)


@extend_schema(tags=["Offers"])
class OffersView(OffersBaseView, PaginatedListView):
    """The offers of the caller's organisation, those created last first."""

    serializer_class = OfferSerializer
    filterset_class = OfferFilterSet
    sorts = {"code": "code", "changed": "changed_at", "created": "id"}
    default_sort = "-created"
    errors = {
        400: ("malformed_code",),
        403: ("wrong_role",),
        409: ("code_taken",),
        429: ("too_many_offers",),
    }

    @extend_schema(request=CreateOfferSerializer, responses={201: OfferSerializer})
    def post(self, request: Request) -> Response:
        """Create an offer with an empty draft."""
        body = CreateOfferSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        offer = create_offer(actor=self.actor, **body.validated_data)
        response = Response(OfferSerializer(get_own_offer(self.actor, offer.public_id)).data, status=201)
        response["Location"] = request.build_absolute_uri(reverse("api:offer", args=[offer.public_id]))
        return response


class OfferTreeView(OffersBaseView):
    """Base of the endpoints that answer with an offer and one of its trees."""

    def _answer(self, offer: Offer, version: OfferVersion) -> Response:
        tree = make_tree(version)
        shown: Any = offer
        shown.target, shown.shown, shown.tree = "live" if version.number else "draft", version, tree
        shown.problems = find_problems(offer, version.content, version.channel.content)
        return set_etag(Response(OfferTreeSerializer(shown).data), str(version.revision))


@extend_schema(tags=["Offers"], responses=OfferTreeSerializer)
class OfferView(OfferTreeView):
    """An offer with all that its draft or its live version says, as one tree.

    The header `ETag` counts the saves. A change carries it as `If-Match`, and is refused with 412 if a colleague has
    saved the draft since.
    """

    serializer_class = DraftSerializer
    parser_classes = (LargeBodyParser,)
    errors = {
        400: (
            *("invalid_target", "unknown_category", "retired_category", "unknown_file", "code_twice", "below_minimum"),
            "malformed_code",
        ),
        403: ("wrong_role",),
        409: ("plan_fixed", "term_fixed", "offer_fixed", "code_taken", "prices_saved"),
        412: ("changed_meanwhile",),
        428: ("if_match_required",),
    }

    def get_accepted_query_parameters(self) -> set[str]:
        return {"target"} if self.request.method in ("GET", "HEAD") else set()

    @extend_schema(parameters=[TARGET])
    def get(self, request: Request, offer_id: UUID) -> Response:
        """Show the offer with its draft, or with `target=live` with its live version."""
        target = read_target(request)
        offer = get_own_offer(self.actor, offer_id)
        return self._answer(offer, get_version(offer, "live") if target == "live" else get_newest_version(offer))

    @extend_schema(request=DraftSerializer, parameters=[IF_MATCH])
    def put(self, request: Request, offer_id: UUID) -> Response:
        """Replace the draft, all or nothing. Each problem names its place in the body by a JSON pointer."""
        offer = get_own_offer(self.actor, offer_id)
        content, channel, problems = read_draft(request.data)
        if problems:
            raise ValidationError(_group_problems(problems))
        draft = save_draft(
            actor=self.actor, offer=offer, content=content, channel=channel, revision=parse_revision(request)
        )
        return self._answer(get_own_offer(self.actor, offer_id), draft)

    @extend_schema(request=ChangeOfferSerializer, parameters=[IF_MATCH])
    def patch(self, request: Request, offer_id: UUID) -> Response:
        """Change the code, type or pricing model of an offer that was never published.

        The technical configuration goes with the type SaaS, and limits of licences with the pricing model per seat.
        With another pricing model prices would mean something else: `deletes_prices` says that they are deleted.
        """
        offer, revision = get_own_offer(self.actor, offer_id), parse_revision(request)
        body = ChangeOfferSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        now = {name: getattr(offer, name) for name in IDENTITY}
        draft = change_unpublished_offer(actor=self.actor, offer=offer, revision=revision, **now | body.validated_data)
        return self._answer(get_own_offer(self.actor, offer_id), draft)

    @extend_schema(parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, offer_id: UUID) -> Response:
        """Delete an offer that was never published, with its draft, plans, prices, saved audience and files."""
        offer, revision = get_own_offer(self.actor, offer_id), parse_revision(request)
        delete_unpublished_offer(actor=self.actor, offer=offer, revision=revision)
        return Response(status=204)


def _group_problems(problems: list[Problem]) -> dict[str, list[ErrorDetail]]:
    grouped: dict[str, list[ErrorDetail]] = {}
    for problem in problems:
        grouped.setdefault(problem.pointer or "non_field_errors", []).append(
            ErrorDetail(str(problem.message), problem.code)
        )
    return grouped


@extend_schema(tags=["Offers"], request=EmptyBodySerializer, responses=OfferTreeSerializer, parameters=[IF_MATCH])
class PublishOfferView(OfferTreeView):
    """Publish the draft of an offer as its next version, which is live at once."""

    serializer_class = EmptyBodySerializer
    errors = {
        403: ("wrong_role",),
        409: ("no_draft", "incomplete"),
        412: ("changed_meanwhile",),
        428: ("if_match_required",),
    }

    def post(self, request: Request, offer_id: UUID) -> Response:
        self.read_validated_body()
        offer = get_own_offer(self.actor, offer_id)
        revision = parse_revision(request)
        version = publish_offer(
            actor=self.actor, offer=offer, revision=get_newest_version(offer).revision if revision is None else revision
        )
        return self._answer(get_own_offer(self.actor, offer_id), version)


@extend_schema(tags=["Offers"])
class OfferDraftView(OffersBaseView):
    """The draft of an offer that is live, which can be discarded. Its content is edited as the tree of the offer."""

    errors = {
        403: ("wrong_role",),
        409: ("no_draft", "never_published"),
        412: ("changed_meanwhile",),
        428: ("if_match_required",),
    }

    @extend_schema(parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, offer_id: UUID) -> Response:
        """Discard the draft. What is live stays; plans that were never published go with their prices."""
        discard_draft(actor=self.actor, offer=get_own_offer(self.actor, offer_id), revision=parse_revision(request))
        return Response(status=204)


@extend_schema(tags=["Offers"])
class OfferVersionsView(OffersBaseView, UnpaginatedListView):
    """The published versions of an offer, the newest first, with who published each and when."""

    serializer_class = OfferVersionSerializer

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        offer = get_own_offer(self.actor, kwargs["offer_id"])
        persons = list_publishers_by_version(self.actor, offer)
        versions: Any = list(list_published_versions(offer))
        for version in versions:
            version.published_by = persons.get(version.number, "")
            version.is_live = version.pk == offer.live_version_id
        page: Any = self.paginate_queryset(versions)
        return self.get_paginated_response(OfferVersionSerializer(page, many=True).data)


@extend_schema(
    tags=["Offers"],
    parameters=[
        OpenApiParameter("from", str, required=True, description="The number of a version, `live` or `draft`."),
        OpenApiParameter("to", str, required=True, description="Likewise."),
    ],
)
class OfferComparisonView(OffersBaseView, UnpaginatedListView):
    """What differs between two versions of an offer: texts, plans and what resellers alone see."""

    serializer_class = DifferenceSerializer
    errors = {400: ("unknown_version",)}

    def get_accepted_query_parameters(self) -> set[str]:
        return {"from", "to"}

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        offer = get_own_offer(self.actor, kwargs["offer_id"])
        before, after = (self._find_version(offer, name) for name in ("from", "to"))
        page = self.paginate_queryset(compare_versions(make_tree(before), make_tree(after), {}))
        return self.get_paginated_response(DifferenceSerializer(page or [], many=True).data)

    def _find_version(self, offer: Offer, parameter: str) -> OfferVersion:
        try:
            return get_version(offer, self.request.query_params.get(parameter, ""))
        except NotFound:
            raise make_query_parameter_error(
                parameter, "unknown_version", "Use the number of a version, live or draft."
            ) from None


@extend_schema(tags=["Offers"], responses=TechnicalSerializer)
class TechnicalConfigurationView(OffersBaseView):
    """The technical configuration of a SaaS offer. A change holds at once, also while the offer is live."""

    serializer_class = TechnicalSerializer
    errors = {
        403: ("wrong_role",),
        409: ("not_saas",),
        412: ("changed_meanwhile",),
        428: ("if_match_required",),
    }

    def get(self, request: Request, offer_id: UUID) -> Response:
        return self._answer(get_own_offer(self.actor, offer_id))

    @extend_schema(request=TechnicalSerializer, parameters=[IF_MATCH])
    def put(self, request: Request, offer_id: UUID) -> Response:
        offer = get_own_offer(self.actor, offer_id)
        values = self.read_validated_body()
        return self._answer(
            set_technical_configuration(actor=self.actor, offer=offer, seen=read_seen_version(request), **values)
        )

    def _answer(self, offer: Offer) -> Response:
        return set_etag(Response(TechnicalSerializer(offer.private).data), make_technical_version(offer))
