"""The entry of this app in the menus, for those who may import something."""

from django.utils.translation import gettext_lazy as _

from imports.catalogue import list_available_kinds
from partnerportal.lib.navigation import NavigationItem

ITEMS = (
    NavigationItem(
        label=_("Imports and bulk actions"), icon="file-up", url_name="imports", order=101, seen_by=list_available_kinds
    ),
)
