"""Queries for the vendor's page of SKUs: whose product each is."""

from django.db.models import QuerySet

from accounts.models import Organization, OrganizationKind
from entitlements.models import Sku, SkuPublisher
from partnerportal.lib.actors import Actor
from partnerportal.lib.errors import NotFound


def list_skus_with_publishers() -> QuerySet[Sku]:
    """Return all SKUs by service, each with its publisher in `publication`, if it has one. For vendor staff alone."""
    return Sku.objects.select_related("publication__publisher").order_by("service", "name", "pk")


def get_sku(code: str) -> Sku:
    """Return the SKU with a code. Raises NotFound."""
    sku = Sku.objects.filter(code=code.replace("\0", "")).first()
    if sku is None:
        raise NotFound("not_found", "")
    return sku


def get_publisher_of_sku(sku: Sku) -> Organization | None:
    """Return the publisher of a SKU, or None if it is the vendor's own. For vendor staff alone."""
    row = SkuPublisher.objects.filter(sku=sku).select_related("publisher").first()
    return row.publisher if row else None


def list_publishers(actor: Actor) -> QuerySet[Organization]:
    """Return all publishers that the actor sees, by name."""
    publishers = Organization.objects.visible_to(actor).filter(kind=OrganizationKind.PUBLISHER)
    return publishers.order_by("name_folded", "pk")
