"""The vendor's list of all published offers, with their state and audience."""

from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy

from marketplace.catalogue_filters import StorefrontFilterSet
from marketplace.lists.storefront import STOREFRONT, StorefrontList
from marketplace.models import Audience, SaleStop
from marketplace.policies import ROLE_TABLE, OfferPermission
from marketplace.rows.catalogue import VendorOfferRow, make_vendor_offer_row
from partnerportal.lib.actors import Actor
from partnerportal.lib.filters import SeveralFilter
from partnerportal.lib.list_filters import Choices, SeveralValues
from partnerportal.lib.lists import ListColumn, ListDefinition


class AllOffersFilterSet(StorefrontFilterSet):
    """The filters of all offers: those of the storefront, and the audience."""

    audience = SeveralFilter(choices=Audience.choices, label=gettext_lazy("CSP reseller audience"))


ALL_OFFERS = ListDefinition(
    key="all_offers",
    label=gettext_lazy("Offers"),
    url_name="all_offers",
    rule=(ROLE_TABLE, OfferPermission.VIEW_ALL),
    columns=(  # each column has its branch in parts/all_offers_row.html
        ListColumn(name="name", label=gettext_lazy("Offer"), sort="sort_en"),
        ListColumn(name="publisher", label=gettext_lazy("Publisher")),
        ListColumn(name="type", label=gettext_lazy("Type"), css="wide-only"),
        ListColumn(name="state", label=gettext_lazy("Status")),
        ListColumn(name="audience", label=gettext_lazy("CSP reseller audience")),
        ListColumn(name="published", label=gettext_lazy("First published"), sort="published_at", css="wide-only"),
    ),
    filter_set=AllOffersFilterSet,
    fields=(*STOREFRONT.fields, "audience"),
    ranges=STOREFRONT.ranges,
    several=STOREFRONT.several
    | {"audience": SeveralValues.from_choices(gettext_lazy("CSP reseller audience"), Audience.choices)},
    default_sort="name",
)


class AllOffersList(StorefrontList):
    """All published offers, as the vendor's page shows them."""

    definition = ALL_OFFERS
    filter_set = AllOffersFilterSet
    offer_url_name = "vendor_offer"
    row_template = "marketplace/parts/all_offers_row.html"
    purpose = gettext_lazy("The published offers of all publishers, with their audiences.")

    @classmethod
    def list_offers(cls, actor: Actor) -> Any:
        """Return the published offers, each with whether its sale is stopped."""
        stops = SaleStop.objects.visible_to(actor).active().filter(offer=OuterRef("pk"), plan=None)
        return super().list_offers(actor).annotate(is_stopped=Exists(stops))

    @cached_property
    def rows(self) -> list[VendorOfferRow]:  # type: ignore[override]
        """The rows of the page."""
        return [make_vendor_offer_row(offer, self.category_names) for offer in self.page.rows]

    @property
    def audience_choices(self) -> Choices:
        """The choices of the filter by audience."""
        return self.list_field_choices("audience")
