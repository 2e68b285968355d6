"""Which licences customers ask to be released: what the vendor's staff may know of it, which is not who holds them."""

from django.db import models

from accounts.models import Kind
from entitlements.models.entitlement import Sku
from partnerportal.lib.actors import Actor
from partnerportal.lib.scoping import TenantQuerySet


class LicenceReleaseQuerySet(TenantQuerySet):
    finds_keys_first = True  # the view is a security barrier

    def scope(self, actor: Actor) -> "LicenceReleaseQuerySet":
        return self.all() if actor.organization_kind == Kind.VENDOR else self.none()


class LicenceRelease(models.Model):
    """A view in the database (migrations/0003_policies.py): licences whose release is asked for, and those that were
    released for it, until they are given anew. It shows them to a tenant that is the vendor, and to nobody else; no
    column tells who holds them (CC-32)."""

    key = models.CharField(max_length=120)  # of the vendor's feed, by which its systems know the licence
    asked_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=200)  # who of the vendor's staff marked it; empty where the feed said it
    customer_name = models.CharField(max_length=200)
    org_id = models.CharField(max_length=8)
    country = models.CharField(max_length=2)
    sku = models.ForeignKey(Sku, models.DO_NOTHING, related_name="+")

    objects = LicenceReleaseQuerySet.as_manager()

    class Meta:
        managed = False
