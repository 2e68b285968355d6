"""The permission to see one's imports. What may be imported is decided by the rule of each kind."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from partnerportal.lib.policies import PermissionRule, RoleTable

AT_ONCE = 3  # unfinished imports that one person may have
PER_DAY = 100  # files that one person may upload within 24 hours


class ImportPermission(StrEnum):
    """The permissions for imports. ROLE_TABLE says which roles have which."""

    IMPORT = "imports.import"


ROLE_TABLE: RoleTable = {
    ImportPermission.IMPORT: PermissionRule(label=_("Import files to make any changes that their role allows")),
}
