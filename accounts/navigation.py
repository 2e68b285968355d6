"""The entries of this app in the menus: the vendor's lists, operators, and what belongs to the person."""

from django.utils.translation import gettext_lazy as _

from accounts.policies import ROLE_TABLE, AccountPermission
from partnerportal.lib.navigation import NavigationItem, NavigationMenu

_is_vendor_staff = ROLE_TABLE[AccountPermission.VIEW_ORGANIZATIONS].check_actor

ITEMS = (
    NavigationItem(
        label=_("Publishers"),
        icon="building",
        url_name="publishers",
        order=14,
        seen_by=_is_vendor_staff,
    ),
    NavigationItem(
        label=_("Programmes"), icon="badge-check", url_name="memberships", order=16, seen_by=_is_vendor_staff
    ),
    NavigationItem(label=_("Operators"), icon="users", url_name="operators", menu=NavigationMenu.SETTINGS, order=20),
    NavigationItem(label=_("Domains"), icon="globe", url_name="domains", menu=NavigationMenu.SETTINGS, order=30),
    NavigationItem(
        label=_("Security"),
        icon="lock",
        url_name="organization_security",
        menu=NavigationMenu.SETTINGS,
        order=40,
    ),
    NavigationItem(
        label=_("Preferences"),
        icon="settings-2",
        url_name="preferences",
        menu=NavigationMenu.PERSON,
        order=10,
        is_exact=True,
    ),
    NavigationItem(
        label=_("Two-factor authentication"),
        icon="shield-check",
        url_name="mfa_index",
        menu=NavigationMenu.PERSON,
        order=20,
    ),
    NavigationItem(
        label=_("Password"), icon="key-round", url_name="account_change_password", menu=NavigationMenu.PERSON, order=30
    ),
    NavigationItem(
        label=_("Email address"), icon="mail", url_name="account_email", menu=NavigationMenu.PERSON, order=35
    ),
    NavigationItem(
        label=_("Sessions"),
        icon="monitor-smartphone",
        url_name="usersessions_list",
        menu=NavigationMenu.PERSON,
        order=40,
    ),
)
