"""A publisher's products: the list with their numbers, and the page of one over time and by country."""

import datetime as dt
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from marketplace.models import OFFER_MEASURES, Measure, Product
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.product_filters import OTHER_COUNTRIES_LABEL, PRODUCT_TYPES, ProductFilterSet
from marketplace.queries.products import (
    OTHER_COUNTRIES,
    count_own_products_by_type,
    find_latest_count,
    get_year_before,
    list_counted_countries,
    list_counted_months,
    list_figures_by_country,
    list_months,
    list_own_products,
    sum_figures,
)
from marketplace.rows.products import (
    CountryShare,
    ProductNumber,
    ProductRow,
    describe_count,
    make_product_number,
    make_product_rows,
    rank_countries,
)
from partnerportal.lib import charts, formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.chart_tables import (
    ChartWithTable,
    describe_chart_series,
    draw_chart_wide_and_narrow,
    format_number_or_dash,
)
from partnerportal.lib.countries import get_country_name, pair_countries
from partnerportal.lib.days import today
from partnerportal.lib.keyset import fetch_keyset_page_or_first
from partnerportal.lib.lists import ListColumn, ListDefinition, ListTab, build_list_url, build_query_string
from partnerportal.lib.neighbours import RecordList, RecordOrder
from partnerportal.lib.small_sums import OTHERS

PRODUCTS = ListDefinition(
    key="products",
    label=gettext_lazy("Your products"),
    url_name="products",
    rule=(ROLE_TABLE, OfferPermission.VIEW_PRODUCTS),
    columns=(  # each column has its branch in parts/product_row.html
        ListColumn(name="name", label=gettext_lazy("Product"), sort="name_folded"),
        ListColumn(name="type", label=gettext_lazy("Type")),
        *(ListColumn(name=str(measure), label=measure.label, css="num") for measure in Measure),
    ),
    filter_set=ProductFilterSet,
    fields=("q", "month", "country"),
    default_sort="name",
)


def write_month(month: dt.date) -> str:
    """Return a month as it stands in URLs, such as 2026-11."""
    return month.isoformat()[:7]


class FigureChoices:
    """The month and the country whose sums a page shows, as its URL asks for, with the choices of both.

    A month without figures is taken for the latest. A product, if one is given, limits the choices.
    """

    def __init__(self, actor: Actor, params: Mapping[str, str], product: Product | None = None) -> None:
        self.counted_months = list_counted_months(actor, product)
        self.countries = list_counted_countries(actor, product)
        values = ProductFilterSet({name: params.get(name, "") for name in ("month", "country")}).cleaned_values
        by_name = {write_month(month): month for month in self.counted_months}
        self.latest = self.counted_months[0] if self.counted_months else today().replace(day=1)
        self.month = by_name.get(values.get("month", ""), self.latest)
        self.country = str(values.get("country", ""))

    @property
    def url_values(self) -> dict[str, str]:
        """The values of the URL's parameters, empty where they are the usual ones."""
        return {"month": "" if self.month == self.latest else write_month(self.month), "country": self.country}

    @property
    def month_choices(self) -> list[tuple[str, str]]:
        """The months to choose from, the latest first."""
        return [(write_month(month), formats.format_month(month)) for month in self.counted_months]

    @property
    def country_choices(self) -> list[tuple[str, str]]:
        """The countries to choose from by name, and the others together."""
        alone = pair_countries(code for code in self.countries if code != OTHERS)
        joined = [(OTHER_COUNTRIES, str(OTHER_COUNTRIES_LABEL))] if OTHERS in self.countries else []
        return [*alone, *joined]


