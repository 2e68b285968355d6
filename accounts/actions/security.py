"""Actions on the security rules of an organisation."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.events import AccountEventKind
from accounts.models import Organization
from accounts.policies import ROLE_TABLE, AccountPermission
from accounts.queries.operators import has_second_factor
from notifications.actions.recording import record_event
from partnerportal.lib.actors import Actor
from partnerportal.lib.changes import list_row_changes
from partnerportal.lib.errors import Conflict, NotFound
from partnerportal.lib.policies import authorize

NONE_YOURSELF = _("Set up two-factor authentication for yourself first. Otherwise, this rule would lock you out.")


@transaction.atomic
def change_second_factor_rule(*, actor: Actor, organization: Organization, is_required: bool) -> Organization:
    """Say whether everybody who acts for the organisation needs a second factor; return the organisation.

    From the next request on, who has none gets a page where they set one up, and nothing of the organisation. All
    operators are told. Nothing happens if the rule is so already. Raises Conflict("no_second_factor") for an Admin who
    would keep themselves out, and NotFound for another organisation.
    """
    authorize(actor, ROLE_TABLE, AccountPermission.CHANGE_SECURITY)
    if not actor.is_system and organization.pk != actor.organization_id:
        raise NotFound("not_found", "")
    if is_required and not actor.is_system and not has_second_factor(actor):
        raise Conflict("no_second_factor", NONE_YOURSELF)
    row = Organization.objects.select_for_update(of=("self",), no_key=True).get(pk=organization.pk)
    changes = list_row_changes(row, {"requires_second_factor": is_required})
    if changes:
        row.requires_second_factor = is_required
        row.save(update_fields=["requires_second_factor"])
        kind, data = AccountEventKind.SECOND_FACTOR_RULE_CHANGED, {"is_required": is_required}
        record_event(kind, actor=actor, subject=row, counterpart=row, changes=changes, data=data)
    return row
