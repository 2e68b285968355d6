"""The entries of this app in the menus."""

from django.utils.translation import gettext_lazy as _

from connections.policies import ROLE_TABLE, ConnectionPermission
from partnerportal.lib.navigation import NavigationItem, NavigationMenu

ITEMS = (
    NavigationItem(
        label=_("Partners"),
        icon="users",
        url_name="connected_partners",
        order=65,
        seen_by=ROLE_TABLE[ConnectionPermission.VIEW_PARTNERS].check_actor,
    ),
    NavigationItem(
        label=_("Account details"), icon="building", url_name="account_details", menu=NavigationMenu.SETTINGS, order=10
    ),
    NavigationItem(
        label=_("Activity"), icon="history", url_name="activity_log", menu=NavigationMenu.SETTINGS, order=60
    ),
)
