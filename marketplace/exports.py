"""The lists of the marketplace that can be exported."""

from uuid import UUID

from django.db.models import CharField, Func, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from marketplace.models import MarketCountry, ResellerListing
from marketplace.models.price import PriceQuerySet
from marketplace.models.product import ProductQuerySet
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.price_list_export import PRICE_LIST
from marketplace.product_filters import ProductFilterSet
from marketplace.queries.audience import list_audience, parse_tenant_id
from marketplace.queries.offers import get_own_offer
from marketplace.queries.prices import PRICED, list_current_prices
from marketplace.queries.products import list_own_figures, list_own_products, parse_country
from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.columns import (
    make_datetime_column,
    make_identifier_column,
    make_text_column,
    make_unchanged_column,
)
from partnerportal.lib.exports.lists import ExportableList, Query


def _audience(actor: Actor, query: Query, _customer: int | None) -> QuerySet[ResellerListing]:
    """Return the audience of the publisher's offer that the filter `offer` names, with its saved additions (E-9)."""
    offer = get_own_offer(actor, parse_tenant_id(query.get("offer", "")) or UUID(int=0))
    market = MarketCountry.objects.filter(country=OuterRef("country")).values("market__name")
    return list_audience(actor, offer).annotate(region=Subquery(market)).order_by("name_folded", "organization")


def _prices(actor: Actor, query: Query, _customer: int | None) -> PriceQuerySet:
    """Return the prices of the publisher's offer that the filter `offer` names: those in force, and upcoming ones."""
    offer = get_own_offer(actor, parse_tenant_id(query.get("offer", "")) or UUID(int=0))
    return list_current_prices(actor, offer).order_by(*PRICED)


def _product_figures(actor: Actor, query: Query, _customer: int | None) -> ProductQuerySet:
    """Return the sums of the publisher's products: of the month and country of the filters, else of all there are."""
    products = list_own_products(actor)
    if public_id := query.get("product"):
        products = products.filter(public_id=parse_tenant_id(public_id) or UUID(int=0))
    filters = ProductFilterSet(query, products)
    chosen = filters.cleaned_values
    figures = list_own_figures(actor).filter(product__in=filters.qs)
    if month := chosen.get("month"):
        figures = figures.filter(month=f"{month}-01")
    if country := chosen.get("country"):
        figures = figures.filter(country=parse_country(country))
    return figures.order_by("product__name_folded", "product", "-month", "measure", "country")


LISTS = (
    PRICE_LIST,
    ExportableList(
        key="product_figures",
        label=_("Your products"),
        rows=_product_figures,
        rule=(ROLE_TABLE, OfferPermission.VIEW_PRODUCTS),
        filters=frozenset({"product", "q", "type", "month", "country"}),
        columns=(
            make_text_column("product", "product__code"),
            make_text_column("name", "product__name"),
            make_unchanged_column("month"),
            make_unchanged_column("measure"),
            make_unchanged_column("country"),
            make_unchanged_column("amount"),
        ),
    ),
    ExportableList(
        key="audience",
        label=_("CSP reseller audience"),
        rows=_audience,
        rule=(ROLE_TABLE, OfferPermission.VIEW_OWN),
        filters=frozenset({"offer"}),
        columns=(
            make_identifier_column("tenant_id"),
            make_text_column("partner_name", "name"),
            make_text_column("partner_id"),
            make_unchanged_column("country"),
            make_text_column("region"),
            make_datetime_column("authorized_since", "since"),
        ),
    ),
    ExportableList(
        key="prices",
        label=_("Prices of an offer"),
        rows=_prices,
        rule=(ROLE_TABLE, OfferPermission.VIEW_OWN),
        filters=frozenset({"offer"}),
        columns=(
            make_unchanged_column("plan", "plan__code"),
            make_unchanged_column("market", "market__code"),
            make_unchanged_column("currency"),
            make_unchanged_column("term"),
            make_unchanged_column("billing"),
            make_unchanged_column("amount", Func("amount", function="trim_scale", output_field=CharField())),
            make_unchanged_column("valid_from"),
        ),
    ),
)
