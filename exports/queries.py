"""Queries over exports: the person's own, and whose rows a new one is to hold."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Organization
from accounts.queries.own_account import sees_customers
from connections.policies import require_shared_scope
from connections.queries import get_connected_customer
from exports.models import Export
from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.lists import ExportableList, ExportSubject
from partnerportal.lib.policies import authorize
from partnerportal.lib.visible_rows import get_by_public_id


def list_exports(actor: Actor) -> QuerySet[Export]:
    """Return the exports that the person has requested in the actor's organisation, unordered.

    Their customers are read in the same query.
    """
    return Export.objects.visible_to(actor).select_related("customer")


def list_stored_exports(actor: Actor) -> QuerySet[Export]:
    """Return the person's exports that have a file, had one or are to get one: all but the small ones, unordered."""
    return list_exports(actor).exclude(state=Export.State.SENT)


def get_export(actor: Actor, public_id: UUID) -> Export:
    """Return the export with this public id. Raises NotFound unless the acting person has requested it."""
    return get_by_public_id(list_exports(actor), public_id)


def find_exported_organization(
    actor: Actor, own_organization: Organization, exported_list: ExportableList, customer_id: UUID | None
) -> Organization | None:
    """Return the organisation whose data an export is to contain, or None for all customers of the actor.

    `exported_list` is the list, whose `subject` decides: it is `own_organization`, the actor's organisation, or the
    customer with the public id `customer_id`. Raises NotFound if the actor does not see this customer, and
    ActionRefused if the actor may not export the list or the customer does not share its contents.
    """
    is_of_all = exported_list.subject == ExportSubject.OWN_OR_ALL and sees_customers(actor)
    if exported_list.subject == ExportSubject.ALL or is_of_all:
        return None
    if exported_list.subject == ExportSubject.OWN_OR_ALL or customer_id is None:
        return own_organization
    authorize(actor, *exported_list.rule)
    found = get_connected_customer(actor, customer_id)
    require_shared_scope(found.scopes, exported_list.scope)
    return found.organization
