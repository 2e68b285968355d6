"""The role table of this app: who asks the vendor for what only its staff do, and who decides."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationKind, Role
from partnerportal.lib.policies import PermissionRule, RoleTable


class SupportPermission(StrEnum):
    """The permissions on requests to the vendor; ROLE_TABLE says which roles have each."""

    VIEW_REQUESTS = "support.view_requests"
    LIST_REQUESTS = "support.list_requests"
    MAKE_REQUESTS = "support.make_requests"
    VIEW_QUEUE = "support.view_queue"
    DECIDE_REQUESTS = "support.decide_requests"
    WRITE_MESSAGES = "support.write_messages"


ASKING_KINDS = frozenset(OrganizationKind.values) - {OrganizationKind.VENDOR.value}
_VENDOR = frozenset({OrganizationKind.VENDOR.value})
_ADMINS = frozenset({Role.ADMIN})

ROLE_TABLE: RoleTable = {
    SupportPermission.VIEW_REQUESTS: PermissionRule(label=_("See a request and its messages")),
    SupportPermission.LIST_REQUESTS: PermissionRule(
        label=_("See the organisation’s own requests to the vendor"), kinds=ASKING_KINDS
    ),
    SupportPermission.MAKE_REQUESTS: PermissionRule(
        label=_("Make, answer and withdraw requests to the vendor"), kinds=ASKING_KINDS, roles=_ADMINS
    ),
    SupportPermission.VIEW_QUEUE: PermissionRule(label=_("See all organisations’ requests"), kinds=_VENDOR),
    SupportPermission.DECIDE_REQUESTS: PermissionRule(
        label=_("Assign, approve and decline requests, and ask for information"), kinds=_VENDOR, roles=_ADMINS
    ),
    SupportPermission.WRITE_MESSAGES: PermissionRule(label=_("Send messages about requests"), roles=_ADMINS),
}
