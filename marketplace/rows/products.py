"""The rows of the pages of a publisher's products, in the reader's words."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.models import OFFER_MEASURES, Measure, Product
from marketplace.product_filters import OTHER_COUNTRIES_LABEL, PRODUCT_TYPES
from marketplace.queries.products import Sums, get_year_before
from partnerportal.lib import formats
from partnerportal.lib.chart_tables import NO_NUMBER
from partnerportal.lib.countries import get_country_name
from partnerportal.lib.errors import Message
from partnerportal.lib.small_sums import FEWEST, OTHERS


@dataclass(frozen=True)
class ProductNumber:
    """A sum of a product as text, with its change against the year before. `reason` says why there is no number."""

    label: str
    text: str
    change: str = ""
    tone: str = ""
    reason: str = ""


def explain_too_few() -> str:
    """Return why a sum is not shown."""
    return _("Fewer than %(number)s customers") % {"number": formats.format_number(FEWEST)}


def make_product_number(product: Product, measure: Measure, month: dt.date, sums: Sums) -> ProductNumber:
    """Return the number of a measure in a month, compared with the year before."""
    label = str(measure.label)
    if product.is_offer and measure not in OFFER_MEASURES:
        return ProductNumber(label, NO_NUMBER, reason=_("Not counted for offers"))
    now, before = (sums.get((product.pk, at, measure)) for at in (month, get_year_before(month)))
    if now is None:
        return ProductNumber(label, NO_NUMBER, reason=explain_too_few())
    return ProductNumber(label, formats.format_number(now), *describe_change(now, before))


def describe_change(now: int, before: int | None) -> tuple[str, str]:
    """Return by how much a sum has grown since the year before, such as "+12%", and its tone; nothing without one."""
    if not before:
        return "", ""
    ratio = now / before - 1
    if not round(ratio * 100):
        return formats.format_percent(0), ""
    sign, tone = ("+", "ok") if ratio > 0 else ("−", "bad")
    return f"{sign}{formats.format_percent(abs(ratio))}", tone


@dataclass(frozen=True)
class ProductRow:
    """A row of the list of products."""

    name: str
    code: str
    type: Message
    url: str
    numbers: dict[str, ProductNumber]


def make_product_rows(products: Iterable[Product], month: dt.date, sums: Sums, query: str = "") -> list[ProductRow]:
    """Return the rows of products with their numbers in a month. `query` is added to the URLs of their pages."""
    return [
        ProductRow(
            name=product.local_name,
            code=product.code,
            type=PRODUCT_TYPES["offer" if product.is_offer else "sku"],
            url=reverse("product", args=[product.public_id]) + (f"?{query}" if query else ""),
            numbers={str(measure): make_product_number(product, measure, month, sums) for measure in Measure},
        )
        for product in products
    ]


@dataclass(frozen=True)
class ProductGrowth:
    """A product on the start page: how many licences it has, and by how much they have grown in a year."""

    name: str
    url: str
    count: int
    text: str
    change: str
    tone: str


def make_product_growth(product: Product, month: dt.date, sums: Sums) -> ProductGrowth:
    """Return the growth of a product's licences, of which the month has a sum."""
    now, before = (sums.get((product.pk, at, Measure.SEATS)) for at in (month, get_year_before(month)))
    url = reverse("product", args=[product.public_id])
    return ProductGrowth(
        product.local_name, url, now or 0, formats.format_number(now or 0), *describe_change(now or 0, before)
    )


@dataclass(frozen=True)
class CountryShare:
    """A country in the ranking of a product's countries: its sum, and its bar in percent of the largest."""

    name: str
    text: str
    share: str  # of the total
    width: int


def rank_countries(sums: Sequence[tuple[str, int]]) -> list[CountryShare]:
    """Return the countries in this order, each with its share of the total."""
    total, largest = sum(amount for _country, amount in sums), max((amount for _country, amount in sums), default=0)
    return [
        CountryShare(
            name=str(OTHER_COUNTRIES_LABEL) if country == OTHERS else get_country_name(country),
            text=formats.format_number(amount),
            share=formats.format_percent(amount / total),
            width=max(round(100 * amount / largest), 1),
        )
        for country, amount in sums
    ]


def describe_count(latest: dict[str, Any]) -> str:
    """Return when the products were counted, and up to which day usage had been reported; "" before the first count."""
    if not latest["counted_at"]:
        return ""
    counted = _("Counted on %(day)s.") % {"day": formats.format_date(latest["counted_at"])}
    if not latest["reported_on"]:
        return counted
    return f"{counted} " + _("Usage as of %(day)s.") % {"day": formats.format_date(latest["reported_on"])}
