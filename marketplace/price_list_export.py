"""The price list of a partner's market as an exported list."""

import datetime as dt
from typing import Any

from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy

from marketplace.catalogue_filters import CatalogueFilterSet, ExportedPriceListFilterSet
from marketplace.models import Price
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.catalogue import list_published_offers, narrow_by_sale
from marketplace.queries.price_list import calculate_last_day, list_price_list
from marketplace.queries.prospects import describe_lost_party, find_sale
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import ActionRefused
from partnerportal.lib.exports.columns import (
    join_with_semicolons,
    make_datetime_column,
    make_identifier_column,
    make_text_column,
    make_translated_column,
    make_unchanged_column,
)
from partnerportal.lib.exports.lists import ExportableList, Query


def _prices(actor: Actor, query: Query, _customer: int | None) -> QuerySet[Any]:
    """Return the price list, narrowed as the catalogue is, for the partner and the customer that its filters name.

    With `changed_since` it is what has changed since then, as the API says it.
    """
    values = ExportedPriceListFilterSet(query).cleaned_values
    sale = find_sale(actor, values)
    if lost := describe_lost_party(values, sale.partner, sale.customer):
        raise ActionRefused("not_shared", lost)  # a file for somebody else would be taken for that of the chosen one
    rows = list_price_list(actor, sale, changed_since=values.pop("changed_since", None))
    if narrowing := values.keys() - {"partner", "customer"}:
        offers = CatalogueFilterSet({name: values[name] for name in narrowing}, list_published_offers(actor)).qs
        rows = rows.filter(plan__offer__in=narrow_by_sale(offers, actor, sale, values).order_by().values("pk"))
    return rows.order_by("plan__offer__code", "plan__offer", "plan__position", "pk")


def _offer_name(price: Price) -> str:
    return str(price.plan.offer.shown_listing["name"])


def _plan_name(price: Price) -> str:
    return price.plan.local_name


def _last_day(price: Price) -> str:
    day: dt.date | None = calculate_last_day(price)
    return day.isoformat() if day else ""


PRICE_LIST = ExportableList(
    key="price_list",
    label=gettext_lazy("Price list"),
    rows=_prices,
    rule=(ROLE_TABLE, OfferPermission.BROWSE),
    filters=frozenset(ExportedPriceListFilterSet.base_filters),
    columns=(
        make_text_column("publisher", "plan__offer__publisher__name"),
        make_text_column("offer", "plan__offer__code"),
        make_translated_column("offer_name", _offer_name),
        make_text_column("plan", "plan__code"),
        make_translated_column("plan_name", _plan_name),
        make_unchanged_column("pricing_model", "plan__offer__pricing_model"),
        make_text_column("market", "market__code"),
        make_unchanged_column("currency"),
        make_unchanged_column("term"),
        make_unchanged_column("billing"),
        make_unchanged_column("amount"),
        make_unchanged_column("valid_from"),
        make_translated_column("valid_to", _last_day),
        make_unchanged_column("failed_rules", join_with_semicolons(F("failed_rules"))),
        make_datetime_column("added_at", "created_at"),
        make_datetime_column("withdrawn_at"),
        make_identifier_column("offer_id", "plan__offer__public_id"),
        make_identifier_column("plan_id", "plan__public_id"),
    ),
)
