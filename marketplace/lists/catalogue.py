"""The catalogue of published offers, as partners and distributors see it: what its URL asks for, and its rows."""

import datetime as dt
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from marketplace.catalogue_filters import CatalogueFilterSet
from marketplace.models import Category, Offer, OfferType, PricingModel
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.catalogue import (
    SELLABLE,
    count_offers_by_reason,
    list_categories,
    list_filter_categories,
    list_plans_with_failed_rules,
    list_published_offers,
    list_publishers,
    narrow_by_sale,
)
from marketplace.queries.eligibility import ProspectiveSale, list_prices_of_sale
from marketplace.queries.health import map_open_issues
from marketplace.queries.prospects import describe_lost_party, find_sale
from marketplace.rows.catalogue import CatalogueRow, make_catalogue_rows, name_categories
from marketplace.rows.eligibility import format_reason_counts
from partnerportal.lib.actors import Actor
from partnerportal.lib.days import today
from partnerportal.lib.keyset import annotate_total_row_count, fetch_keyset_page_or_first
from partnerportal.lib.list_filters import DAYS, Choices, FilterRange, SeveralValues
from partnerportal.lib.lists import ListColumn, ListDefinition, ListTab, build_query_string
from partnerportal.lib.neighbours import RecordList, RecordOrder


def pair_categories(actor: Actor, categories: list[Category]) -> Choices:
    """Return pairs of a category's code and its name: those at the top, each followed by those below it."""
    return list(name_categories(list_filter_categories(actor, categories)).items())


def list_shown_categories(actor: Actor) -> Choices:
    """Return the categories by which offers can be filtered."""
    return pair_categories(actor, list_categories())


def list_shown_publishers(actor: Actor) -> Choices:
    """Return the publishers of published offers, by name."""
    return [(str(row.public_id), row.name) for row in list_publishers(actor)]


SEVERAL = {  # of every list of published offers
    "category": SeveralValues(gettext_lazy("Category"), list_shown_categories),
    "publisher": SeveralValues(gettext_lazy("Publisher"), list_shown_publishers),
    "type": SeveralValues.from_choices(gettext_lazy("Type"), OfferType.choices),
}
CATALOGUE = ListDefinition(
    key="catalogue",
    label=gettext_lazy("Marketplace"),
    url_name="catalogue",
    rule=(ROLE_TABLE, OfferPermission.BROWSE),
    columns=(  # each column has its branch in parts/catalogue_row.html
        ListColumn(name="name", label=gettext_lazy("Offer"), sort="sort_en"),
        ListColumn(name="publisher", label=gettext_lazy("Publisher")),
        ListColumn(name="category", label=gettext_lazy("Category"), css="wide-only"),
        ListColumn(name="type", label=gettext_lazy("Type"), css="wide-only"),
        ListColumn(name="price", label=gettext_lazy("Price from"), css="num"),
        ListColumn(name="sellable", label=gettext_lazy("Can be sold")),
    ),
    filter_set=CatalogueFilterSet,
    fields=("q", "category", "publisher", "type", "pricing"),
    ranges=(FilterRange("published_from", "published_to", gettext_lazy("First published"), DAYS),),
    several=SEVERAL | {"pricing": SeveralValues.from_choices(gettext_lazy("Pricing model"), PricingModel.choices)},
    default_sort="name",
    more_sorts={"published": "published_at"},
)
CHANGES = (7, 30, 90)  # days back from which the changes of prices are offered as a file
SORTED_BY_NAME = {"en": "sort_en", "fr": "sort_fr", "ja": "sort_ja"}


def choose_name_column() -> str:
    """Return the column with the names as the reader sees them, to sort by."""
    return SORTED_BY_NAME.get(get_language() or "en", "sort_en")


def parse_offer_order(definition: ListDefinition, params: Mapping[str, str]) -> dict[str, Any]:
    """Return the order of a list of offers as arguments of a keyset page; names are sorted as the reader sees them."""
    options = definition.parse_keyset_order(params)
    return options | {"sort": choose_name_column()} if options["sort"] == "sort_en" else options


class PublishedOfferList(RecordList):
    """The base of lists of published offers: their categories, and the choices of the filters that all of them have."""

    @classmethod
    def name_record(cls, record: Offer) -> str:
        return str(record.shown_listing["name"])

    @cached_property
    def categories(self) -> list[Category]:
        """All categories, in the order of the vendor's catalogue."""
        return list_categories()

    @cached_property
    def category_names(self) -> dict[str, str]:
        """The names of all categories by their codes."""
        return name_categories(self.categories)

    @property
    def match_count_label(self) -> str:
        return ngettext("%(total)s offer", "%(total)s offers", self.matching or 0) % {"total": self.total}

    def list_choices(self, name: str) -> Choices:
        """Return the choices of a filter that may have several values, of categories from those that the page has."""
        return pair_categories(self.actor, self.categories) if name == "category" else super().list_choices(name)

    @property
    def category_choices(self) -> Choices:
        """The choices of the filter by category: those at the top, each followed by those below it."""
        return self.list_field_choices("category")

    @cached_property
    def publisher_choices(self) -> Choices:
        """The choices of the filter by publisher."""
        return self.list_field_choices("publisher")

    @property
    def type_choices(self) -> Choices:
        """The choices of the filter by type."""
        return self.list_field_choices("type")


