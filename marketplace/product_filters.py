"""The filters of a publisher's products. Month and country choose the numbers, and leave no product out."""

import django_filters as df
from django.core.validators import RegexValidator
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.models import Product
from marketplace.models.product import ProductQuerySet
from marketplace.queries.products import OTHER_COUNTRIES
from partnerportal.lib.countries import list_country_choices
from partnerportal.lib.filters import FilterSet, make_words_condition

PRODUCT_TYPES = {"sku": _("SKU"), "offer": _("Offer")}
OTHER_COUNTRIES_LABEL = _("Other countries")


def list_country_filter_choices() -> list[tuple[str, str]]:
    """Return all countries, and the others together, as (value in a URL, name) pairs."""
    return [*list_country_choices(), (OTHER_COUNTRIES, str(OTHER_COUNTRIES_LABEL))]


class ProductFilterSet(FilterSet):
    """The filters of products: name or code, type, month (as 2026-11) and country."""

    q = df.CharFilter(method="filter_by_text", label=_("Name or code"), max_length=200)
    type = df.ChoiceFilter(choices=list(PRODUCT_TYPES.items()), method="filter_by_type", label=_("Type"))
    month = df.CharFilter(
        method="keep_all", label=_("Month"), validators=[RegexValidator(r"\A20[0-9]{2}-(0[1-9]|1[0-2])\Z")]
    )
    country = df.ChoiceFilter(choices=list_country_filter_choices, method="keep_all", label=_("Country"))

    class Meta:
        model = Product
        fields: list[str] = []

    def filter_by_text(self, rows: ProductQuerySet, name: str, value: str) -> ProductQuerySet:
        """Keep products whose name has each word of the text, or whose code contains it, in any case."""
        return rows.filter(make_words_condition(value, "name_folded") | Q(code__icontains=value))

    def filter_by_type(self, rows: ProductQuerySet, name: str, value: str) -> ProductQuerySet:
        """Keep SKUs, or offers."""
        return rows.filter(offer__isnull=value == "sku")

    def keep_all(self, rows: ProductQuerySet, name: str, value: str) -> ProductQuerySet:
        """Leave no product out."""
        return rows
