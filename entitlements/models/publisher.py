"""The model of whose product a SKU is, where it is not the vendor's own."""

from django.db import models

from accounts.models import OrganizationKind
from entitlements.models.entitlement import Sku
from partnerportal.lib.actors import Actor
from partnerportal.lib.models import PublicIdModel
from partnerportal.lib.visible_rows import TenantQuerySet


class SkuPublisherQuerySet(TenantQuerySet):
    """A queryset of publishers of SKUs: a publisher sees which are its own, and the vendor's staff see all."""

    def rows_for(self, actor: Actor) -> "SkuPublisherQuerySet":
        if actor.organization_kind == OrganizationKind.VENDOR:
            return self.all()
        return self.filter(publisher=actor.organization_id)


class SkuPublisher(PublicIdModel):
    """The publisher of a SKU. A SKU without one is the vendor's own.

    It is a row of its own, because everybody reads SKUs, and whose product one is concerns its publisher alone.
    """

    sku = models.OneToOneField(Sku, models.CASCADE, related_name="publication")
    publisher = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")

    objects = SkuPublisherQuerySet.as_manager()

    def __str__(self) -> str:
        return self.sku.code
