"""The entry of this app in the menus."""

from django.utils.translation import gettext_lazy as _

from partnerportal.lib.navigation import NavigationItem, NavigationMenu

ITEMS = (
    NavigationItem(
        label=_("Account details"), icon="building", url_name="account_details", menu=NavigationMenu.SETTINGS, order=10
    ),
    NavigationItem(
        label=_("Activity"), icon="history", url_name="activity_log", menu=NavigationMenu.SETTINGS, order=60
    ),
)
