"""The entries of this app in the menus."""

from django.utils.translation import gettext_lazy as _

from marketplace.policies import ROLE_TABLE, OfferPermission
from partnerportal.lib.navigation import NavigationItem, NavigationMenu

ITEMS = (
    NavigationItem(
        label=_("Offers"),
        icon="tags",
        url_name="offers",
        order=55,
        seen_by=ROLE_TABLE[OfferPermission.VIEW_OWN].check_actor,
    ),
    NavigationItem(
        label=_("Your products"),
        icon="chart-line",
        url_name="products",
        order=56,
        seen_by=ROLE_TABLE[OfferPermission.VIEW_PRODUCTS].check_actor,
    ),
    NavigationItem(
        label=_("Marketplace"),
        icon="store",
        url_name="catalogue",
        order=55,
        seen_by=ROLE_TABLE[OfferPermission.BROWSE].check_actor,
    ),
    NavigationItem(
        label=_("Marketplace"),
        icon="store",
        url_name="storefront",
        order=55,
        seen_by=ROLE_TABLE[OfferPermission.VIEW_STOREFRONT].check_actor,
    ),
    NavigationItem(
        label=_("Offers"),
        icon="store",
        url_name="all_offers",
        order=65,
        seen_by=ROLE_TABLE[OfferPermission.VIEW_ALL].check_actor,
    ),
    NavigationItem(
        label=_("Sale simulator"),
        icon="circle-check",
        url_name="simulator",
        order=57,
        seen_by=ROLE_TABLE[OfferPermission.SIMULATE].check_actor,
    ),
    NavigationItem(
        label=_("Catalogue settings"),
        icon="list-tree",
        url_name="catalogue_markets",
        menu=NavigationMenu.SETTINGS,
        order=30,
        seen_by=ROLE_TABLE[OfferPermission.VIEW_CATALOGUE].check_actor,
    ),
)
