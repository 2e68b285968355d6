"""Endpoints of the catalogue for resellers: offers, the price list, and whether a sale can be made."""

from typing import Any
from uuid import UUID

import django_filters as df
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace.api.catalogue_serializers import (
    CatalogueOfferDetailSerializer,
    CatalogueOfferSerializer,
    EligibilitySerializer,
    PriceListSerializer,
)
from marketplace.catalogue_filters import CatalogueFilterSet, leave_rows
from marketplace.lists.catalogue import CATALOGUE, choose_name_column
from marketplace.models import ChannelInfo, Offer, Plan, Price
from marketplace.policies import ROLE_TABLE, SELLERS, OfferPermission
from marketplace.queries.catalogue import (
    get_published_offer,
    list_plans_with_failed_rules,
    list_published_offers,
    narrow_by_sale,
)
from marketplace.queries.eligibility import ProspectiveSale, find_sale_ground, judge_plan, list_prices_of_sale
from marketplace.queries.health import list_health_issues, map_open_issues
from marketplace.queries.price_list import calculate_last_day, list_price_list
from marketplace.queries.prospects import get_sale
from marketplace.rows.catalogue_api import make_offer_detail, make_offer_items
from marketplace.rows.eligibility import make_reasons
from marketplace.simulator import list_plans_to_ask_about
from partnerportal.lib.api import PaginatedListView, PortalAPIView
from partnerportal.lib.api_pagination import make_query_parameter_error
from partnerportal.lib.countries import list_country_choices
from partnerportal.lib.filters import FilterSet
from partnerportal.lib.visible_rows import get_by_public_id

BROWSE = (ROLE_TABLE, OfferPermission.BROWSE)
FOR_PARTNER = "The public id of the partner that is to sell: by default oneself; a distributor may name a partner."
FOR_CUSTOMER = "The public id of the customer, which must be connected with the partner."


class ApiCatalogueFilterSet(CatalogueFilterSet):
    """The filters of the catalogue in the API, where the sale is named `for_partner` and `for_customer`."""

    partner = customer = None
    for_partner = df.UUIDFilter(method=leave_rows, help_text=FOR_PARTNER)
    for_customer = df.UUIDFilter(method=leave_rows, help_text=FOR_CUSTOMER)


class PriceListFilterSet(FilterSet):
    """The filters of the price list: whose it is, and what has changed."""

    for_partner = df.UUIDFilter(method=leave_rows, help_text=FOR_PARTNER)
    changed_since = df.IsoDateTimeFilter(
        method=leave_rows,
        help_text="Added, withdrawn or limited since then, what is no longer offered, and all of new plans.",
    )

    class Meta:
        model = Price
        fields: list[str] = []


class OfSaleView(PortalAPIView):
    """Base of the endpoints about a sale: its parties are named by query parameters."""

    rule = BROWSE
    errors = {400: ("invalid",), 403: ("no_badge",), 404: ("not_found",)}

    def get_sale_of_request(self, values: dict[str, Any], country: str = "") -> ProspectiveSale:
        """Return the sale that the filters `for_partner` and `for_customer` name."""
        return get_sale(self.actor, values.get("for_partner"), values.get("for_customer"), country)


@extend_schema(tags=["Catalogue"])
class CatalogueView(OfSaleView, PaginatedListView):
    """The published offers of all publishers. The filters are those of the page."""

    model = Offer
    serializer_class = CatalogueOfferSerializer
    filterset_class = ApiCatalogueFilterSet
    sorts = CATALOGUE.sorts
    default_sort = CATALOGUE.default_sort

    def get_queryset(self) -> QuerySet[Offer]:
        return list_published_offers(self.actor)

    def parse_sort_parameter(self) -> tuple[str, bool]:
        column, is_descending = super().parse_sort_parameter()
        return choose_name_column() if column == "sort_en" else column, is_descending

    def list(self, request: Request, *args: object, **kwargs: object) -> Response:
        values = ApiCatalogueFilterSet(request.query_params).cleaned_values
        sale = self.get_sale_of_request(values)
        offers: Any = self.filter_queryset(self.get_queryset())
        offers = narrow_by_sale(offers, self.actor, sale, values)
        page: Any = self.paginate_queryset(offers)
        plans = list_plans_with_failed_rules(self.actor, sale, page)
        prices, issues = list_prices_of_sale(self.actor, sale, plans), map_open_issues(self.actor, page)
        items = make_offer_items(page, plans, prices, issues)
        return self.get_paginated_response(self.get_serializer(items, many=True).data)