class CatalogueList(PublishedOfferList):
    """The catalogue as its page shows it, for a partner that is to sell and, if one is chosen, its customer.

    A customer or partner in the URL whom the actor may not ask about is ignored, like every bad value.
    """

    definition = CATALOGUE
    tab_filters = ("sellable", "partner", "customer")
    kept_parameters = ("partner", "customer")

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        super().__init__(actor, params)
        values = CatalogueFilterSet(params).cleaned_values
        self.sale = find_sale(actor, values)
        self.lost_party = describe_lost_party(values, self.sale.partner, self.sale.customer)
        order = self._order(actor, params, values, self.sale)
        self.filter_values = order.filter_values
        self.offers = CatalogueFilterSet(self.filter_values, order.records).qs
        listed = annotate_total_row_count(order.listed)
        self.page = fetch_keyset_page_or_first(listed, size=self.size, cursor=self.cursor, **order.options)
        self.matching = self.page.rows[0].total_count if self.page.rows else 0

    @classmethod
    def order_records(cls, actor: Actor, params: Mapping[str, str]) -> RecordOrder:
        values = CatalogueFilterSet(params).cleaned_values
        return cls._order(actor, params, values, find_sale(actor, values))

    @classmethod
    def _order(
        cls, actor: Actor, params: Mapping[str, str], asked: Mapping[str, Any], sale: ProspectiveSale
    ) -> RecordOrder:
        values = dict(asked)
        if sale.customer is None:
            values.pop("customer", None)
        if sale.partner.pk == actor.organization_id:
            values.pop("partner", None)
        offers = list_published_offers(actor)
        return RecordOrder(
            records=offers,
            listed=narrow_by_sale(CatalogueFilterSet(values, offers).qs, actor, sale, values),
            filter_values=values,
            options=parse_offer_order(cls.definition, params),
        )

    @cached_property
    def rows(self) -> list[CatalogueRow]:
        """The rows of the page."""
        plans = list_plans_with_failed_rules(self.actor, self.sale, self.page.rows)
        prices = list_prices_of_sale(self.actor, self.sale, plans)
        issues = map_open_issues(self.actor, self.page.rows)
        return make_catalogue_rows(self.page.rows, plans, prices, issues, self.category_names, self.sale_query)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many offers of the filters can be sold, and how many of the others fail which rule."""
        return count_offers_by_reason(self.offers, self.actor, self.sale)

    @property
    def filter_tabs(self) -> list[ListTab]:
        """The tabs of all offers, of those that can be sold, and of the others."""
        chosen = self.filter_values.get("sellable")
        total, sellable = self.counts["total"], self.counts[SELLABLE]
        tabs = (
            (_("All offers"), None, total),
            (_("Can be sold"), True, sellable),
            (_("Can’t be sold"), False, total - sellable),
        )
        return [
            ListTab(label, self.build_url(sellable=value, reason="", view=""), count, chosen is value)
            for label, value, count in tabs
        ]

    @property
    def reason_links(self) -> list[ListTab]:
        """A link for each rule that some offers fail, with their number, which leads to these offers."""
        chosen = self.filter_values.get("reason")
        return [
            ListTab(label, self.build_url(reason="" if chosen == rule else rule.value), count, chosen == rule)
            for rule, label, count in format_reason_counts(self.counts)
        ]

    @property
    def sale_query(self) -> str:
        """The chosen partner and customer as a query string without "?"."""
        return build_query_string({name: self.filter_values.get(name, "") for name in ("partner", "customer")})

    @property
    def price_list_exports(self) -> list[tuple[str, str, str]]:
        """The files of prices: the icon, the label and the query of all that is listed, and of what has changed."""
        asked, midnight = self.filter_query_string, dt.time(tzinfo=dt.UTC)
        choices = [("list", _("Price list"), asked)]
        for days in CHANGES:
            since = dt.datetime.combine(today() - dt.timedelta(days), midnight).isoformat()
            label = ngettext("Changes in the last %(number)s day", "Changes in the last %(number)s days", days)
            query = build_query_string({"changed_since": since})
            choices.append(("history", label % {"number": days}, f"{asked}&{query}" if asked else query))
        return choices

    @property
    def whole_catalogue_url(self) -> str:
        """The URL of the same list for the acting organisation and no customer in particular."""
        return self.build_url(partner="", customer="")

    @property
    def all_url(self) -> str:
        """The URL of the same list with what can be sold and what cannot."""
        return self.build_url(sellable="", reason="")

    @property
    def pricing_choices(self) -> Choices:
        """The choices of the filter by pricing model."""
        return self.list_field_choices("pricing")
