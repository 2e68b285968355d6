"""Queries over one’s own organisation: its domains, and what it sees by its kind."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import (
    Organization,
    OrganizationDomain,
    OrganizationKind,
    ProgramFeature,
)
from partnerportal.lib.actors import Actor
from partnerportal.lib.visible_rows import get_by_public_id


def list_own_domains(actor: Actor) -> QuerySet[OrganizationDomain]:
    """Return the domains of the actor's organisation, by name."""
    return OrganizationDomain.objects.visible_to(actor).of_organization(actor.organization_id).order_by("name")


def get_own_domain(actor: Actor, public_id: UUID) -> OrganizationDomain:
    """Return a domain of the actor's organisation. Raises NotFound for an unknown one, and for one of another."""
    return get_by_public_id(list_own_domains(actor), public_id)


def sees_customers(actor: Actor) -> bool:
    """Return whether the actor's organisation sees what customers share with it.

    Any other sees only its own data.
    """
    return ProgramFeature.CUSTOMER_DASHBOARD in actor.features


def is_customer(actor: Actor) -> bool:
    """Return whether the actor's organisation is a customer, which has services of its own."""
    return actor.organization_kind == OrganizationKind.CUSTOMER


def list_vendor_organization_ids() -> list[int]:
    """Return the primary keys of the vendor's organisations, whose people are told what customers ask of the vendor.

    Only the system sees all of these organisations.
    """
    return list(Organization.objects.filter(kind=OrganizationKind.VENDOR).order_by("pk").values_list("pk", flat=True))
