"""Who may export, and which list."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.lists import List
from partnerportal.lib.policies import RoleTable, Rule, authorize


class ExportPermission(StrEnum):
    EXPORT = "exports.export"


ROLE_TABLE: RoleTable = {
    ExportPermission.EXPORT: Rule(label=_("Export every list that they see, and fetch the files")),
}


def authorize_list(actor: Actor, chosen: List, customer_id: int | None) -> None:
    """Raise Refused unless the actor may export this list of that customer, of their own organisation, or of all."""
    authorize(actor, ROLE_TABLE, ExportPermission.EXPORT)
    authorize(actor, *chosen.rule_for(is_own=customer_id == actor.organization_id))
