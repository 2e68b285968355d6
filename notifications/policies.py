"""The permissions of notices, and who has them."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from partnerportal.lib.policies import PermissionRule, RoleTable
from partnerportal.lib.roles import Role


class NoticePermission(StrEnum):
    """The permissions on an organisation's notices; ROLE_TABLE says which roles have each."""

    VIEW = "notifications.view"
    DISMISS = "notifications.dismiss"


ROLE_TABLE: RoleTable = {
    NoticePermission.VIEW: PermissionRule(label=_("Read the inbox and mark notifications as read")),
    NoticePermission.DISMISS: PermissionRule(
        label=_("Dismiss a notification for the organisation, or restore it"),
        roles=frozenset({Role.ADMIN, Role.ADMIN_AGENT}),
    ),
}
