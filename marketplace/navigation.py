"""The entries of this app in the menus."""

from django.utils.translation import gettext_lazy as _

from marketplace.policies import ROLE_TABLE, OfferPermission
from partnerportal.lib.navigation import NavigationItem

ITEMS = (
    NavigationItem(
        label=_("Offers"),
        icon="tags",
        url_name="offers",
        order=55,
        seen_by=ROLE_TABLE[OfferPermission.VIEW_OWN].check_actor,
        has_search=True,
    ),
)
