"""The permission to export, and who may export which list."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from connections.policies import ROLE_TABLE as CONNECTIONS
from connections.policies import ConnectionPermission
from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.lists import ExportableList, ExportSubject
from partnerportal.lib.policies import PermissionRule, RoleTable, authorize


class ExportPermission(StrEnum):
    """The permissions for exports. ROLE_TABLE says which roles have which."""

    EXPORT = "exports.export"


ROLE_TABLE: RoleTable = {
    ExportPermission.EXPORT: PermissionRule(label=_("Export the lists that the role can see, and download the files")),
}


def authorize_list_export(actor: Actor, exported_list: ExportableList, customer_id: int | None) -> None:
    """Raise ActionRefused unless the actor's roles allow to export this list for this organisation.

    `customer_id` is the primary key of a customer or of the actor's own organisation, or None for a list of all
    customers. The caller must check that the actor sees the customer.
    """
    authorize(actor, ROLE_TABLE, ExportPermission.EXPORT)
    if exported_list.subject == ExportSubject.OWN_OR_ALL and customer_id is None:
        # It holds customers' rows, so it goes with the sight of customers, whatever the list itself asks for.
        authorize(actor, CONNECTIONS, ConnectionPermission.VIEW_CUSTOMERS)
    authorize(actor, *exported_list.choose_permission(is_own=customer_id == actor.organization_id))
