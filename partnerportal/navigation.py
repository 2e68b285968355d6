"""The entries of the composition in the menus."""

from django.utils.translation import gettext_lazy as _

from partnerportal.lib.navigation import NavigationItem, NavigationMenu

ITEMS = (
    NavigationItem(label=_("Overview"), icon="layout-dashboard", url_name="overview", order=0, is_exact=True),
    NavigationItem(
        label=_("Help"), icon="life-buoy", url_name="help", menu=NavigationMenu.HELP, order=5, is_exact=True
    ),
    NavigationItem(
        label=_("Who can do what"),
        icon="circle-question-mark",
        url_name="roles_help",
        menu=NavigationMenu.HELP,
        order=10,
    ),
    NavigationItem(label=_("API reference"), icon="book-open", url_name="api:docs", menu=NavigationMenu.HELP, order=15),
)
