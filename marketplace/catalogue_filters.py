"""The filters of the catalogue, on its page, in saved views and in the API. On a page a bad value is ignored."""

from typing import Any

import django_filters as df
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from marketplace.models import Offer, OfferType, PricingModel
from marketplace.models.offer import OfferQuerySet
from marketplace.queries.catalogue import make_offer_condition
from marketplace.queries.categories import list_codes_below
from marketplace.queries.eligibility import SALE_RULES
from partnerportal.lib.filters import (
    FilterSet,
    SeveralFilter,
    SeveralIdsFilter,
    SeveralTextsFilter,
    SinceDayFilter,
    UntilDayFilter,
)


def leave_rows(rows: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
    """Return the rows as they are: the method of filters that a list applies itself."""
    return rows


class StorefrontFilterSet(FilterSet):
    """The filters of published offers that everybody has: text, category, publisher, type and day.

    `q` matches a part of the name or summary in any language, of the code or of the publisher's name, without regard
    to case and accents. A category includes those below it.
    """

    q = df.CharFilter(method="filter_by_text", label=_("Name or publisher"), max_length=200)
    category = SeveralTextsFilter(method="filter_by_category", label=_("Category"), max_length=50)
    publisher = SeveralIdsFilter("publisher__public_id", label=_("Publisher"))
    type = SeveralFilter(choices=OfferType.choices, label=_("Type"))
    published_from = SinceDayFilter("published_at")
    published_to = UntilDayFilter("published_at")

    class Meta:
        model = Offer
        fields: list[str] = []

    def filter_by_text(self, rows: OfferQuerySet, name: str, value: str) -> OfferQuerySet:
        """Keep offers of which each word is in their names, summaries or code, or in the publisher's name."""
        return rows.filter(make_offer_condition(rows, value))

    def filter_by_category(self, rows: OfferQuerySet, name: str, value: list[str]) -> OfferQuerySet:
        """Keep offers of the categories with these codes, or of those below them."""
        return rows.filter(categories__overlap=[*value, *list_codes_below(value)])


class CatalogueFilterSet(StorefrontFilterSet):
    """The filters of the catalogue: those of all offers, the pricing model, and what depends on a sale.

    `partner` and `customer` name who is to sell to whom; `sellable` and `reason` are about that sale. The list applies
    these four itself, because they need the facts about the sale.
    """

    pricing = SeveralFilter("pricing_model", choices=PricingModel.choices, label=_("Pricing model"))
    sellable = df.BooleanFilter(method=leave_rows, widget=df.widgets.BooleanWidget, label=_("Can be sold"))
    reason = df.ChoiceFilter(method=leave_rows, choices=SALE_RULES)
    partner = df.UUIDFilter(method=leave_rows)
    customer = df.UUIDFilter(method=leave_rows)


class ExportedPriceListFilterSet(CatalogueFilterSet):
    """The filters of the price list as a file: those of the catalogue, and from when on something has changed."""

    changed_since = df.IsoDateTimeFilter(method=leave_rows)
