"""Queries over exports: the person's own, and whose rows a new one is to hold."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Organization
from accounts.queries import sees_customers
from connections.policies import require_shared_scope
from connections.queries import get_customer
from exports.models import Export
from partnerportal.lib.actors import Actor
from partnerportal.lib.exports.lists import ExportList, ExportSubject
from partnerportal.lib.policies import authorize
from partnerportal.lib.visible_rows import by_public_id


def list_exports(actor: Actor) -> QuerySet[Export]:
    """Return the exports that the person has asked for in the actor's organisation, with their customers, unordered."""
    return Export.objects.visible_to(actor).select_related("customer")


def get_export(actor: Actor, public_id: UUID) -> Export:
    """Return an export that the acting person has asked for. Raises NotFound for any other export."""
    return by_public_id(list_exports(actor), public_id)


def find_exported_organization(
    actor: Actor, own: Organization, exported: ExportList, customer: UUID | None
) -> Organization | None:
    """Return the organisation whose rows of the list are exported, or None for the rows of all customers.

    The list's `subject` says whether that is the actor's organisation, `own`, or the customer with the public id
    `customer`. Raises NotFound for a customer out of reach, and Refused where the actor may not export the list, or the
    customer does not share what is in it.
    """
    is_of_all = exported.subject == ExportSubject.OWN_OR_ALL and sees_customers(actor)
    if exported.subject == ExportSubject.ALL or is_of_all:
        return None
    if exported.subject == ExportSubject.OWN_OR_ALL or customer is None:
        return own
    authorize(actor, *exported.rule)
    found = get_customer(actor, customer)
    require_shared_scope(found.scopes, exported.scope)
    return found.organization
