"""The entries of this app in the menus: for what customers have, what the organisation has, what the vendor decides."""

from django.utils.translation import gettext_lazy as _

from accounts.queries.own_account import is_customer, sees_customers
from entitlements.policies import ROLE_TABLE, EntitlementPermission
from entitlements.queries.releases import count_waiting_licence_releases
from entitlements.queries.trials import count_undecided_trial_requests
from partnerportal.lib.actors import Actor
from partnerportal.lib.navigation import COUNTED, NavigationItem


def _has_customers(actor: Actor) -> object:
    return sees_customers(actor) or ROLE_TABLE[EntitlementPermission.VIEW_SOLD].check_actor(actor)


def _has_renewals(actor: Actor) -> bool:
    return sees_customers(actor) or is_customer(actor)


def _count_trials(actor: Actor) -> int:
    return count_undecided_trial_requests(actor, COUNTED)


def _count_releases(actor: Actor) -> int:
    return count_waiting_licence_releases(actor, COUNTED)


ITEMS = (
    NavigationItem(
        label=_("Distributors"),
        icon="network",
        url_name="distributors",
        order=4,
        seen_by=ROLE_TABLE[EntitlementPermission.VIEW_DISTRIBUTORS].check_actor,
    ),
    NavigationItem(
        label=_("Partners"),
        icon="users",
        url_name="partners",
        order=6,
        seen_by=ROLE_TABLE[EntitlementPermission.VIEW_PARTNERS].check_actor,
    ),
    NavigationItem(label=_("Customers"), icon="building-2", url_name="customers", order=10, seen_by=_has_customers),
    NavigationItem(
        label=_("Usage"), icon="chart-line", url_name="usage_of_customers", order=20, seen_by=sees_customers
    ),
    NavigationItem(label=_("Services"), icon="package", url_name="services", order=30, seen_by=is_customer),
    NavigationItem(label=_("Usage"), icon="chart-line", url_name="usage", order=40, seen_by=is_customer),
    NavigationItem(label=_("Orders"), icon="receipt-text", url_name="orders", order=50, seen_by=is_customer),
    NavigationItem(label=_("Renewals"), icon="calendar-clock", url_name="renewals", order=60, seen_by=_has_renewals),
    NavigationItem(
        label=_("Trials"),
        icon="flask-conical",
        url_name="trials",
        order=70,
        seen_by=ROLE_TABLE[EntitlementPermission.VIEW_TRIALS].check_actor,
        count=_count_trials,
    ),
    NavigationItem(
        label=_("Licence releases"),
        icon="user-minus",
        url_name="releases",
        order=80,
        seen_by=ROLE_TABLE[EntitlementPermission.VIEW_RELEASES].check_actor,
        count=_count_releases,
    ),
    NavigationItem(
        label=_("Feeds"),
        icon="file-up",
        url_name="feeds",
        order=88,
        seen_by=ROLE_TABLE[EntitlementPermission.VIEW_FEEDS].check_actor,
    ),
)