@extend_schema(
    tags=["Catalogue"],
    parameters=[
        OpenApiParameter("for_partner", UUID, description=FOR_PARTNER),
        OpenApiParameter("for_customer", UUID, description=FOR_CUSTOMER),
    ],
)
class CatalogueOfferView(OfSaleView):
    """A published offer with its plans, the prices of the partner's market, and what resellers alone see."""

    model = Offer
    serializer_class = CatalogueOfferDetailSerializer

    def get_accepted_query_parameters(self) -> set[str]:
        return {"for_partner", "for_customer"}

    def get(self, request: Request, offer_id: UUID) -> Response:
        offer = get_published_offer(self.actor, offer_id)
        sale = self.get_sale_of_request(read_ids(request, "for_partner", "for_customer"))
        plans = list_plans_with_failed_rules(self.actor, sale, [offer])
        prices = list_prices_of_sale(self.actor, sale, plans)
        channel = ChannelInfo.objects.visible_to(self.actor).filter(version=offer.live_version).first()
        issues = [issue for issue in list_health_issues(self.actor, offer) if not issue.cleared_at]
        detail = make_offer_detail(self.actor, sale, offer, plans, prices, channel, issues)
        return Response(self.get_serializer(detail).data)


@extend_schema(tags=["Catalogue"])
class PriceListView(OfSaleView, PaginatedListView):
    """The prices of one's market and currency that hold today (UTC) or begin later, with what cannot be sold."""

    model = Price
    serializer_class = PriceListSerializer
    filterset_class = PriceListFilterSet
    default_sort = "id"

    def get_queryset(self) -> QuerySet[Price]:
        if self.is_generating_schema:
            return Price.objects.visible_to(self.actor)
        values = PriceListFilterSet(self.request.query_params).cleaned_values
        sale = self.get_sale_of_request(values)
        return list_price_list(self.actor, sale, changed_since=values.get("changed_since"))

    def paginate_queryset(self, queryset: Any) -> Any:
        rows: Any = super().paginate_queryset(queryset)
        for row in rows:
            row.valid_to = calculate_last_day(row)
        return rows


@extend_schema(
    tags=["Catalogue"],
    parameters=[
        OpenApiParameter("plan", UUID, required=True, description="The public id of a plan."),
        OpenApiParameter("partner", UUID, description=FOR_PARTNER + " Publishers and the vendor name any."),
        OpenApiParameter("customer", UUID, description=FOR_CUSTOMER + " Publishers name a country instead."),
        OpenApiParameter("country", str, description="The country of a customer (ISO 3166), without `customer`."),
    ],
)
class EligibilityView(PortalAPIView):
    """Whether a partner may sell a plan to a customer or a country, with every rule that says no."""

    model = Plan
    rule = (ROLE_TABLE, OfferPermission.SIMULATE)
    errors = {400: ("required", "invalid"), 403: ("no_badge",), 404: ("not_found",)}
    serializer_class = EligibilitySerializer

    def get_accepted_query_parameters(self) -> set[str]:
        return {"plan", "partner", "customer", "country"}

    def get(self, request: Request) -> Response:
        ids = read_ids(request, "plan", "partner", "customer")
        if "plan" not in ids:
            raise make_query_parameter_error("plan", "required", _("Specify a plan."))
        if "partner" not in ids and self.actor.organization_kind not in SELLERS:
            raise make_query_parameter_error("partner", "required", _("Specify a partner."))
        country = _read_country(request, has_customer="customer" in ids)
        plan = get_by_public_id(list_plans_to_ask_about(self.actor), ids["plan"])
        sale = get_sale(self.actor, ids.get("partner"), ids.get("customer"), country)
        reasons = make_reasons(self.actor, sale, judge_plan(self.actor, sale, plan))
        ground = find_sale_ground(self.actor, sale, plan)
        answer = {
            "plan": plan.public_id,
            "offer": plan.offer.public_id,
            **{name: getattr(sale, name) for name in ("partner", "customer", "country", "market", "currency")},
            "sellable": not reasons,
            "failed_rules": reasons,
            "allowed_by": ground.code if ground else None,
            "distributor": ground.distributor if ground else None,
        }
        return Response(self.get_serializer(answer).data)


def read_ids(request: Request, *names: str) -> dict[str, UUID]:
    """Return the public ids in these query parameters by name, without those that are not given.

    Raises ValidationError for a value that is no UUID.
    """
    ids = {}
    for name in names:
        if text := request.query_params.get(name, ""):
            try:
                ids[name] = UUID(text)
            except ValueError:
                raise make_query_parameter_error(name, "invalid", _("Use a public ID (a UUID).")) from None
    return ids


def _read_country(request: Request, *, has_customer: bool) -> str:
    country = str(request.query_params.get("country", ""))
    if country and has_customer:
        raise make_query_parameter_error("country", "invalid", _("Specify a customer or a country, not both."))
    if country and country not in dict(list_country_choices()):
        raise make_query_parameter_error("country", "invalid", _("Use a two-letter country code."))
    return country
