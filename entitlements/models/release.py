"""The model of licences that customers ask to be released, as far as the vendor's staff may know of them."""

from django.db import models

from accounts.models import OrganizationKind
from entitlements.models.entitlement import Sku
from partnerportal.lib.actors import Actor
from partnerportal.lib.visible_rows import TenantQuerySet


class LicenceReleaseQuerySet(TenantQuerySet):
    """A queryset of licence releases: the vendor sees all of them, and nobody else sees any."""

    finds_keys_first = True  # the view is a security barrier, behind which no page can follow an index

    def rows_for(self, actor: Actor) -> "LicenceReleaseQuerySet":
        """Return all licence releases for the vendor, and none for anybody else."""
        return self.all() if actor.organization_kind == OrganizationKind.VENDOR else self.none()


class LicenceRelease(models.Model):
    """A licence that a customer asks the vendor to release, or that was released and not assigned again since.

    The model is a view in the database (migrations/0003_policies.py), which shows the rows to a tenant that is the
    vendor, and to nobody else. No column tells who holds a licence (CC-32).
    """

    key = models.CharField(max_length=120)  # the licence's key in the vendor's feed, by which its systems know it
    asked_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=200)  # the name of the staff who marked it; empty where the feed said it
    customer_name = models.CharField(max_length=200)
    org_id = models.CharField(max_length=8)
    country = models.CharField(max_length=2)
    sku = models.ForeignKey(Sku, models.DO_NOTHING, related_name="+")

    objects = LicenceReleaseQuerySet.as_manager()

    class Meta:
        managed = False
