"""The permission to export, and who may export which list."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from connections.policies import ROLE_TABLE as CONNECTIONS
from connections.policies import ConnectionPermission
from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.lists import ExportList, ExportSubject
from partnerportal.lib.policies import RoleTable, Rule, authorize


class ExportPermission(StrEnum):
    """The permissions on exports; ROLE_TABLE says which roles have each."""

    EXPORT = "exports.export"


ROLE_TABLE: RoleTable = {
    ExportPermission.EXPORT: Rule(label=_("Export the lists that they see, and download the files")),
}


def authorize_list_export(actor: Actor, exported: ExportList, customer_id: int | None) -> None:
    """Raise Refused unless the actor may export this list of this customer.

    `customer_id` may be the actor's own organisation, or None for a list of all customers. Whether the actor sees the
    customer is not checked here.
    """
    authorize(actor, ROLE_TABLE, ExportPermission.EXPORT)
    if exported.subject == ExportSubject.OWN_OR_ALL and customer_id is None:
        # It holds customers' rows, so it goes with the sight of customers, whatever the list itself asks for.
        authorize(actor, CONNECTIONS, ConnectionPermission.VIEW_CUSTOMERS)
    authorize(actor, *exported.choose_permission(is_own=customer_id == actor.organization_id))
