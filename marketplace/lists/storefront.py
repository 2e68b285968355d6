"""The storefront: published offers as customers see them, without prices, audiences and channel information."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.utils.translation import gettext_lazy, ngettext

from marketplace.catalogue_filters import StorefrontFilterSet
from marketplace.lists.catalogue import parse_offer_order
from marketplace.models import Category, Offer, OfferType
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.catalogue import (
    list_categories,
    list_filter_categories,
    list_published_offers,
    list_publishers,
)
from marketplace.rows.catalogue import ListedOffer, get_listed_name, make_listed_offer, name_categories
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.keyset import annotate_total_row_count, fetch_keyset_page_or_first
from partnerportal.lib.lists import ListColumn, ListDefinition
from partnerportal.lib.neighbours import RecordList, RecordOrder

STOREFRONT = ListDefinition(
    key="storefront",
    label=gettext_lazy("Marketplace"),
    url_name="storefront",
    rule=(ROLE_TABLE, OfferPermission.VIEW_STOREFRONT),
    columns=(  # each column has its branch in parts/storefront_row.html
        ListColumn(name="name", label=gettext_lazy("Offer"), sort="sort_en"),
        ListColumn(name="publisher", label=gettext_lazy("Publisher")),
        ListColumn(name="category", label=gettext_lazy("Category")),
        ListColumn(name="type", label=gettext_lazy("Type"), css="wide-only"),
    ),
    filter_set=StorefrontFilterSet,
    default_sort="name",
    more_sorts={"published": "published_at"},
)


class StorefrontList(RecordList):
    """The storefront as its page shows it."""

    definition = STOREFRONT
    filter_set = StorefrontFilterSet
    offer_url_name = "storefront_offer"
    row_template = "marketplace/parts/storefront_row.html"
    purpose: Message = gettext_lazy("What publishers offer. Your partner sells it to you.")

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        super().__init__(actor, params)
        self.actor = actor
        order = self.order_records(actor, params)
        self.filter_values = order.filter_values
        options = self.keyset_page_options | order.options
        self.page = fetch_keyset_page_or_first(annotate_total_row_count(order.listed), **options)
        self.matching = self.page.rows[0].total_count if self.page.rows else 0

    @classmethod
    def list_offers(cls, actor: Actor) -> Any:
        """Return the offers that the list shows, before its filters."""
        return list_published_offers(actor)

    @classmethod
    def order_records(cls, actor: Actor, params: Mapping[str, str]) -> RecordOrder:
        offers = cls.list_offers(actor)
        filters = cls.filter_set(params, offers)
        options = parse_offer_order(cls.definition, params)
        return RecordOrder(records=offers, listed=filters.qs, filter_values=filters.cleaned_values, options=options)

    @classmethod
    def name_record(cls, record: Offer) -> str:
        return get_listed_name(record)

    @cached_property
    def rows(self) -> list[ListedOffer]:
        """The rows of the page."""
        return [make_listed_offer(offer, self.category_names, self.offer_url_name) for offer in self.page.rows]

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

    @property
    def category_choices(self) -> list[tuple[str, str]]:
        """The choices of the filter by category: those at the top, each followed by those below it."""
        return list(name_categories(list_filter_categories(self.actor, self.categories)).items())

    @cached_property
    def publisher_choices(self) -> list[tuple[str, str]]:
        """The choices of the filter by publisher."""
        return [(str(row.public_id), row.name) for row in list_publishers(self.actor)]

    @property
    def type_choices(self) -> list[tuple[str, str]]:
        """The choices of the filter by type."""
        return [(value, str(label)) for value, label in OfferType.choices]
