"""The storefront: published offers as customers see them, without prices, audiences and channel information."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.utils.translation import gettext_lazy

from marketplace.catalogue_filters import StorefrontFilterSet
from marketplace.lists.catalogue import CATALOGUE, SEVERAL, PublishedOfferList, parse_offer_order
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.queries.catalogue import list_published_offers
from marketplace.rows.catalogue import ListedOffer, make_listed_offer
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import Message
from partnerportal.lib.keyset import annotate_total_row_count, fetch_keyset_page_or_first
from partnerportal.lib.lists import ListColumn, ListDefinition
from partnerportal.lib.neighbours import RecordOrder

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
    fields=("q", *SEVERAL),
    ranges=CATALOGUE.ranges,
    several=SEVERAL,
    default_sort="name",
    more_sorts={"published": "published_at"},
)


class StorefrontList(PublishedOfferList):
    """The storefront as its page shows it."""

    definition = STOREFRONT
    filter_set = StorefrontFilterSet
    offer_url_name = "storefront_offer"
    row_template = "marketplace/parts/storefront_row.html"
    purpose: Message = gettext_lazy("Offers from publishers, which you can buy from your partner.")

    def __init__(self, actor: Actor, params: Mapping[str, str]) -> None:
        super().__init__(actor, params)
        order = self.order_records(actor, params)
        self.filter_values = order.filter_values
        listed = annotate_total_row_count(order.listed)
        self.page = fetch_keyset_page_or_first(listed, size=self.size, cursor=self.cursor, **order.options)
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

    @cached_property
    def rows(self) -> list[ListedOffer]:
        """The rows of the page."""
        return [make_listed_offer(offer, self.category_names, self.offer_url_name) for offer in self.page.rows]
