"""The permissions of connections and who has them, and the limit of acceptances."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationKind, ProgramFeature, Role
from accounts.queries.programs import FEATURED_KINDS
from partnerportal.lib.errors import ActionRefused
from partnerportal.lib.policies import PermissionRule, RoleTable
from partnerportal.lib.scopes import Scope, includes_scopes


class ConnectionPermission(StrEnum):
    """The permissions for invitations and connections. ROLE_TABLE says which roles have which."""

    SEE_INVITATION_LINK = "connections.see_invitation_link"
    ACCEPT = "connections.accept"
    CHANGE_SHARING = "connections.change_sharing"
    END = "connections.end"
    VIEW = "connections.view"
    VIEW_PARTNERS = "connections.view_partners"
    VIEW_CUSTOMERS = "connections.view_customers"
    VIEW_ACTIVITY = "connections.view_activity"


_NOT_VENDOR = frozenset(OrganizationKind.values) - {OrganizationKind.VENDOR}

ACCEPTED_A_DAY = 50  # invitations that one customer may accept within 24 hours

NOT_THE_CUSTOMER = _("Only the customer can change what is shared.")
NOT_SHARED = _("Not shared by the customer. Its Admins choose what it shares.")


def require_shared_scope(shared_scopes: int, needed_scope: Scope) -> None:
    """Raise ActionRefused("not_shared") unless a customer shares the needed scope.

    `shared_scopes` is the number of all scopes that the customer shares with the actor.
    """
    if not includes_scopes(shared_scopes, needed_scope):
        raise ActionRefused("not_shared", NOT_SHARED)


ROLE_TABLE: RoleTable = {
    ConnectionPermission.SEE_INVITATION_LINK: PermissionRule(
        label=_("Get the invitation link and invite customers"),
        kinds=frozenset({OrganizationKind.PARTNER}),
        feature=ProgramFeature.CUSTOMER_DASHBOARD,
        roles=frozenset({Role.ADMIN, Role.ADMIN_AGENT, Role.SALES_AGENT}),
    ),
    ConnectionPermission.ACCEPT: PermissionRule(
        label=_("Accept a partner’s invitation"), kinds=_NOT_VENDOR, roles=frozenset({Role.ADMIN})
    ),
    ConnectionPermission.CHANGE_SHARING: PermissionRule(
        label=_("Change what a partner sees"), kinds=_NOT_VENDOR, roles=frozenset({Role.ADMIN})
    ),
    ConnectionPermission.END: PermissionRule(label=_("End a connection"), roles=frozenset({Role.ADMIN})),
    ConnectionPermission.VIEW: PermissionRule(label=_("See active and ended connections")),
    ConnectionPermission.VIEW_PARTNERS: PermissionRule(
        label=_("See the partners of the organisation and what is shared with each"),
        kinds=frozenset({OrganizationKind.CUSTOMER}),
    ),
    ConnectionPermission.VIEW_CUSTOMERS: PermissionRule(
        label=_("See connected customers, their services and licence totals"),
        kinds=FEATURED_KINDS,
        feature=ProgramFeature.CUSTOMER_DASHBOARD,
    ),
    ConnectionPermission.VIEW_ACTIVITY: PermissionRule(label=_("Read the activity log of the organisation")),
}
