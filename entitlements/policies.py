"""The role table of this app: who may do what with customers and their entitlements."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationKind, ProgramFeature, Role
from accounts.policies import deny_without_finance_access
from accounts.queries.programs import FEATURED_KINDS
from partnerportal.lib.actors import Actor
from partnerportal.lib.policies import NO_BADGE, ActionDenied, PermissionRule, RoleTable


class EntitlementPermission(StrEnum):
    """The permissions on customers and their entitlements; ROLE_TABLE says which roles have each."""

    VIEW_OWN = "entitlements.view_own"
    VIEW_ORDERS = "entitlements.view_orders"
    VIEW_RENEWALS = "entitlements.view_renewals"
    WORK_ON_RENEWALS = "entitlements.work_on_renewals"
    REQUEST_TRIALS = "entitlements.request_trials"
    CANCEL_TRIALS = "entitlements.cancel_trials"
    LIST_TRIALS = "entitlements.list_trials"
    VIEW_TRIALS = "entitlements.view_trials"
    DECIDE_TRIALS = "entitlements.decide_trials"
    MANAGE_HOLDERS = "entitlements.manage_holders"
    VIEW_RELEASES = "entitlements.view_releases"
    MARK_RELEASES = "entitlements.mark_releases"
    SET_PUBLISHERS = "entitlements.set_publishers"
    VIEW_PARTNERS = "entitlements.view_partners"
    VIEW_DISTRIBUTORS = "entitlements.view_distributors"
    VIEW_SOLD = "entitlements.view_sold"
    VIEW_SOLD_ORDERS = "entitlements.view_sold_orders"
    VIEW_FEEDS = "entitlements.view_feeds"
    MANAGE_FEEDS = "entitlements.manage_feeds"
    VIEW_TRIAL_OFFERS = "entitlements.view_trial_offers"
    OPEN_TRIALS = "entitlements.open_trials"
    VIEW_PENDING_CUSTOMERS = "entitlements.view_pending_customers"
    ACTIVATE_CUSTOMERS = "entitlements.activate_customers"
    VIEW_PENDING_PARTNERS = "entitlements.view_pending_partners"
    ACTIVATE_PARTNERS = "entitlements.activate_partners"
    CONFIRM_PARTNERS = "entitlements.confirm_partners"


REQUESTED_A_DAY = 20  # trials that one customer may request within 24 hours
_ASKS_OR_DECIDES = frozenset({OrganizationKind.CUSTOMER, OrganizationKind.VENDOR})
_ABOVE_PARTNERS = frozenset({OrganizationKind.DISTRIBUTOR, OrganizationKind.VENDOR})
_ABOVE_CUSTOMERS = _ABOVE_PARTNERS | {OrganizationKind.PARTNER}
_SELLERS = frozenset({OrganizationKind.DISTRIBUTOR, OrganizationKind.PARTNER})
_SENDERS = frozenset({Role.ADMIN, Role.ADMIN_AGENT, Role.SALES_AGENT})
_VENDOR = frozenset({OrganizationKind.VENDOR})


def _deny_partner_without_badge(actor: Actor, _link: object) -> ActionDenied | None:
    """Return an ActionDenied for a partner without the customer dashboard; a distributor and the vendor need none."""
    if actor.organization_kind != OrganizationKind.PARTNER or ProgramFeature.CUSTOMER_DASHBOARD in actor.features:
        return None
    return ActionDenied("no_badge", NO_BADGE)


ROLE_TABLE: RoleTable = {
    EntitlementPermission.VIEW_OWN: PermissionRule(label=_("See the organisation’s own services and orders")),
    EntitlementPermission.VIEW_ORDERS: PermissionRule(
        label=_("See customers’ orders and prices (Readers and Sales agents only if an Admin allows it)"),
        kinds=FEATURED_KINDS,
        feature=ProgramFeature.CUSTOMER_DASHBOARD,
        when=deny_without_finance_access,
    ),
    EntitlementPermission.VIEW_RENEWALS: PermissionRule(
        label=_("See renewals, and subscribe to them in a calendar app")
    ),
    EntitlementPermission.WORK_ON_RENEWALS: PermissionRule(
        label=_("Set the state, owner and note of customers’ renewals"),
        kinds=_SELLERS,
        roles=_SENDERS,
        feature=ProgramFeature.CUSTOMER_DASHBOARD,
    ),
    EntitlementPermission.REQUEST_TRIALS: PermissionRule(
        label=_("Request a trial of a service"),
        kinds=frozenset({OrganizationKind.CUSTOMER}),
        roles=frozenset({Role.ADMIN}),
    ),
    EntitlementPermission.CANCEL_TRIALS: PermissionRule(
        label=_("Cancel a trial or a trial request"), kinds=_ASKS_OR_DECIDES, roles=frozenset({Role.ADMIN})
    ),
    EntitlementPermission.LIST_TRIALS: PermissionRule(label=_("List trials through the API"), kinds=_ASKS_OR_DECIDES),
    EntitlementPermission.VIEW_TRIALS: PermissionRule(
        label=_("See all customers’ trials and requests"), kinds=frozenset({OrganizationKind.VENDOR})
    ),
    EntitlementPermission.DECIDE_TRIALS: PermissionRule(
        label=_("Approve, decline, extend and convert trials"),
        kinds=frozenset({OrganizationKind.VENDOR}),
        roles=frozenset({Role.ADMIN}),
    ),
    EntitlementPermission.MANAGE_HOLDERS: PermissionRule(
        label=_("See licence users, and request the release of licences"),
        kinds=frozenset({OrganizationKind.CUSTOMER}),
        roles=frozenset({Role.ADMIN}),
    ),
    EntitlementPermission.VIEW_RELEASES: PermissionRule(
        label=_("See the licence keys in customers’ release requests, but not who the licences are assigned to"),
        kinds=frozenset({OrganizationKind.VENDOR}),
    ),
    EntitlementPermission.MARK_RELEASES: PermissionRule(
        label=_("Complete the licence releases that customers request"),
        kinds=frozenset({OrganizationKind.VENDOR}),
        roles=frozenset({Role.ADMIN}),
    ),
    EntitlementPermission.SET_PUBLISHERS: PermissionRule(
        label=_("Set the publisher of a SKU"),
        kinds=frozenset({OrganizationKind.VENDOR}),
        roles=frozenset({Role.ADMIN}),
    ),
    EntitlementPermission.VIEW_PARTNERS: PermissionRule(
        label=_("See partners, their badges and the totals of their customers"),
        kinds=frozenset({OrganizationKind.DISTRIBUTOR, OrganizationKind.VENDOR}),
    ),
    EntitlementPermission.VIEW_DISTRIBUTORS: PermissionRule(
        label=_("See distributors, their badges and the totals of their customers"),
        kinds=frozenset({OrganizationKind.VENDOR}),
    ),
    EntitlementPermission.VIEW_SOLD: PermissionRule(
        label=_("See all customers, what the vendor sold them, and when each service ends"),
        kinds=frozenset({OrganizationKind.VENDOR}),
    ),
    EntitlementPermission.VIEW_SOLD_ORDERS: PermissionRule(
        label=_("See the orders and prices of all customers (Readers only if an Admin allows it)"),
        kinds=frozenset({OrganizationKind.VENDOR}),
        when=deny_without_finance_access,
    ),
    EntitlementPermission.VIEW_FEEDS: PermissionRule(
        label=_("See the feeds of the vendor’s systems: what they sent, and any errors"),
        kinds=frozenset({OrganizationKind.VENDOR}),
    ),
    EntitlementPermission.MANAGE_FEEDS: PermissionRule(
        label=_("Create and revoke the tokens of the vendor’s systems"),
        kinds=frozenset({OrganizationKind.VENDOR}),
        roles=frozenset({Role.ADMIN}),
    ),
    EntitlementPermission.VIEW_TRIAL_OFFERS: PermissionRule(
        label=_("See which services new customers can try"), kinds=_VENDOR
    ),
    EntitlementPermission.OPEN_TRIALS: PermissionRule(
        label=_("Choose which services new customers can try, and who may offer them"),
        kinds=_VENDOR,
        roles=frozenset({Role.ADMIN}),
    ),
    EntitlementPermission.VIEW_PENDING_CUSTOMERS: PermissionRule(
        label=_("See customers who were sent an activation link"),
        kinds=_ABOVE_CUSTOMERS,
        when=_deny_partner_without_badge,
    ),
    EntitlementPermission.ACTIVATE_CUSTOMERS: PermissionRule(
        label=_("Send activation links to new customers"),
        kinds=_ABOVE_CUSTOMERS,
        roles=_SENDERS,
        when=_deny_partner_without_badge,
    ),
    EntitlementPermission.VIEW_PENDING_PARTNERS: PermissionRule(
        label=_("See partners who were sent an activation link"), kinds=_ABOVE_PARTNERS
    ),
    EntitlementPermission.ACTIVATE_PARTNERS: PermissionRule(
        label=_("Send activation links to new partners"), kinds=_ABOVE_PARTNERS, roles=_SENDERS
    ),
    EntitlementPermission.CONFIRM_PARTNERS: PermissionRule(
        label=_("Confirm new partners, so that their programme membership begins"),
        kinds=_VENDOR,
        roles=frozenset({Role.ADMIN}),
    ),
}