class ProductList(RecordList):
    """The publisher's list of products as its page shows it, with a tab for SKUs and one for offers."""

    definition = PRODUCTS
    tab_filters = ("type",)
    kept_parameters = ("month", "country", "measure")

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        super().__init__(actor, params)
        self.figures = FigureChoices(actor, params)
        order = self.order_records(actor, params)
        self.filter_values = dict(order.filter_values) | {
            name: value for name, value in self.figures.url_values.items() if value
        }
        self.tab = self.filter_values.get("type", "")
        self.page = fetch_keyset_page_or_first(order.listed, size=self.size, cursor=self.cursor, **order.options)

    @classmethod
    def order_records(cls, actor: Actor, params: Mapping[str, str]) -> RecordOrder:
        products = list_own_products(actor)
        cleaned = ProductFilterSet(params).cleaned_values
        values: dict[str, Any] = {name: cleaned[name] for name in ("q", "type") if name in cleaned}
        listed = ProductFilterSet(values, products).qs
        options = cls.definition.parse_keyset_order(params)
        return RecordOrder(records=products, listed=listed, filter_values=values, options=options)

    @classmethod
    def name_record(cls, record: Product) -> str:
        return record.local_name

    @cached_property
    def rows(self) -> list[ProductRow]:
        """The rows of the page, with the numbers of the month and its country."""
        month, keys = self.figures.month, [product.pk for product in self.page.rows]
        sums = sum_figures(self.actor, keys, (month, get_year_before(month)), self.figures.country)
        return make_product_rows(self.page.rows, month, sums, build_query_string(self.figures.url_values))

    @cached_property
    def counts(self) -> dict[str, int]:
        """The number of products by type, for the tabs."""
        return count_own_products_by_type(self.actor)

    @property
    def has_none(self) -> bool:
        """Whether the publisher has no product yet."""
        return not any(self.counts.values())

    @property
    def filter_tabs(self) -> list[ListTab]:
        """The tab of all products, and one for each type."""
        labels = {"sku": _("SKUs"), "offer": _("Offers")}
        every = ListTab(
            pgettext("products", "All"), self.build_url(type="", view=""), sum(self.counts.values()), not self.tab
        )
        return [
            every,
            *(
                ListTab(labels[type], self.build_url(type=type, view=""), self.counts[type], type == self.tab)
                for type in PRODUCT_TYPES
            ),
        ]

    @property
    def month_name(self) -> str:
        """The month whose numbers are shown."""
        return formats.format_month(self.figures.month)

    @cached_property
    def as_of(self) -> str:
        """When the products were counted."""
        return describe_count(find_latest_count(self.actor))


class ProductPage:
    """The page of one product: its numbers in a month, a measure over thirteen months, and by country.

    An unknown measure in the URL gives licences, as does one that is not counted for offers.
    """

    def __init__(self, actor: Actor, product: Product, params: Mapping[str, str]) -> None:
        self.actor, self.product = actor, product
        self.figures = FigureChoices(actor, params, product)
        self.measures = OFFER_MEASURES if product.is_offer else tuple(Measure)
        self.measure = next((one for one in self.measures if one == params.get("measure")), Measure.SEATS)
        self.months = list_months(self.figures.latest)[::-1]
        years_before = {get_year_before(self.figures.month), self.figures.month}
        self._sums = sum_figures(actor, [product.pk], {*self.months, *years_before}, self.figures.country)

    @property
    def has_figures(self) -> bool:
        """Whether any sum of the product is shown."""
        return bool(self.figures.counted_months)

    @property
    def type(self) -> Any:
        """What the product is."""
        return PRODUCT_TYPES["offer" if self.product.is_offer else "sku"]

    @cached_property
    def numbers(self) -> list[ProductNumber]:
        """The numbers of the chosen month."""
        return [make_product_number(self.product, measure, self.figures.month, self._sums) for measure in self.measures]

    @property
    def month_name(self) -> str:
        """The month whose numbers are shown."""
        return formats.format_month(self.figures.month)

    @property
    def country_name(self) -> str:
        """The country whose numbers are shown, or "" for all."""
        return dict(self.figures.country_choices).get(self.figures.country) or get_country_name(self.figures.country)

    @cached_property
    def chart(self) -> ChartWithTable:
        """The chart of the chosen measure over thirteen months. A month with too few customers is a gap."""
        names = [formats.format_month(month) for month in self.months]
        values = [self._sums.get((self.product.pk, month, self.measure)) for month in self.months]
        title = str(self.measure.label)
        return ChartWithTable(
            key="product",
            title=title,
            description=describe_chart_series(names, values),
            drawings=draw_chart_wide_and_narrow(
                lambda dimensions: charts.build_line_chart(dimensions, [(title, values)], names)
            ),
            head=[_("Month"), title],
            rows=[(name, [format_number_or_dash(value)]) for name, value in zip(names, values, strict=True)],
        )

    @cached_property
    def countries(self) -> list[CountryShare]:
        """The countries of the chosen measure and month, the largest first."""
        return rank_countries(list_figures_by_country(self.actor, self.product, self.figures.month, str(self.measure)))

    @property
    def measure_choices(self) -> list[dict[str, Any]]:
        """The measures that can be chosen, each as a dict with its label, its URL and whether it is current."""
        return [
            {"label": measure.label, "url": self.build_url(measure=str(measure)), "is_current": measure == self.measure}
            for measure in self.measures
        ]

    def build_url(self, **changes: Any) -> str:
        """Return the URL of the page with these query parameters changed. Usual values are left out."""
        values = {"measure": str(self.measure), **self.figures.url_values, **changes}
        return build_list_url("", values, {"measure": str(Measure.SEATS)})

    @cached_property
    def as_of(self) -> str:
        """When the product was counted."""
        return describe_count({"counted_at": self.product.counted_at, "reported_on": self.product.reported_on})
