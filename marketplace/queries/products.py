"""Queries for a publisher's products and the sums over their customers."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Sum

from entitlements.models import get_first_day_of_month
from marketplace.models import Product, ProductFigure
from marketplace.models.product import ProductQuerySet
from partnerportal.lib.actors import Actor
from partnerportal.lib.small_sums import OTHERS
from partnerportal.lib.visible_rows import get_by_public_id

MONTHS = 13  # of a chart: the present one, and those up to the same of the year before
OTHER_COUNTRIES = "other"  # what stands in URLs for the countries that do not stand alone

Sums = Mapping[tuple[int, dt.date, str], int]  # by product, month and measure


def list_months(last: dt.date, number: int = MONTHS) -> list[dt.date]:
    """Return the first days of so many months, from that of `last` back."""
    months = [get_first_day_of_month(last)]
    while len(months) < number:
        months.append(get_first_day_of_month(months[-1] - dt.timedelta(days=1)))
    return months


def get_year_before(month: dt.date) -> dt.date:
    """Return the same month of the year before."""
    return month.replace(year=month.year - 1)


def list_own_products(actor: Actor) -> ProductQuerySet:
    """Return the acting publisher's products."""
    products: ProductQuerySet = Product.objects.visible_to(actor).filter(publisher=actor.organization_id)
    return products


def get_own_product(actor: Actor, public_id: UUID) -> Product:
    """Return a product of the acting publisher. Raises NotFound for one of another."""
    return get_by_public_id(list_own_products(actor), public_id)


def count_own_products_by_type(actor: Actor) -> dict[str, int]:
    """Return how many of the acting publisher's products are SKUs and how many are offers, by "sku" and "offer"."""
    return list_own_products(actor).aggregate(sku=Count("sku"), offer=Count("offer"))


def list_own_figures(actor: Actor) -> ProductQuerySet:
    """Return the figures of the acting publisher's products."""
    figures: ProductQuerySet = ProductFigure.objects.visible_to(actor).filter(publisher=actor.organization_id)
    return figures


def list_counted_months(actor: Actor, product: Product | None = None) -> list[dt.date]:
    """Return the months of which the publisher, or one of its products, has figures, the latest first."""
    figures = list_own_figures(actor)
    figures = figures.filter(product=product) if product else figures
    return list(figures.order_by("-month").values_list("month", flat=True).distinct())


def find_latest_month(actor: Actor) -> dt.date | None:
    """Return the latest month of which the publisher has figures, or None."""
    month: dt.date | None = list_own_figures(actor).aggregate(month=Max("month"))["month"]
    return month


def list_counted_countries(actor: Actor, product: Product | None = None) -> list[str]:
    """Return the codes of the countries that stand alone in some month, OTHERS for the others together."""
    figures = list_own_figures(actor)
    figures = figures.filter(product=product) if product else figures
    return list(figures.order_by("country").values_list("country", flat=True).distinct())


def parse_country(value: str) -> str:
    """Return the country of a figure that a value of a URL names."""
    return OTHERS if value == OTHER_COUNTRIES else value


def sum_figures(actor: Actor, products: Collection[int], months: Collection[dt.date], country: str = "") -> Sums:
    """Return what is shown of some products of the publisher, given by primary key, in some months.

    `country` is that of a URL, "" for all countries together. What is missing counts fewer than five customers.
    """
    figures = list_own_figures(actor).filter(product__in=products, month__in=months)
    if country:
        figures = figures.filter(country=parse_country(country))
    sums = figures.order_by().values_list("product", "month", "measure").annotate(total=Sum("amount"))
    return {(product, month, measure): int(total) for product, month, measure, total in sums}


def list_figures_by_country(actor: Actor, product: Product, month: dt.date, measure: str) -> list[tuple[str, int]]:
    """Return the countries with their sums in a month, the largest first, and the others together last."""
    figures = list_own_figures(actor).filter(product=product, month=month, measure=measure)
    rows = figures.values_list("country", "amount")
    return sorted(rows, key=lambda row: (row[0] == OTHERS, -row[1], row[0]))


def find_latest_count(actor: Actor) -> dict[str, Any]:
    """Return when the publisher's products were last counted, and the latest day of use that was reported by then."""
    return list_own_products(actor).aggregate(counted_at=Max("counted_at"), reported_on=Max("reported_on"))


def list_largest_products(actor: Actor, month: dt.date, measure: str, number: int) -> list[Product]:
    """Return the publisher's products with the largest sums of a measure in a month."""
    figures = list_own_figures(actor).filter(month=month, measure=measure).order_by()
    largest = figures.values_list("product").annotate(total=Sum("amount")).order_by("-total", "product")[:number]
    keys = [key for key, _total in largest]
    found = list_own_products(actor).in_bulk(keys)
    return [found[key] for key in keys if key in found]
